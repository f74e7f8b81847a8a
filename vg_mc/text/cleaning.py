"""Clean texts once, so that every tokenizer sees the same words; mirror what they say.

OpenAI's and open_clip's CLIP tokenizers repair mojibake, straighten quotes and resolve HTML
entities; transformers' tokenizer does not. A text that no repair would change any more gets the
same token ids from both, so we repair until nothing changes.
"""

import html
import re

import ftfy

from vg_mc.errors import BadInputError

# Spelled out in a text, these would end it early: CLIP reads the sentence at its end token.
_CONTROL_WORD = re.compile(r"<\|?(start|end)_?of_?text\|?>", re.IGNORECASE)

# A side, alone or before one of these endings. A hyphen ends a word, so left-hand is among them.
_SIDE = re.compile(
    r"\b(left|right|Left|Right|LEFT|RIGHT)(?=(?i:s|most|hand|handed|side|er|est|wards?)?\b)"
)
_OTHER_SIDE = {
    one: other
    for left, right in (("left", "right"), ("Left", "Right"), ("LEFT", "RIGHT"))
    for one, other in ((left, right), (right, left))
}


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
    """Return what `text` says of the mirrored photo; twice, it is `text` again.

    Only words are seen, not what they mean: "all right" becomes "all left", and letters or a clock
    in the photo are not told apart from anything else that a mirror turns round.
    """
    return _SIDE.sub(lambda side: _OTHER_SIDE[side[1]], text)
