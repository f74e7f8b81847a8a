"""Rendering of scenes: shapes on a cluttered background.

Scenes are drawn at twice the size and then halved, which antialiases edges and allows boxes that
end on half pixels exactly.
"""

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageChops, ImageDraw

from vg_mc.corpora.scenes.objects import COLORS, CORNERS, RGB, Frame, SceneObject

SCALE = 2

OUTLINE_SHADE = 0.55  # brightness of the outline, which separates objects of one color


def draw_scene(objects: Sequence[SceneObject], frame: Frame, random: Random) -> Image.Image:
    """Return an RGB image of `objects`; later objects are in front."""
    canvas = _background(frame, random)
    pen = ImageDraw.Draw(canvas)
    _draw_lines(pen, canvas.size, random)
    _draw_specks(pen, canvas.size, random)
    for scene_object in objects:
        red, green, blue = (round(OUTLINE_SHADE * channel) for channel in scene_object.rgb)
        _draw_shape(pen, scene_object, scene_object.rgb, (red, green, blue))
    return _with_noise(canvas.reduce(SCALE), random)


def visible_shares(objects: Sequence[SceneObject], frame: Frame) -> list[float]:
    """Return the share of each object that is inside the frame and not occluded."""
    indices = Image.new("L", (frame.width * SCALE, frame.height * SCALE))
    pen = ImageDraw.Draw(indices)
    for index, scene_object in enumerate(objects, start=1):
        _draw_shape(pen, scene_object, index, index)
    counts = indices.histogram()[1:]
    return [
        count / (SCALE**2 * scene_object.area)
        for count, scene_object in zip(counts, objects, strict=False)  # 255 counts, fewer objects
    ]


def _draw_shape(
    pen: ImageDraw.ImageDraw, scene_object: SceneObject, fill: RGB | int, outline: RGB | int
) -> None:
    left, top, side = (
        SCALE * value for value in (scene_object.left, scene_object.top, scene_object.side)
    )
    last = side - 1  # the last pixel is inclusive in PIL
    corners = CORNERS[scene_object.shape]
    if corners:
        polygon = [(left + x * last, top + y * last) for x, y in corners]
        pen.polygon(polygon, fill=fill, outline=outline, width=SCALE)
    else:
        pen.ellipse((left, top, left + last, top + last), fill=fill, outline=outline, width=SCALE)


def _background(frame: Frame, random: Random) -> Image.Image:
    """Return a smooth gradient between a few muted tones, twice as large as the frame."""
    brightness = random.randint(50, 120)
    tones = bytes(
        max(0, brightness + shift + random.randint(-22, 22))
        for _ in range(3 * 3)
        for shift in [random.randint(-25, 25)] * 3
    )
    gradient = Image.frombytes("RGB", (3, 3), tones).resize(frame, Image.Resampling.BILINEAR)
    size = (frame.width * SCALE, frame.height * SCALE)
    return gradient.resize(
        size, Image.Resampling.NEAREST
    )  # faster than bilinear, and halved again later


def _draw_lines(pen: ImageDraw.ImageDraw, size: tuple[int, int], random: Random) -> None:
    """Draw thin lines across the canvas."""
    width, height = size
    for _ in range(random.randint(2, 7)):
        ends = [(random.uniform(0, width), random.uniform(0, height)) for _ in range(2)]
        tone = random.randint(20, 190)
        tint = (tone, tone + random.randint(-20, 20), tone + random.randint(-20, 20))
        pen.line(ends, fill=tint, width=random.randint(1, SCALE))


def _draw_specks(pen: ImageDraw.ImageDraw, size: tuple[int, int], random: Random) -> None:
    """Draw small specks in the colors of objects, a fifth as wide as the smallest object."""
    width, height = size
    tones = list(COLORS.values())
    for _ in range(random.randint(4, 14)):
        side = width * random.uniform(0.01, 0.025)
        left, top = random.uniform(0, width), random.uniform(0, height)
        draw = random.choice([pen.ellipse, pen.rectangle])
        draw((left, top, left + side, top + side), fill=random.choice(tones))


def _with_noise(picture: Image.Image, random: Random) -> Image.Image:
    """Add uniform noise with an amplitude of 2 to 9 levels, like a camera."""
    strength = random.randint(2, 9)
    bands = len(picture.getbands())
    anything = Image.frombytes(
        "RGB", picture.size, random.randbytes(picture.width * picture.height * bands)
    )
    grain = anything.point([value * (2 * strength + 1) >> 8 for value in range(256)] * bands)
    return ImageChops.add(picture, grain, offset=-strength)
