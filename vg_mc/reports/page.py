"""The frame of our HTML pages: one file each, which opens anywhere, with its pictures inside.

Expressions come from corpora that we did not write, so their text is escaped and the policy of a
page forbids scripts and loads nothing from elsewhere.
"""

from base64 import b64encode
from html import escape

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif }
body { margin: 1.5rem auto; max-width: 75rem; padding: 0 1rem }
dl { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; margin: 0 }
dt { opacity: .7; font-size: .85rem }
dd { margin: 0; font-weight: 600 }
dl.protocol dd { font-weight: 400 }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1rem }
article { border: 1px solid #8886; border-radius: .5rem; padding: .6rem }
article p { margin: 0 0 .4rem }
article small { opacity: .7 }
.verdict { font-weight: 600 }
.right .verdict { color: #1a8a3a }
.wrong .verdict { color: #c8341f }
.not-covered .verdict { color: #b07a00 }
.candidates { display: grid; grid-template-columns: repeat(4, 1fr); gap: .4rem }
figure { margin: 0; text-align: center }
figure img { box-sizing: border-box; width: 100%; border: 4px solid transparent }
article > p > img, .plots img { max-width: 100% }
figure.fits img { border-color: #1a8a3a }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def page(title: str, body: str) -> str:
    """Put a body, which is HTML, below a title, which is any text."""
    return _PAGE.format(title=escape(title), style=_STYLE, body=body)


def term(name: str, value: str) -> str:
    """Spell a fact for a description list."""
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def image(content: bytes, kind: str, meaning: str) -> str:
    """Embed a picture; `kind` is jpeg or png, and `meaning` is read to those who cannot see it."""
    encoded = b64encode(content).decode("ascii")
    return f'<img src="data:image/{kind};base64,{encoded}" alt="{escape(meaning)}" loading="lazy">'


def candidate_figure(picture: bytes, caption: str, *, fits: bool) -> str:
    """Show a candidate, framed where choosing it is right."""
    meaning = "right" if fits else "not the target"
    return (
        f'<figure class="{"fits" if fits else "misses"}">'
        f"{image(picture, 'jpeg', f'candidate, {meaning}')}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )
