"""HTML pages, rendered from templates as single files that need no network.

Expressions and names are untrusted input, so templates escape every value. The content security
policy of a page blocks all remote content and all scripts except its own.

Images are embedded in the page, or written to a folder beside it if the page would be too large.
"""

import math
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from vg_mc.metrics.resampling import Estimate
from vg_mc.reports.tables.columns import percent
from vg_mc.reports.tables.formats import is_sentence
from vg_mc.system.atomic import whole_file, write_whole_text

_ADDRESS = re.compile(r"(https://[\w./-]+)")


def render_page(
    template: str, title: str, *, styles: Sequence[str] = (), script: str = "", **values: object
) -> str:
    """Render a template that extends ``page.html.j2``.

    Args:
        template: Name of the template.
        title: Heading and window title.
        styles: Names of style sheets in addition to ``page.css``.
        script: Name of a script that runs when the page is loaded.
        values: Variables of the template.
    """
    page = templates().get_template(template)
    return page.render(title=title, policy=_policy(script), styles=styles, script=script, **values)


@cache
def templates() -> Environment:
    """Return the environment of all templates: values are escaped, undefined names raise."""
    environment = Environment(
        loader=PackageLoader("vg_mc.reports.pages", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "by_address": _ADDRESS.split,
        "css": lambda share: f"{share:.2%}",
        "estimate": estimate_text,
        "interval": interval_text,
        "percent": percent,
        "rounded": round,
        "thousands": lambda number: f"{number:,}",
    }
    environment.tests |= {
        "finite": math.isfinite,
        "sentence": is_sentence,
    }
    return environment


def _policy(script: str) -> str:
    """Return a policy that allows local images and one script, identified by its hash."""
    allowed = ["default-src 'none'", "img-src 'self' data:", "style-src 'unsafe-inline'"]
    if script:
        code = templates().get_template(script).render()
        digest = b64encode(sha256(code.encode()).digest()).decode("ascii")
        allowed.append(f"script-src 'sha256-{digest}'")
    return "; ".join(allowed)


def estimate_text(estimate: Estimate) -> str:
    """Format a share with its interval and its denominator."""
    between = "" if math.isnan(estimate.low) else f", {interval_text(estimate)}"
    return f"{percent(estimate.value)} %{between}, of {estimate.of:,}"


def interval_text(estimate: Estimate) -> str:
    """Format the interval of a share in percent."""
    return f"{percent(estimate.low)} to {percent(estimate.high)}"


def embedded(content: bytes, kind: str) -> str:
    """Return a data URL of an image file; `kind` is jpeg or png."""
    return f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"


LARGEST_PAGE = 20_000_000  # in characters, nearly all of which take one byte

AddressOf = Callable[[bytes], str]  # maps a JPEG file to its URL
Render = Callable[[AddressOf], str]


def write_page(render: Render, file: Path, largest: int = LARGEST_PAGE) -> None:
    """Write a page with embedded images, or with images in a folder if it would be too large.

    Args:
        render: Renders the page, given a function that returns the URL of an image.
        file: Path of the page; the folder beside it has the same name with the suffix ``-files``.
        largest: Maximum number of characters of a page with embedded images.
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
    """Return a data URL of a JPEG file."""
    return embedded(picture, "jpeg")


def _clear(folder: Path, kept: set[str]) -> None:
    """Remove images of an earlier version of the page."""
    for path in folder.glob("*.jpg"):
        if path.name not in kept:
            path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
