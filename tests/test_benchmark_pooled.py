"""Splits taken together are scored as one, under the rules of each."""

import numpy as np
import pytest

from benchmarks.pooled import joined, main, shown
from tests.predictions.made import changed, scores_of
from vg_mc.metrics.resampling import Estimate
from vg_mc.predictions import write_predictions


def test_all_expressions_count_once(make_predictions):
    parts = [make_predictions(split=split, expressions=count) for split, count in SPLITS]

    together = joined(parts)

    right = [scores_of(part).accuracy * len(part) for part in parts]
    accuracy = scores_of(together).accuracy
    assert (together.split, len(together), together.answers.boxes[7].tolist()) == (
        "all",
        12,
        parts[1].answers.boxes[2].tolist(),
    )
    assert accuracy == pytest.approx(sum(right) / 12)


SPLITS = [("val", 5), ("testA", 7)]


def test_the_table_has_a_row_for_each_model_and_a_column_for_each_split(
    make_predictions, tmp_path, capsys
):
    for split, count in SPLITS:
        write_predictions(make_predictions(split=split, expressions=count), tmp_path / "a" / split)
    write_predictions(make_predictions(name="b", split="val"), tmp_path / "b" / "deep" / "val")

    main([str(tmp_path / "a"), str(tmp_path / "b")])

    heading, _, first, second = capsys.readouterr().out.splitlines()
    assert heading == "| proposals | model | val | testA | all | recall |"
    assert first.startswith("| a | tiny | ")
    assert second.startswith("| b | b | ")
    assert second.split(" | ")[3] == "–"


def test_all_models_of_a_folder_are_held_against_one_of_it(make_predictions, tmp_path, capsys):
    first = make_predictions(name="first", split="val", expressions=5)
    turned = changed(first, name="turned", logits=[-logits for logits in first.answers.logits])
    for one in (first, turned):
        write_predictions(one, tmp_path / "here" / one.name / "val")
        write_predictions(changed(one, name="alone"), tmp_path / "there" / one.name / "val")
    right = [scores_of(one).accuracy for one in (first, turned)]

    main([str(tmp_path / "here"), str(tmp_path / "there"), "--against", "first"])

    heading, _, *rows = capsys.readouterr().out.splitlines()
    assert heading.endswith(" | recall | less first |")
    of_first, of_turned, *of_others = [row.removesuffix(" |").split(" | ")[-1] for row in rows]
    assert (of_first, of_others) == ("–", ["–", "–"])
    assert of_turned.startswith(f"{100 * (right[1] - right[0]):+.1f} (")


def test_one_photo_has_no_interval():
    assert shown(Estimate(0.5, 0.25, 0.75, of=8)) == "50.0 (25 to 75)"
    assert shown(Estimate(0.5, np.nan, np.nan, of=8)) == "50.0"
