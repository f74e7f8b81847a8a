"""The numbers of a page are those of the tables, with their intervals."""

import numpy as np

from tests.predictions.made import changed
from vg_mc.metrics.similarity import semantic_similarity
from vg_mc.reports.pages.report_page import NumbersTables
from vg_mc.reports.tables.columns import percent
from vg_mc.scoring import score

NUMBERS = "numbers.html.j2"


def test_the_headline_has_accuracy_and_what_it_is_about(make_predictions, read_part):
    report = score(make_predictions(expressions=40))

    page = read_part(NUMBERS, "headline", [report])

    accuracy = report.numbers["accuracy"]
    assert f"{percent(accuracy.value)}\xa0%" in page.words
    right = round(accuracy.value * 40)
    assert any(f"{right} of 40 expressions, 20 images" in text for text in page.words)
    assert page.every("b")[0]["style"] == f"width:{accuracy.value:.2%}"
    assert page.open == []


def test_an_empty_split_has_no_accuracy(make_predictions, read_part):
    page = read_part(NUMBERS, "headline", [score(make_predictions(expressions=0))])

    assert page.words == ["val", "–"]


def test_a_single_photo_has_no_interval(make_predictions, read_part):
    single = changed(make_predictions(), image_ids=np.ones(12, np.int64))

    headline = read_part(NUMBERS, "headline", [score(single)])
    tables = read_part(NUMBERS, "numbers_tables", NumbersTables.of([score(single)]))

    assert any("no interval; " in text for text in headline.words)
    assert "nan" not in f"{headline.words} {tables.words} {headline.tags} {tables.tags}"
    assert headline.open == tables.open == []


def test_every_number_has_its_interval_below_and_its_denominator(make_predictions, read_part):
    report = score(make_predictions(expressions=40))

    page = read_part(NUMBERS, "numbers_tables", NumbersTables.of([report]))

    for name in ("accuracy", "proposal_recall", "recall@5", "calibration_error"):
        estimate = report.numbers[name]
        assert f"{percent(estimate.low)}–{percent(estimate.high)}" in page.words
    titles = [one.get("title") for one in page.every("span")]
    covered = f"of {report.scores.covered} expressions"
    assert titles.count(covered) == 1
    assert "of 40 expressions" in titles
    assert page.open == []


def test_similarities_are_no_percentages(make_predictions, read_part):
    features, others = np.eye(12), np.repeat(np.eye(12)[::4], 4, axis=0)
    similarity = semantic_similarity(features, others, -features)

    page = read_part(
        NUMBERS,
        "numbers_tables",
        NumbersTables.of([score(make_predictions(), similarity=similarity)]),
    )

    assert {"0.25", "-1.00"} <= set(page.words)


def test_models_are_named_where_there_are_several(make_predictions, read_part):
    one, other = (score(make_predictions(name=name)) for name in ("<one>", "other"))

    assert "model" not in read_part(NUMBERS, "numbers_tables", NumbersTables.of([one, one])).words
    words = read_part(NUMBERS, "numbers_tables", NumbersTables.of([one, other])).words
    assert words.count("model") == 2
    assert words.count("<one>") == 2
