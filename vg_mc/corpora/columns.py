"""Fields of a file as users name them: ``expression=sent box=x1,y1,x2,y2``."""

from collections.abc import Sequence

from vg_mc.errors import BadInputError


def columns_of(texts: Sequence[str], flag: str = "--columns") -> dict[str, str]:
    """Parse ``field=column`` of every text.

    Raises:
        BadInputError: If a text is not of this form.
    """
    columns = {}
    for text in texts:
        field, equals, column = text.partition("=")
        if not (field and equals and column):
            raise BadInputError(f"expected field=column, not {text!r}", record=flag)
        columns[field] = column
    return columns
