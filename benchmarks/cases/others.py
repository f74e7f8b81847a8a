"""Images, models and prepared datasets of others: everything but boxes."""

import io
import json
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.cases.boxes import prepare
from benchmarks.cases.case import Case
from benchmarks.cases.detections import predict
from vg_mc.commands import audit, finetune

ARCHITECTURE = "small-clip"
FILES_OF_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt",
                      "special_tokens_map.json", "preprocessor_config.json")  # fmt: skip
LONG_TEXT = "word " * 150  # 152 tokens with those of the start and the end
SHARED_WITH_VAL = "in both: 2 images, 6 expressions; 0 fair images"


def cases() -> Iterator[Case]:
    """Yield all cases."""
    command = "vg_mc predict images 'the red box' --proposer grid"
    yield Case("apple-double", command, _folder_of_images, "p0.jpg, p1.jpg; noted: 3 hidden files")
    yield Case("sixteen-bit-in-memory", "Grounder", _in_memory, "same as from the file: 3 of 3")
    for train, flags in (
        ("train.csv", "--corpus table --annotations {}/train.csv --images {}/other"),
        ("kangheng", "--corpus hub --annotations {}/kangheng"),
    ):
        command = f"vg_mc audit TRAIN VAL ({train} and val.csv)"
        find = partial(_audited, flags.split())
        yield Case("same-photos-two-names", command, find, SHARED_WITH_VAL)
    command = "load_encoder: a text alone and beside a longer one"
    yield Case("clip-left-padding", command, _padding, "cosine right 1.0000, left 1.0000")
    command = "load_encoder: tokens kept of 152"
    yield Case("longclip-tokenizer-77", command, _long_texts, "77: 152, 248: 152")
    command = "load_encoder open_clip:ARCHITECTURE/epoch_1.pt and /plain.pt"
    yield Case("open-clip-local-checkpoint", command, _checkpoints, "features as open_clip: 2 of 2")
    command = "finetune.py --model lora"
    yield Case("peft-adapter-folder", command, _adapter, "1 epoch")


def _folder_of_images(folder: Path, scratch: Path) -> str:
    flags = ["--grounder", "random", "--output", str(scratch), "--proposer", "grid"]
    with redirect_stderr(io.StringIO()) as printed:
        predict([str(folder / "images"), "the red box", *flags])
    lines = (scratch / "answers.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = ", ".join(line.partition(",")[0] for line in lines)
    noted = re.search(r"\d+ hidden files", printed.getvalue())
    return f"{names}; noted: {noted[0] if noted else 'nothing'}"


def _in_memory(folder: Path, _: Path) -> str:
    from vg_mc.images.markers import CLIP_REFCOCO
    from vg_mc.inference.in_memory import asked
    from vg_mc.inference.queries import Question
    from vg_mc.prepared.build.settings import Drawing
    from vg_mc.proposers.choice import ProposerChoice

    drawing = Drawing({"marker": CLIP_REFCOCO}, image_size=64, fit="squash")
    same = []
    for file in sorted((folder / "images").iterdir()):
        with Image.open(file) as image:
            images: list[Path | Image.Image] = [file, image]
            questions = [Question(one, ("it",), [(1, 1, 9, 9)]) for one in images]
            drawn = asked(questions, drawing, ProposerChoice("given")).dataset
            first, second = drawn.picture_bytes(np.arange(2))
            same.append(first == second)
    return f"same as from the file: {sum(same)} of {len(same)}"


def _audited(flags: list[str], folder: Path, scratch: Path) -> str:
    none = ["--proposer", "none", "--train-proposer", "none", "--box-format", "xyxy"]
    val = ["--corpus", "table", "--annotations", "{}/val.csv", "--images", "{}/images"]
    datasets = [
        prepare(folder, scratch / name, [*own, *none])
        for name, own in (("train", flags), ("val", val))
    ]
    audit.main([*(str(dataset.folder) for dataset in datasets), "--output", str(scratch)])
    found = json.loads((scratch / "audit.json").read_text(encoding="utf-8"))
    both = [f"{one['photos']} images, {one['expressions']} expressions" for one in found["shared"]]
    return f"in both: {', '.join(both) or 'nothing'}; {len(found['fair_photos'])} fair images"


def _made(folder: Path) -> Any:  # noqa: ANN401 - a module beside the folder
    """Import the maker of small CLIP models that lies beside the folders of cases."""
    sys.path.insert(0, str(folder.parent))
    try:
        return import_module("clip_tiny")
    finally:
        sys.path.remove(str(folder.parent))


def _padding(folder: Path, scratch: Path) -> str:
    from vg_mc.models.loading import load_encoder

    found = []
    for side in ("right", "left"):
        model = load_encoder(str(_made(folder).write_clip(scratch / side, padding_side=side)))
        texts = ["man"], ["man", "the man in the red shirt on the left"]
        alone, beside = (model.encode_texts(model.tokenize(each))[0] for each in texts)
        found.append(f"{side} {float(alone @ beside):.4f}")
    return f"cosine {', '.join(found)}"


def _long_texts(folder: Path, scratch: Path) -> str:
    from vg_mc.models.loading import load_encoder

    kept = {}
    for limit in (77, 248):
        path = scratch / str(limit)
        made = _made(folder).write_clip(path, positions=248, tokenizer_limit=limit)
        kept[limit] = load_encoder(str(made)).tokenize([LONG_TEXT]).token_ids.shape[1]
    return ", ".join(f"{limit}: {tokens}" for limit, tokens in kept.items())


def _checkpoints(_: Path, scratch: Path) -> str:
    import open_clip
    import torch

    from vg_mc.models.loading import load_encoder

    side = {"layers": 2, "width": 64}
    config = {
        "embed_dim": 32,
        "vision_cfg": {**side, "image_size": 64, "head_width": 16, "patch_size": 16},
        "text_cfg": {**side, "context_length": 77, "vocab_size": 49408, "heads": 4},
    }
    (scratch / f"{ARCHITECTURE}.json").write_text(json.dumps(config))
    open_clip.add_model_config(scratch)
    model = open_clip.create_model(ARCHITECTURE).eval()
    weights = model.state_dict()
    wrapped = {f"module.{name}": value for name, value in weights.items()}
    torch.save({"epoch": 1, "name": "run", "state_dict": wrapped}, scratch / "epoch_1.pt")
    torch.save(weights, scratch / "plain.pt")
    tokens = open_clip.get_tokenizer(ARCHITECTURE)(["the red box"])
    expected = model.encode_text(tokens, normalize=True)
    same = 0
    for file in ("epoch_1.pt", "plain.pt"):
        loaded = load_encoder(f"open_clip:{ARCHITECTURE}/{scratch / file}")
        found = loaded.encode_texts(loaded.tokenize(["the red box"]))
        same += torch.allclose(found, expected, atol=1e-5)
    return f"features as open_clip: {same} of 2"


def _adapter(folder: Path, scratch: Path) -> str:
    from peft import LoraConfig, get_peft_model
    from transformers import CLIPModel

    base = _made(folder).write_clip(scratch / "base")
    options = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    get_peft_model(CLIPModel.from_pretrained(base), options).save_pretrained(str(scratch / "lora"))
    for name in FILES_OF_TOKENIZER:
        if (base / name).exists():
            shutil.copy(base / name, scratch / "lora")
    boxes = folder.parent / "coco-annotator-extras"
    flags = ["--corpus", "table", "--annotations", "{}/coco.json", "--image-size", "64"]
    dataset = prepare(boxes, scratch, flags)
    finetune.main(
        ["--dataset", str(dataset.folder), "--model", str(scratch / "lora"), "--epochs", "1",
         "--num-workers", "0", "--output", str(scratch / "run")]
    )  # fmt: skip
    return "1 epoch" if (scratch / "run" / "best").is_dir() else "no model"
