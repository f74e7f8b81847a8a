"""The command finds the temperature that logits were multiplied with."""

import json

import numpy as np
import pytest

from tests.predictions.made import changed, ious_of
from vg_mc.commands.calibrate import main
from vg_mc.predictions import write_predictions


@pytest.fixture
def told(make_predictions, tmp_path):
    def tell(factor: float, split: str = "val", knowledge: float = 3) -> float:
        predictions = make_predictions(
            expressions=400, split=split, provenance={"model_hash": "abc"}, logits_seed=3
        )
        rows = zip(predictions.answers.logits, ious_of(predictions), strict=True)
        logits = [(factor * (row + knowledge * ious)).astype(np.float32) for row, ious in rows]
        write_predictions(changed(predictions, logits=logits), tmp_path / "results" / split)
        main([str(tmp_path / "results" / split), "--output", str(tmp_path / "run")])
        return json.loads((tmp_path / "run" / "temperature.json").read_text())["temperature"]

    return tell


def test_logits_twice_as_large_have_twice_the_temperature(told, tmp_path, capsys):
    once = told(1.0)

    assert told(2.0) == pytest.approx(2 * once, rel=0.02)
    record = json.loads((tmp_path / "run" / "temperature.json").read_text())
    assert (record["split"], record["model_hash"]) == ("val", "abc")
    assert "where it was fitted" in capsys.readouterr().out


def test_a_test_split_is_refused(told, capsys):
    with pytest.raises(SystemExit) as ended:
        told(1.0, "testA")

    assert ended.value.code == 3
    assert "found test split" in capsys.readouterr().err


def test_a_model_that_knows_nothing_has_no_temperature(told, capsys):
    with pytest.raises(SystemExit):
        told(1.0, knowledge=-3)

    assert "not better than chance" in capsys.readouterr().err
