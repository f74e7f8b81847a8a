import json
import math

from vg_mc.training.journal import History


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_resumed_run_forgets_what_it_is_about_to_do_again(tmp_path):
    path = tmp_path / "run" / "metrics.jsonl"
    History(path, steps_taken=0, writes=True).add({"step": 1}, {"step": 2}, {"step": 3})

    resumed = History(path, steps_taken=2, writes=True)
    resumed.add({"step": 3, "loss": 0.5})

    assert lines(path) == resumed.entries == [{"step": 1}, {"step": 2}, {"step": 3, "loss": 0.5}]


def test_half_a_line_of_a_killed_run_is_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2, "lo')

    History(path, steps_taken=2, writes=True).add({"step": 2})

    assert lines(path) == [{"step": 1}, {"step": 2}]


def test_other_processes_write_nothing(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 9}\n')

    other = History(path, steps_taken=1, writes=False)
    other.add({"step": 2})

    assert path.read_text() == '{"step": 1}\n{"step": 9}\n'
    assert other.entries == [{"step": 1}, {"step": 2}]


def test_a_share_of_nothing_is_null(tmp_path):
    path = tmp_path / "metrics.jsonl"

    History(path, steps_taken=0, writes=True).add({"step": 1, "loss": math.nan, "split": "val"})

    assert lines(path) == [{"step": 1, "loss": None, "split": "val"}]
