"""Where the pictures of a page lie: inside it, or beside it when it would grow too large."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from vg_mc.reports.page import embedded
from vg_mc.whole_files import whole_file, write_whole_text

LARGEST_PAGE = 20_000_000  # characters, which are bytes nearly everywhere

AddressOf = Callable[[bytes], str]  # a JPEG file in, where a page finds it out
Render = Callable[[AddressOf], str]


def write_page(render: Render, file: Path, largest: int = LARGEST_PAGE) -> None:
    """Write a page, its pictures inside, or in a folder beside it where it would be too large.

    Args:
        render: Makes the page; what it is given says where a picture lies.
        file: The page to write; the folder is called like it, with ``-files`` behind.
        largest: Up to so many characters pictures are inside.
    """
    folder, kept = file.with_name(f"{file.stem}-files"), set[str]()

    def beside(picture: bytes) -> str:
        name = f"{sha256(picture).hexdigest()[:24]}.jpg"
        if name not in kept:
            with whole_file(folder / name) as partial:
                partial.write_bytes(picture)
        kept.add(name)
        return f"{folder.name}/{name}"

    text = render(inside)
    if len(text) > largest:
        text = render(beside)
    write_whole_text(file, text)
    _clear(folder, kept)


def inside(picture: bytes) -> str:
    """Return the address of a JPEG file that the page holds itself."""
    return embedded(picture, "jpeg")


def _clear(folder: Path, kept: set[str]) -> None:
    """Remove pictures that only an earlier page of this name showed."""
    for path in folder.glob("*.jpg"):
        if path.name not in kept:
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
