from dataclasses import asdict

import pytest

from tests.predictions.made import scores_of
from tests.refusals import refused
from vg_mc.predictions.run import predict


def test_validation_scores_all_candidates_of_val(coloured, make_trainer, tmp_path):
    trainer = make_trainer(coloured, tmp_path)
    predictions = predict(
        trainer.accelerator, trainer.task.encoder, coloured, "val", batch_size=64, num_workers=0
    )

    validation = trainer.task.validate(num_workers=0)

    expected = scores_of(predictions)
    assert validation.score == expected.accuracy
    assert validation.entry == asdict(expected)


@pytest.mark.parametrize(("validation", "problem"), [(None, "val"), ([], "split")])
def test_a_missing_validation_split_is_told_at_the_start(
    make_coloured, make_photos, make_trainer, tmp_path, validation, problem
):
    splits = {"train": make_photos(8, 1, 0)}
    splits |= {} if validation is None else {"val": validation}
    dataset = make_coloured(tmp_path / "data", splits)

    with refused(*problem.split()):
        make_trainer(dataset, tmp_path / "run")
