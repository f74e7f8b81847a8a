"""Estimate of whether a detector was trained on the images that it is evaluated on.

All images of RefCOCO, RefCOCO+ and RefCOCOg, including the test splits, are from COCO's train2014,
so every detector that was trained on all of COCO has seen them with their boxes. MAttNet excluded
them from the training of its detector (https://github.com/lichengunc/MAttNet). A file of detections
does not state its training data, so the estimate uses the names of categories and images, and the
name of the corpus: mirrors of RefCOCO that name images by their content have no names of COCO.
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

REFCOCO = "refcoco"  # in the names of RefCOCO, RefCOCO+ and RefCOCOg, and of their mirrors


class Exposure(StrEnum):
    """Probability that a detector was trained on the evaluated images."""

    NONE = "no detector on COCO images"
    LIKELY = "has COCO's categories, so it was most likely trained on these images"
    UNKNOWN = "has no category names, so it may have been trained on these images"
    UNLIKELY = "has categories other than COCO's, so it was not trained on COCO alone"


def exposure(dataset: PreparedDataset) -> Exposure:
    """Estimate the exposure of the evaluation splits' detector from category and file names."""
    proposer = ProposerDescription.read(dataset.manifest["settings"]["proposer"])
    evaluated = [split for split in dataset.splits if split != TRAIN_SPLIT]
    photos = dataset.photos().values()
    named_so = REFCOCO in str(dataset.manifest["corpus"]).lower()
    of_coco = named_so or any(coco_name(photo.file_name) for photo in photos)
    if not proposer.trained or not evaluated or not of_coco:
        return Exposure.NONE
    categories = dataset.detected_categories() - {""}
    if not categories:
        return Exposure.UNKNOWN
    return Exposure.LIKELY if categories <= COCO_CATEGORIES else Exposure.UNLIKELY
