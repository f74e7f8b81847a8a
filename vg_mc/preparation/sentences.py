"""What a detector that reads is asked about a photo: every sentence that shares its candidates."""

from collections import defaultdict

from vg_mc.preparation.settings import PreparationSettings, ProposerChoice
from vg_mc.records import Corpus


def sentences_asked(
    corpus: Corpus, settings: PreparationSettings
) -> dict[ProposerChoice, dict[int, tuple[str, ...]]]:
    """Return the distinct sentences about each photo by proposer and image id, in their order.

    A photo is drawn once for each proposer, whichever of its splits it is in, so that all of them
    ask; those of a split with another proposer do not.
    """
    said: dict[ProposerChoice, dict[int, dict[str, None]]] = {
        proposer: defaultdict(dict) for proposer in (settings.train_proposer, settings.proposer)
    }
    for one in corpus.expressions:
        if one.split in settings.splits:
            said[settings.proposer_of(one.split)][one.image_id][one.text] = None
    return {
        proposer: {image_id: tuple(texts) for image_id, texts in of_photos.items()}
        for proposer, of_photos in said.items()
    }
