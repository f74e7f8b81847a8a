"""The frame of our HTML pages: one file each, which opens anywhere, with its pictures inside.

Expressions come from corpora that we did not write, so their text is escaped. The policy of a page
loads nothing from elsewhere and runs no script but the one that the page was made with.

Where the pictures of a page lie: inside it, or beside it when it would grow too large.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path

from vg_mc.system.atomic import whole_file, write_whole_text

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
{script}</body>
</html>
"""


def page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Put a body, which is HTML, below a title, which is any text.

    Args:
        title: The heading, and the name of the window.
        body: What follows it, all foreign text in it escaped.
        style: Rules besides those of every page, as `asset` reads them.
        script: JavaScript that runs when everything is there.
    """
    return _PAGE.format(
        policy=_policy(script),
        title=escape(title),
        style=asset("page.css") + style,
        body=body,
        script=f"<script>{script}</script>\n" if script else "",
    )


def asset(name: str) -> str:
    """Read a style sheet or a script that lies beside this module."""
    return files("vg_mc.reports.pages").joinpath(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Allow pictures that are inside or beside the page, and one script, named by its hash."""
    allowed = ["default-src 'none'", "img-src 'self' data:", "style-src 'unsafe-inline'"]
    if script:
        digest = b64encode(sha256(script.encode()).digest()).decode("ascii")
        allowed.append(f"script-src 'sha256-{digest}'")
    return "; ".join(allowed)


def term(name: str, value: str) -> str:
    """Spell a fact for a description list."""
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def protocol_list(protocol: Mapping[str, str]) -> str:
    """Spell how numbers came about."""
    return f'<dl class="protocol">{"".join(term(*fact) for fact in protocol.items())}</dl>'


def table(headings: Sequence[str], rows: Iterable[tuple[Sequence[str], Sequence[str]]]) -> str:
    """Lay a table out that scrolls where the window is narrow, by keys as well.

    Args:
        headings: Any text, one for each column.
        rows: For each row its names, which are any text, and its cells, which are HTML.
    """
    top = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    lines = "".join(f"<tr>{_names(names)}{_cells(cells)}</tr>" for names, cells in rows)
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _names(names: Iterable[str]) -> str:
    return "".join(f'<th scope="row">{escape(name)}</th>' for name in names)


def _cells(cells: Iterable[str]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in cells)


def embedded(content: bytes, kind: str) -> str:
    """Return the address of a picture that the page holds itself; `kind` is jpeg or png."""
    return f"data:image/{kind};base64,{b64encode(content).decode('ascii')}"


def image(address: str, meaning: str) -> str:
    """Show the picture at `address`; `meaning` is read to those who cannot see it."""
    return f'<img src="{escape(address)}" alt="{escape(meaning)}" loading="lazy">'


def candidate_figure(address: str, caption: str, *, fits: bool) -> str:
    """Show a candidate, framed where choosing it is right; an empty address has no picture."""
    meaning = "right" if fits else "not the target"
    shown = image(address, f"candidate, {meaning}") if address else ""
    return (
        f'<figure class="{"fits" if fits else "misses"}">{shown}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


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
