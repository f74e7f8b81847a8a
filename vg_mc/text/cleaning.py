"""Text cleaning, and swapping left and right for flipped images.

OpenAI's and open_clip's CLIP tokenizers repair mojibake, straighten quotes and resolve HTML
entities; the tokenizer of transformers does not. A text that these repairs leave unchanged gets the
same token ids from both, so repairs are repeated until nothing changes.
"""

import html
import re

import ftfy

from vg_mc.errors import BadInputError

# Written out in a text, these would be parsed as special tokens, and CLIP pools at the end token.
_CONTROL_WORD = re.compile(r"<\|?(start|end)_?of_?text\|?>", re.IGNORECASE)

# A side, alone or followed by one of these suffixes. A hyphen ends a word, so left-hand matches.
_SIDE = re.compile(
    r"\b(left|right|Left|Right|LEFT|RIGHT)(?=(?i:s|most|hand|handed|side|er|est|wards?)?\b)"
)
_OTHER_SIDE = {
    one: other
    for left, right in (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))
    for one, other in ((left, right), (right, left))
}


def clean_text(text: str) -> str:
    """Repair `text`, remove control characters and normalize white space.

    Letter case is kept; tokenizers handle it.

    Raises:
        BadInputError: If the text contains a lone surrogate, which no tokenizer can encode.
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
    """Swap left and right in `text` to describe the horizontally flipped image.

    Swapping twice returns `text`. Words are swapped regardless of their meaning: "all right"
    becomes "all left". Expressions about letters or clocks in the image become wrong.
    """
    return _SIDE.sub(lambda side: _OTHER_SIDE[side[1]], text)
