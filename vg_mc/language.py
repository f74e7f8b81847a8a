"""Clean texts once, so that every tokenizer sees the same words.

OpenAI's and open_clip's CLIP tokenizers repair mojibake, straighten quotes and resolve HTML
entities; transformers' tokenizer does not. A text that no repair would change any more gets the
same token ids from both, so we repair until nothing changes.
"""

import html
import re

import ftfy

from vg_mc.faults import BadInputError

# Spelled out in a text, these would end it early: CLIP reads the sentence at its end token.
_CONTROL_WORD = re.compile(r"<\|?(start|end)_?of_?text\|?>", re.IGNORECASE)

_SIDE = re.compile(r"\b(left|right)(?=(most|hand|side|er|est|wards?)?\b)", re.IGNORECASE)
_OTHER_SIDE = {"left": "right", "right": "left"}


def clean_text(text: str) -> str:
    """Return `text` repaired, without control characters, and with single spaces between words.

    Letter case is kept: tokenizers decide on it themselves.

    Raises:
        BadInputError: If the text holds half of a surrogate pair, which no tokenizer can encode.
    """
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        half = f"U+{ord(text[fault.start]):04X}"
        problem = f"expected Unicode text, but character {fault.start} is the lone surrogate {half}"
        raise BadInputError(problem) from fault
    while (repaired := _repaired(text)) != text:
        text = repaired
    return text


def _repaired(text: str) -> str:
    plain = html.unescape(ftfy.fix_text(text)).replace("\0", "")
    return " ".join(_CONTROL_WORD.sub(r"\1 of text", plain).split())


def swap_left_right(text: str) -> str:
    """Return what `text` says of the mirrored photo: "LEFT", "Leftmost", "left-hand" turn right.

    Only whole words change, and they keep their capitals. Applied twice, it gives `text` back.
    """
    return _SIDE.sub(_other_side, text)


def _other_side(match: re.Match[str]) -> str:
    side = match[1]
    other = _OTHER_SIDE[side.lower()]
    if side.isupper():
        return other.upper()
    return other.capitalize() if side[0].isupper() else other
