"""The words of a record: cleaned once, and counted where cleaning changed them."""

from vg_mc.corpora.inspection import Inspection
from vg_mc.faults import BadInputError
from vg_mc.fields import as_text
from vg_mc.language import clean_text

# CLIP reads 77 tokens, two of them marks; a word is one token or more, so that this many words are
# surely cut off. How many others are depends on the tokenizer.
MOST_WORDS = 75


def as_expression(record: object, field: str, inspection: Inspection) -> str:
    """Return the referring expression in a field, cleaned.

    Raises:
        BadInputError: If there are no words in it.
    """
    written = as_text(record, field)
    text = clean_text(written)
    if not text:
        raise BadInputError(f"expected words as {field}, found only control characters")
    inspection.texts["cleaned"] += text != written
    inspection.texts["with NUL"] += "\0" in written
    inspection.texts["over 75 words"] += len(text.split()) > MOST_WORDS
    return text
