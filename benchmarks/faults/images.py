"""Cases with a bad image: one of two images, with two expressions, has the fault."""

import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.faults.case import Case, Outcome, Promise, Reading
from benchmarks.faults.forms import FORMS, PHOTOS, SIZE, Row, good_rows, photo_bytes, reading
from vg_mc.corpora.readers import CorpusSource, read_corpus
from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo
from vg_mc.images.markers import CLIP_REFCOCO
from vg_mc.prepared.build.run import prepare
from vg_mc.prepared.build.settings import Drawing, PreparationSettings
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.records import Rejected

SPOILT = 25
RGB = tuple[int, int, int]
GREY = (120, 120, 120)  # unchanged by JPEG compression


class PhotoFault(NamedTuple):
    """The bytes of an image file, or None if it is missing, and the specified behaviour."""

    fault: str
    content: bytes | None
    promise: Promise = "named"
    says: str = "damaged image|expected one of"
    becomes: RGB | None = None


def _saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _plain(mode: str, color: float | tuple[int, ...], kind: str = "PNG") -> bytes:
    return _saved(Image.new(mode, SIZE, color), kind)


def _noise() -> bytes:
    values = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    return _saved(Image.fromarray(values), "JPEG")


def _sixteen_bits(value: int) -> bytes:
    return _saved(Image.fromarray(np.full((SIZE[1], SIZE[0]), value, np.uint16)))


def _turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(Image.new("RGB", SIZE, GREY), "JPEG", exif=exif.tobytes(), quality=95)


def _palette(transparency: int | None = None) -> bytes:
    image = Image.new("P", SIZE, 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    return _saved(image) if transparency is None else _saved(image, transparency=transparency)


def _animated(kind: str) -> bytes:
    frames = [Image.new("RGB", SIZE, color) for color in ((200, 0, 0), (0, 0, 200))]
    return _saved(frames[0], kind, save_all=True, append_images=frames[1:])


def _png_of(width: int, height: int) -> bytes:
    """Return a PNG file with the given size in its header and almost no data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + data + chunk(b"IEND", b"")


def _bomb() -> bytes:
    """Return a valid PNG file of 60 million pixels in 8 kB."""
    return _saved(Image.new("1", (10_000, 6_000)), optimize=True)


NOISE = _noise()
WRONG_SIZE = "96 x 64 in the annotations"
TOO_LARGE = "exceed the maximum|expected at most"
PNG = _plain("RGB", GREY)

FAULTS = [
    PhotoFault("missing", None, says="missing"),
    PhotoFault("empty", b"", says="empty"),
    PhotoFault("an error page", b"<!DOCTYPE html><html>404</html>", says="error page"),
    PhotoFault("a text", b"not a photo", says="expected one of"),
    PhotoFault("zeros", bytes(1000), says="expected one of"),
    PhotoFault("a PDF", b"%PDF-1.4\n%....", says="expected one of"),
    PhotoFault("an SVG", b'<svg xmlns="http://www.w3.org/2000/svg"/>', says="expected one of"),
    PhotoFault("a TIFF", _plain("RGB", (1, 2, 3), "TIFF"), "accepted", becomes=(1, 2, 3)),
    PhotoFault("a PPM", _plain("RGB", (1, 2, 3), "PPM"), says="expected one of"),
    PhotoFault("an EPS, which would start a program", _plain("RGB", (1, 2, 3), "EPS"),
               says="expected one of"),
    PhotoFault("JPEG: half", NOISE[: len(NOISE) // 2]),
    PhotoFault("JPEG: without its last 8 bytes", NOISE[:-8]),
    PhotoFault("JPEG: its first 20 bytes", NOISE[:20]),
    PhotoFault("JPEG: only its mark", b"\xff\xd8\xff"),
    PhotoFault("PNG: half", PNG[: len(PNG) // 2]),
    PhotoFault("PNG: only its mark", b"\x89PNG\r\n\x1a\n"),
    PhotoFault("PNG: a wrong checksum", PNG[:45] + bytes([PNG[45] ^ 255]) + PNG[46:]),
    PhotoFault("PNG: no data", PNG[:33]),
    PhotoFault("GIF: half", (gif := _plain("L", 9, "GIF"))[: len(gif) // 2]),
    PhotoFault("WebP: half", (webp := _plain("RGB", (1, 2, 3), "WEBP"))[: len(webp) // 2]),
    PhotoFault("BMP: half", (bmp := _plain("RGB", (1, 2, 3), "BMP"))[: len(bmp) // 2]),
    PhotoFault("TIFF: half", (tiff := _plain("RGB", (1, 2, 3), "TIFF"))[: len(tiff) // 2]),
    PhotoFault("AVIF: half", (avif := _plain("RGB", (1, 2, 3), "AVIF"))[: len(avif) // 2]),
    PhotoFault("JPEG 2000: half", (jp2 := _plain("RGB", (1, 2, 3), "JPEG2000"))[: len(jp2) // 2]),
    PhotoFault("TIFF of floats", _plain("F", 0.5, "TIFF"), says="floats"),
    PhotoFault("an AppleDouble file", b"\0\5\x16\7\0\2\0\0Mac OS X", says="AppleDouble"),
    PhotoFault("a HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", says="HEIC"),
    PhotoFault("turned: 64 x 96", _saved(Image.new("RGB", SIZE[::-1])), says=WRONG_SIZE),
    PhotoFault("1 x 1", _saved(Image.new("RGB", (1, 1))), says=WRONG_SIZE),
    PhotoFault("a thumbnail", _saved(Image.new("RGB", (48, 32))), says=WRONG_SIZE),
    PhotoFault("a pixel wider", _saved(Image.new("RGB", (97, 64))), says=WRONG_SIZE),
    PhotoFault("a bomb of 60 million pixels", _bomb(), says=TOO_LARGE),
    PhotoFault("a header of 2 billion pixels", _png_of(50_000, 40_000), says=TOO_LARGE),
    PhotoFault("a header of 2^31 x 2^31", _png_of(2**31 - 1, 2**31 - 1),
               says=f"{TOO_LARGE}|damaged|one of"),
    PhotoFault("a header of 0 x 0", _png_of(0, 0), says="damaged|one of|but 96"),
    PhotoFault("PNG named .jpg", PNG, "accepted", becomes=GREY),
    PhotoFault("WebP named .jpg", _plain("RGB", GREY, "WEBP"), "accepted"),
    PhotoFault("BMP named .jpg", _plain("RGB", GREY, "BMP"), "accepted",
               becomes=GREY),
    PhotoFault("8-bit grey: RGB", _plain("L", 77), "accepted", becomes=(77, 77, 77)),
    PhotoFault("1 bit: RGB", _plain("1", 1), "accepted", becomes=(255, 255, 255)),
    PhotoFault("16-bit grey: scaled to 8", _sixteen_bits(100 * 257), "accepted",
               becomes=(100, 100, 100)),
    PhotoFault("16-bit white", _sixteen_bits(65535), "accepted", becomes=(255, 255, 255)),
    PhotoFault("16-bit, nearly black", _sixteen_bits(300), "accepted", becomes=(1, 1, 1)),
    PhotoFault("clear: white", _plain("RGBA", (200, 0, 0, 0)), "accepted", becomes=(255, 255, 255)),
    PhotoFault("half clear: mixed with white", _plain("RGBA", (200, 0, 0, 128)), "accepted",
               becomes=(227, 127, 127)),
    PhotoFault("grey with alpha", _plain("LA", (50, 0)), "accepted", becomes=(255, 255, 255)),
    PhotoFault("palette", _palette(), "accepted", becomes=(10, 200, 30)),
    PhotoFault("palette with a clear colour", _palette(1), "accepted", becomes=(255, 255, 255)),
    PhotoFault("CMYK", _plain("CMYK", (0, 0, 0, 255), "JPEG"), "accepted", becomes=(0, 0, 0)),
    PhotoFault("animated GIF: its first frame", _animated("GIF"), "accepted", becomes=(200, 0, 0)),
    PhotoFault("animated PNG: its first frame", _animated("PNG"), "accepted", becomes=(200, 0, 0)),
    PhotoFault("animated WebP: its first frame", _animated("WEBP"), "accepted"),
    *(
        PhotoFault(f"EXIF orientation {orientation}: as stored", _turned(orientation), "accepted",
                   becomes=GREY)
        for orientation in range(1, 9)
    ),
    PhotoFault("EXIF of nonsense: ignored", _saved(Image.new("RGB", SIZE, GREY), "JPEG",
               exif=b"Exif\0\0nonsense", quality=95), "accepted", becomes=GREY),
    PhotoFault("bytes behind the end: ignored", photo_bytes() + b"<script>", "accepted",
               becomes=GREY),
]  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield a case for every fault."""
    for fault in FAULTS:
        yield Case(
            "images", "photo", fault.fault, fault.promise, partial(_write, fault.content),
            fault.says, fault.becomes,
        )  # fmt: skip
    special: list[tuple[str, Callable[[Path], None], str]] = [
        ("a folder", Path.mkdir, "missing|not a readable file"),
        (
            "a link that leads out",
            lambda path: path.symlink_to("/etc/hostname"),
            "a link that leads out",
        ),
        (
            "a link to itself",
            lambda path: path.symlink_to(path.name),
            "inside the image folder|missing",
        ),
        ("a link to nothing", lambda path: path.symlink_to("gone.jpg"), "missing"),
    ]
    for name, make, says in special:
        yield Case("images", "photo", name, "named", partial(_write_special, make), says)


def _write(content: bytes | None, folder: Path) -> Reading:
    return _prepared(folder, lambda path: None if content is None else _put(path, content))


def _write_special(make: Callable[[Path], None], folder: Path) -> Reading:
    return _prepared(folder, make)


def _put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _prepared(folder: Path, make: Callable[[Path], None]) -> Reading:
    rows: list[Row] = good_rows()
    reading(FORMS["refer"], folder, rows)
    photo = folder / "images" / PHOTOS[SPOILT]
    photo.unlink()
    make(photo)
    return partial(_outcome, folder, len(rows))


def _outcome(folder: Path, total: int, skip_bad: bool) -> Outcome:
    source = CorpusSource("refer", folder, folder / "images", folder / "extracted")
    corpus, _ = read_corpus(source)
    annotations = ProposerChoice("annotations")
    settings = PreparationSettings(
        drawing=Drawing({"clip-refcoco": CLIP_REFCOCO}, image_size=24, fit="squash"),
        train_proposer=annotations,
        proposer=annotations,
        splits=("val",),
        skip_bad=skip_bad,
    )
    manifest = prepare(corpus, settings, folder / "prepared", num_workers=1)
    accepted = int(manifest["counts"]["val"]["expressions"])
    lines = (folder / "prepared" / "rejected.jsonl").read_text().splitlines()
    rejected = [Rejected(**json.loads(line)) for line in lines]
    try:
        image = open_photo(corpus.images_folder, corpus.photos[SPOILT])
    except BadInputError:
        return Outcome(accepted, rejected, total, set())
    return Outcome(accepted, rejected, total, {image.getpixel((30, 30))})
