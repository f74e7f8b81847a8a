"""Only what a run wrote beside its model counts, and it is read with suspicion."""

import json

import pytest

from tests.refusals import refused
from vg_mc.errors import BadInputError
from vg_mc.images.markers import Marker
from vg_mc.inference.run_settings import (
    Look,
    Temperature,
    recorded_look,
    recorded_temperature,
    store_temperature,
)

MARKER = {"color": [1, 2, 3], "opacity": 0.5, "outline": 4}


@pytest.fixture
def best(tmp_path):
    (tmp_path / "best").mkdir()
    return tmp_path / "best"


def test_marker_and_fit_are_read_from_the_run(best):
    (best.parent / "config.json").write_text(json.dumps({"marker": MARKER, "fit": "letterbox"}))

    assert recorded_look(best) == Look(Marker((1, 2, 3), 0.5, 4), "letterbox")


def test_a_model_without_a_run_has_no_record(best, tmp_path):
    assert recorded_look(best) is None
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    assert recorded_look(best) is None
    assert recorded_look(tmp_path / "openai" / "clip") is None
    assert recorded_temperature(best) is None


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"marker": MARKER, "fit": "crop"}, "as fit, .*'crop'"),
        ({"marker": {"color": [1, 2, 3]}, "fit": "squash"}, "expected the marker of a run"),
        ({"marker": MARKER | {"opacity": 7}, "fit": "squash"}, "expected the marker of a run"),
        ({"marker": 3, "fit": "squash"}, "expected the marker of a run"),
        ([], "expected a record with named fields"),
    ],
)
def test_a_damaged_record_is_refused(best, record, problem):
    (best.parent / "config.json").write_text(json.dumps(record))

    with pytest.raises(BadInputError, match=problem):
        recorded_look(best)


def test_a_temperature_is_read_as_it_was_stored(best):
    temperature = Temperature(1.25, "val", "abc")

    store_temperature(temperature, best.parent / "temperature.json")

    assert recorded_temperature(best) == temperature


@pytest.mark.parametrize("record", [{"temperature": 0, "split": "val"}, {"split": "val"}, []])
def test_no_temperature_is_refused_by_the_name_of_its_file(best, record):
    (best.parent / "temperature.json").write_text(json.dumps(record))

    with refused(file="temperature.json"):
        recorded_temperature(best)
