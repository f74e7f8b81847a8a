"""Images with detections that tests make up."""

from vg_mc.corpora.pseudo_labels.labels import DetectedImage, DetectedObject
from vg_mc.records import Photo

WIDTH, HEIGHT = 640, 480


def detected(name, box, attribute=None, score=0.9, caption=None):
    return DetectedObject(tuple(map(float, box)), score, name, attribute, caption)


def image_of(*objects, captions=(), image_id=7):
    return DetectedImage(Photo(image_id, "a.jpg", WIDTH, HEIGHT), objects, captions)
