"""Has the detector seen the photos that it is judged on?

All photos of RefCOCO, RefCOCO+ and RefCOCOg, those of the test splits too, are from COCO's
train2014, so every detector that was trained on the whole of COCO has seen them with their boxes.
MAttNet trained its own without them, to be fair (https://github.com/lichengunc/MAttNet). A file of
boxes does not say what its detector was trained on, but the names of its categories and of the
photos tell a good deal.
"""

from enum import StrEnum

from vg_mc.images.coco_names import coco_name
from vg_mc.prepared.dataset import PreparedDataset
from vg_mc.proposers.description import ProposerDescription
from vg_mc.records import TRAIN_SPLIT

_NAMES = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,"
    "stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,"
    "backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,"
    "baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,"
    "fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,"
    "cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,"
    "cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,"
    "hair drier,toothbrush"
)
COCO_CATEGORIES = frozenset(_NAMES.split(","))


class Exposure(StrEnum):
    """What is to be feared of a detector."""

    NONE = "no detector on photos of COCO"
    LIKELY = "has COCO's categories, so it has most likely seen these photos in training"
    UNKNOWN = "does not name its categories, so it may have seen these photos in training"
    UNLIKELY = "has categories of its own, so it was not trained on COCO alone"


def exposure(dataset: PreparedDataset) -> Exposure:
    """Judge the detector of the evaluation splits by its categories and by the photos."""
    proposer = ProposerDescription.read(dataset.manifest["settings"]["proposer"])
    evaluated = [split for split in dataset.splits if split != TRAIN_SPLIT]
    photos = dataset.photos().values()
    of_coco = any(coco_name(photo.file_name) for photo in photos)
    if not proposer.trained or not evaluated or not of_coco:
        return Exposure.NONE
    categories = dataset.detected_categories() - {""}
    if not categories:
        return Exposure.UNKNOWN
    return Exposure.LIKELY if categories <= COCO_CATEGORIES else Exposure.UNLIKELY
