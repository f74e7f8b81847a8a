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


<<<<<<< HEAD:tests/training/tasks/test_validation.py
@pytest.mark.parametrize(
    ("validation", "problem"), [(None, "no split 'val'"), ([], "the split val")]
)
=======
@pytest.mark.parametrize(("validation", "problem"), [(None, "val"), ([], "empty")])
>>>>>>> 79287f8 (Recognise refused input by file, record and facts instead of prose):tests/training/test_validation.py
def test_a_missing_validation_split_is_told_at_the_start(
    make_coloured, make_photos, make_trainer, tmp_path, validation, problem
):
    splits = {"train": make_photos(8, 1, 0)}
    splits |= {} if validation is None else {"val": validation}
    dataset = make_coloured(tmp_path / "data", splits)

<<<<<<< HEAD:tests/training/tasks/test_validation.py
    with pytest.raises(BadInputError, match=problem):
        make_trainer(dataset, tmp_path / "run")
=======
    with refused(*problem.split()):
        require_validation(dataset)
>>>>>>> 79287f8 (Recognise refused input by file, record and facts instead of prose):tests/training/test_validation.py
