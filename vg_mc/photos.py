"""Opening photos: one convention for pixels, and an error that names the file.

Raw pixels as stored, EXIF rotation ignored: COCO's boxes are drawn on those. The decoded size must
be the announced one, or boxes and pixels would silently disagree.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from vg_mc.faults import BadInputError
from vg_mc.records import Photo

LARGEST_PHOTO = 50_000_000  # pixels; a larger one is an error or a decompression bomb
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]


def locate(folder: Path, photo: Photo) -> Path:
    """Return the path of a photo, which must lie inside `folder` once all links are followed."""
    path = (folder / photo.file_name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadInputError(
            f"the name leads outside the images folder {folder}",
            file=photo.file_name,
            record=f"image {photo.image_id}",
        )
    return path


def open_photo(folder: Path, photo: Photo) -> Image.Image:
    """Decode a photo as RGB.

    Raises:
        BadInputError: If it is missing, not an image, damaged, too large, or of another size than
            the annotations say.
    """
    path = locate(folder, photo)
    record = f"image {photo.image_id}"
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_size(image.size, photo, path)
            return _as_rgb(image)
    except BadInputError:
        raise
    except FileNotFoundError as error:
        raise BadInputError("the photo is missing", file=path, record=record) from error
    except Exception as error:  # Pillow raises a dozen classes on damaged files
        problem = f"not a readable photo ({error}); is it a download error page or cut short?"
        raise BadInputError(problem, file=path, record=record) from error


def _check_size(size: tuple[int, int], photo: Photo, path: Path) -> None:
    if size[0] * size[1] > LARGEST_PHOTO:
        problem = f"{size[0]} x {size[1]} pixels are more than the allowed {LARGEST_PHOTO:,}"
        raise BadInputError(problem, file=path, record=f"image {photo.image_id}")
    if size != (photo.width, photo.height):
        announced = f"{photo.width} x {photo.height}"
        problem = f"the photo has {size[0]} x {size[1]} pixels, the annotations say {announced}"
        raise BadInputError(problem, file=path, record=f"image {photo.image_id}")


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        image.load()
        return image
    if image.mode.startswith("I"):  # 16 bits: Pillow's own conversion clips nearly all to white
        values = np.asarray(image, dtype=np.float64) / 257
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        backdrop = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(backdrop, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")
