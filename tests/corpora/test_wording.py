import pytest

from vg_mc.corpora.inspection import Inspection, as_expression
from vg_mc.errors import BadInputError


def test_words_are_cleaned_and_counted():
    inspection = Inspection(skip_bad=False)
    texts = ["left man", "“the dog”", "a\0 b", "  two  spaces "]

    found = [as_expression({"sent": text}, "sent", inspection) for text in texts]

    assert found == ["left man", '"the dog"', "a b", "two spaces"]
    assert inspection.texts == {"cleaned": 3, "with NUL": 1, "over 75 words": 0}


def test_texts_that_no_tokenizer_keeps_whole_are_counted():
    inspection = Inspection(skip_bad=False)

    for words in (75, 76):
        as_expression({"sent": "a " * words}, "sent", inspection)

    assert inspection.texts["over 75 words"] == 1


@pytest.mark.parametrize("text", ["", " \t", "\0", None, 3, "a \ud83d"])
def test_what_has_no_words_is_refused(text):
    with pytest.raises(BadInputError):
        as_expression({"sent": text}, "sent", Inspection(skip_bad=False))
