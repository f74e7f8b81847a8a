"""Program of test_captions.py: two processes caption 11 candidates together."""

import json
import sys
from pathlib import Path

import numpy as np
from accelerate import Accelerator

from vg_mc.models import captioner
from vg_mc.models.features.cache import caption_cache
from vg_mc.models.features.captions import Captions
from vg_mc.prepared.dataset import open_prepared

CANDIDATES = np.arange(11)


def main(data: Path, model: str, home: Path) -> None:
    """Write the captions that this process gets, and cache them."""
    captioner.MOST_TOKENS = 5
    accelerator = Accelerator(cpu=True)
    captions = Captions(
        accelerator=accelerator,
        captioner=captioner.load_captioner(model),
        batch_size=2,
        num_workers=0,
        view="marker",
        cache=caption_cache(home, model_hash="model", data_hash="data", view="marker"),
        window=6,
    )
    said = [captions(open_prepared(data), ids) for ids in (CANDIDATES[:1], CANDIDATES)]
    (home / f"said-{accelerator.process_index}.json").write_text(json.dumps(said))
    accelerator.end_training()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
