import pytest

from vg_mc.corpora.inspection import Inspection
from vg_mc.corpora.wording import as_expression
from vg_mc.faults import BadInputError


def test_words_are_cleaned_and_counted():
    inspection = Inspection(skip_bad=False)
    texts = ["left man", "“the dog”", "a\0 b", "  two  spaces "]

    found = [as_expression({"sent": text}, "sent", inspection) for text in texts]

    assert found == ["left man", '"the dog"', "a b", "two spaces"]
    assert inspection.texts == {"cleaned": 3, "with NUL": 1}


@pytest.mark.parametrize("text", ["", " \t", "\0", None, 3, "a \ud83d"])
def test_what_has_no_words_is_refused(text):
    with pytest.raises(BadInputError):
        as_expression({"sent": text}, "sent", Inspection(skip_bad=False))
