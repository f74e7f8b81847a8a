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
}
IMAGE_ENDINGS = frozenset(ending for endings in ENDINGS.values() for ending in endings)

PLUGINS = tuple(name for name in ENDINGS if name != "MPO")  # Pillow opens MPO as JPEG
NAMED = ", ".join(PLUGINS)
