"""Which photos flat files speak of: their numbers and sizes, each looked up once."""

from collections.abc import Callable, Iterable
from pathlib import Path

from vg_mc.corpora.expression_records import Statement
from vg_mc.errors import BadInputError
from vg_mc.images.coco_names import coco_number
from vg_mc.images.files import require_photos
from vg_mc.images.headers import header_of_file
from vg_mc.records import Photo


def number_images(statements: Iterable[Statement]) -> dict[str, int]:
    """Give every file name a number: its own, COCO's where all names are COCO's, or the next."""
    own: dict[str, int | None] = {}
    for statement in statements:
        if own.get(statement.file_name) is None:
            own[statement.file_name] = statement.image_id
    if not any(number is not None for number in own.values()):
        own = {name: coco_number(name) for name in own}
        if None in own.values():
            own = dict.fromkeys(own)
    following = counter(own.values())
    return {name: following() if number is None else number for name, number in own.items()}


def made_up_ids(statements: Iterable[Statement], image_ids: dict[str, int]) -> frozenset[int]:
    """Return the numbers of `number_images` that neither a statement nor COCO has given."""
    given = {(statement.file_name, statement.image_id) for statement in statements}
    return frozenset(
        number
        for name, number in image_ids.items()
        if (name, number) not in given and number != coco_number(name)
    )


def counter(taken: Iterable[int | None]) -> Callable[[], int]:
    """Return a function that counts on behind the largest number that is taken."""
    last = max((number for number in taken if number is not None), default=0)
    numbers = iter(range(max(last, 0) + 1, 2**63))
    return lambda: next(numbers)


class PhotoRegister:
    """The photos of a corpus, each looked up once: in the statement, the candidates, or its file.

    Attributes:
        found: The usable ones, by number.
    """

    def __init__(
        self, folder: Path, image_ids: dict[str, int], announced: dict[int, Photo]
    ) -> None:
        self.found: dict[int, Photo] = {}
        self._folder = folder
        self._image_ids = image_ids
        self._announced = announced
        self._faults: dict[int, BadInputError] = {}

    def require_unmeasured(self, statements: list[Statement]) -> None:
        """Report all missing photos at once, where sizes will have to be read from files."""
        unmeasured = {
            statement.file_name: Photo(
                self._image_ids[statement.file_name], statement.file_name, 0, 0
            )
            for statement in statements
            if statement.size is None
            and self._image_ids[statement.file_name] not in self._announced
        }
        require_photos(self._folder, unmeasured.values())

    def of(self, statement: Statement) -> Photo:
        """Return the photo of a statement.

        Raises:
            BadInputError: If it is unusable, or an earlier statement says something else of it.
        """
        image_id = self._image_ids[statement.file_name]
        if statement.image_id not in (None, image_id):
            problem = f"expected {statement.file_name} to be image {image_id} as before"
            raise BadInputError(f"{problem}, not {statement.image_id}")
        photo = self.found.get(image_id) or self._look_up(image_id, statement)
        if photo.file_name != statement.file_name:
            problem = f"expected image {image_id} to be {photo.file_name} as before"
            raise BadInputError(f"{problem}, not {statement.file_name}")
        if statement.size not in (None, (photo.width, photo.height)):
            size = f"{photo.width} x {photo.height}"
            raise BadInputError(f"expected the photo to have {size} pixels, not {statement.size}")
        return photo

    def _look_up(self, image_id: int, statement: Statement) -> Photo:
        if image_id in self._faults:
            raise self._faults[image_id]
        try:
            width, height = self._size(image_id, statement)
        except BadInputError as fault:
            self._faults[image_id] = fault
            raise
        self.found[image_id] = Photo(image_id, statement.file_name, width, height)
        return self.found[image_id]

    def _size(self, image_id: int, statement: Statement) -> tuple[int, int]:
        if image_id in self._announced:
            return self._announced[image_id].width, self._announced[image_id].height
        if statement.size is not None:
            return statement.size
        return header_of_file(self._folder, statement.file_name)[:2]
