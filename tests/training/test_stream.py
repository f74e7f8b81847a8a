"""The stream of training questions is the same from wherever it is entered."""

import re

import pytest
import torch
from accelerate import Accelerator

from tests.refusals import refused
from tests.training.tiny_run import OPTIONS, changed
from vg_mc.models.loading import load_encoder
from vg_mc.training.checkpoints import Progress
from vg_mc.training.options import TrainingOptions
from vg_mc.training.stream import BatchStream
from vg_mc.training.tasks.multiple_choice import MultipleChoiceTask

START = Progress()


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("tiny-vit", image_size=32)


@pytest.fixture
def settings() -> TrainingOptions:
    return changed(OPTIONS, batch_size=6, gradient_accumulation=2)


def stream(coloured, settings, encoder, start=START, num_workers=0):
    return list(batches_of(coloured, settings, encoder).load(start, num_workers=num_workers))


def batches_of(dataset, options, encoder) -> BatchStream:
    accelerator = Accelerator(cpu=True)
    task = MultipleChoiceTask(accelerator, encoder, dataset, options)
    return BatchStream(accelerator, task, options.schedule)


def same(one, other) -> bool:
    flat = [
        [*batch._replace(tokens=None)[:1], *batch.tokens, *batch[2:], torch.tensor(share)]
        for batch, share in (one, other)
    ]
    return all(torch.equal(*pair) for pair in zip(*flat, strict=True))


def test_every_expression_comes_once_an_epoch(coloured, settings, encoder):
    parts = stream(coloured, settings, encoder)

    expression_ids = torch.cat([batch.expression_ids for batch, _ in parts]).tolist()
    everything = sorted(coloured.expressions("train").expression_ids.tolist())
    assert sorted(expression_ids[:32]) == sorted(expression_ids[32:]) == everything
    assert len(parts) == 2 * 6 * 2  # epochs, steps of 32 / 6, parts
    assert sum(share for _, share in parts) == pytest.approx(12)


def test_only_the_time_until_a_batch_comes_counts_as_waiting(
    coloured, settings, encoder, monkeypatch
):
    clock = iter([0.0, 2.0, 10.0, 13.0])  # asked and got, twice
    monkeypatch.setattr("vg_mc.training.stream.perf_counter", lambda: next(clock))
    questions = batches_of(coloured, settings, encoder)
    batches = questions.load(START, num_workers=0)

    next(batches)
    assert questions.waited == 2
    next(batches)
    assert questions.waited == 5


@pytest.mark.parametrize(("epoch", "step"), [(0, 2), (1, 0), (1, 5)])
def test_it_can_be_entered_at_any_step(coloured, settings, encoder, epoch, step):
    whole = stream(coloured, settings, encoder)

    rest = stream(coloured, settings, encoder, Progress(epoch=epoch, step=step))

    skipped = 2 * (6 * epoch + step)
    assert len(rest) == len(whole) - skipped
    assert all(same(*pair) for pair in zip(rest, whole[skipped:], strict=True))


def test_the_number_of_workers_changes_nothing(coloured, settings, encoder):
    alone = stream(coloured, settings, encoder)
    helped = stream(coloured, settings, encoder, num_workers=2)

    assert all(same(*pair) for pair in zip(alone, helped, strict=True))


def test_the_same_sentence_is_asked_differently_in_the_next_epoch(coloured, settings, encoder):
    parts = stream(coloured, changed(settings, batch_size=32, gradient_accumulation=1), encoder)

    sums = [
        dict(
            zip(
                batch.expression_ids.tolist(),
                batch.pictures.float().mean(dim=(1, 2, 3))[batch.candidate_index].sum(1).tolist(),
                strict=True,
            )
        )
        for batch, _ in parts
    ]
    assert sums[0] != sums[1]


def test_a_batch_that_cannot_be_shared_is_refused(coloured, settings, encoder):
    with refused("32", "6", record="--batch-size"):
        batches_of(coloured, changed(settings, gradient_accumulation=7), encoder)


def test_data_that_teaches_nothing_is_refused(
    make_coloured, make_photos, settings, encoder, tmp_path
):
    photo = make_photos(1, 1, 0)[0]
    missed = photo._replace(questions=[("pink", [0.5] * len(photo.colours))])
    dataset = make_coloured(tmp_path / "data", {"train": [missed], "val": [photo]})

    with refused("negative"):
        batches_of(dataset, settings, encoder)


@pytest.fixture
def twice_drawn(make_coloured, make_photos, tmp_path):
    """Photos with two annotations and two detections; one sentence's target was not detected."""
    photo = make_photos(1, 1, 0)[0]
    sources = ["annotations", "annotations", "yolo", "yolo-low"]
    questions = [("the red one", [1.0, 0.0, 0.8, 0.1]), ("the blue one", [0.0, 1.0, 0.3, 0.5])]
    drawn = photo._replace(
        colours=["red", "blue", "red", "blue"], questions=questions, sources=sources
    )
    alone = drawn._replace(colours=["red"], questions=[("the only one", [1.0])], sources=["yolo"])
    return make_coloured(tmp_path / "twice", {"train": [drawn, drawn, alone], "val": [photo]})


@pytest.mark.parametrize(
    ("proposals", "pictures", "summary"),
    [
        ("both", 8, "4 of 5 .* skipped 0 without a positive and 1 without a negative"),
        ("annotations", 4, "4 of 5 .* skipped 1 without a positive and 0 without a negative"),
        ("detected", 4, "2 of 5 .* skipped 2 without a positive and 1 without a negative"),
    ],
)
def test_one_kind_of_candidates_is_asked_about_and_what_that_leaves_out_is_counted(
    twice_drawn, settings, encoder, proposals, pictures, summary
):
    by_image = changed(
        settings, batching="image", epochs=1, gradient_accumulation=1, train_proposals=proposals
    )
    questions = batches_of(twice_drawn, by_image, encoder)

    ((batch, _),) = questions.load(START, num_workers=0)

    assert len(batch.pictures) == pictures
    assert re.search(summary, questions.task.summary)


def test_what_was_left_out_is_told_where_nothing_remains(coloured, settings, encoder):
    detected = changed(settings, train_proposals="detected")

    with refused("32"):
        batches_of(coloured, detected, encoder)
