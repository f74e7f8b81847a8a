"""The image formats that are accepted, and the file extensions of each.

The content of a file decides on its format, never its name. Extensions only select the images in a
folder, and name the files that are written for embedded images.
"""

# By Pillow's name of the format. The first extension is that of files that are written.
ENDINGS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".mpo"),  # a JPEG with further images, of phones and drones
    "PNG": (".png",),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx"),
}
IMAGE_ENDINGS = frozenset(ending for endings in ENDINGS.values() for ending in endings)

PLUGINS = tuple(name for name in ENDINGS if name != "MPO")  # Pillow opens MPO as JPEG
NAMED = ", ".join(PLUGINS)

# First bytes of files that often lie among images, after an offset, and what to do about them.
OTHERS = (
    (4, b"ftypheic", "this is HEIC, of iPhones; convert it to JPEG"),
    (4, b"ftypheix", "this is HEIC, of iPhones; convert it to JPEG"),
    (4, b"ftypmif1", "this is HEIF; convert it to JPEG"),
    (0, b"\x00\x05\x16\x07", "this is a file of attributes by macOS (AppleDouble); delete it"),
    (0, b"version https://git-lfs", "this is a pointer of Git LFS; download the image itself"),
    *(
        (offset, signature, f"it begins like {name}, but is damaged or of an unsupported kind")
        for offset, signature, name in (
            (0, b"\xff\xd8\xff", "JPEG"),
            (0, b"\x89PNG", "PNG"),
            (0, b"RIFF", "WebP"),
            (0, b"GIF8", "GIF"),
            (0, b"II*\x00", "TIFF"),
            (0, b"MM\x00*", "TIFF"),
            (4, b"ftypavif", "AVIF"),
        )
    ),
)
LONGEST_SIGNATURE = 32


def hint(start: bytes) -> str:
    """Return what a file is that is no image of these formats, given its first bytes."""
    for offset, signature, meaning in OTHERS:
        if start[offset:].startswith(signature):
            return meaning
    return "it may be the error page of a download"
