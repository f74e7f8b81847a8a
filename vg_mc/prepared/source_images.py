"""Images of a prepared dataset by their ids: source images of a folder, or stored whole images."""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo, require_folder
from vg_mc.prepared.dataset import PreparedDataset

ImageOf = Callable[[int], Image.Image]


def images_of(dataset: PreparedDataset, folder: Path | None) -> ImageOf:
    """Return a function that opens an RGB image by its id.

    Args:
        dataset: Provides file names, and stored whole images if there is no folder.
        folder: Folder of the source images; None to use stored whole images, which may be smaller.

    Raises:
        BadInputError: If the folder does not exist, or there is neither.
    """
    photos = dataset.photos()
    if folder is not None:
        images = dataset.image_folder(folder)
        require_folder(images)
        return lambda image_id: open_photo(images, photos[image_id])
    if dataset.whole_images is None:
        problem = "the dataset stores no whole images; set the folder of the source images"
        raise BadInputError(problem, file=dataset.folder, record="--images")
    return lambda image_id: dataset.image(photos[image_id])
