"""Draw docs/images/views.jpg, every view of one region of a drawn scene.

Run from the root of the repository: PYTHONPATH=. python docs/images/views.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageDraw

from vg_mc.boxes.arithmetic import areas, as_boxes
from vg_mc.corpora.refer import read_refer
from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.images import VIEWS, draw_views
from vg_mc.images.files import open_photo
from vg_mc.records import XYXY, ImageFolder

SIDE, LABEL, COLUMNS = 160, 16, 5
LARGE = 6000  # square pixels of a region, in scenes of 400 pixels
OUTPUT = Path(__file__).with_suffix(".jpg")


def elongation(box: XYXY) -> float:
    """Return how many times as long as short a box is."""
    left, top, right, bottom = box
    return max((right - left) / (bottom - top), (bottom - top) / (right - left))


def main() -> None:
    """Draw the region that is least square among the large ones of some scenes."""
    with TemporaryDirectory() as folder:
        write_scenes(Path(folder), train=60, evaluation=1, size=400, seed=0, num_workers=1)
        corpus = read_refer(
            Path(folder), "scenes", ImageFolder(Path(folder) / "images"), skip_bad=False
        )
        image_id, box = max(
            (
                (image_id, found.box)
                for image_id, regions in corpus.annotations.items()
                for found in regions
                if areas(as_boxes([found.box]))[0] > LARGE
            ),
            key=lambda one: elongation(one[1]),
        )
        photo = open_photo(corpus.images_folder, corpus.photos[image_id])
    (pictures,) = draw_views(photo, as_boxes([box]), list(VIEWS.values()), SIDE, "squash")
    rows = -(-len(VIEWS) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * SIDE, rows * (SIDE + LABEL)), "white")
    for place, (name, picture) in enumerate(zip(VIEWS, pictures, strict=True)):
        left, top = place % COLUMNS * SIDE, place // COLUMNS * (SIDE + LABEL)
        sheet.paste(picture.resize((SIDE - 6, SIDE - 6)), (left + 3, top + LABEL))
        ImageDraw.Draw(sheet).text((left + 4, top + 2), name, fill="black")
    sheet.save(OUTPUT, quality=88)


if __name__ == "__main__":
    main()
