"""What clip looks at and how it words expressions is refused, or told."""

import pytest

from tests.flat import flat
from tests.refusals import refused
from vg_mc.commands.evaluate import EvaluateConfig, run


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"views": ("crop",)}, "--views crop"),
        ({"views": ("marker", "marker")}, "--views"),
        ({"prompts": ("{}", "a photo")}, "--prompts photo"),
        ({"prompts": ("{} or {}",)}, "--prompts"),
        ({"prompts": ("{}: {subject}",)}, "--prompts"),
        ({"prompts": ()}, "--prompts"),
    ],
)
def test_what_clip_cannot_look_at_or_read_is_refused(coloured, tmp_path, changes, problem):
    grounders = ("random", "clip")  # nothing is written by the first of them either
    config = flat(
        EvaluateConfig,
        coloured.folder,
        tmp_path / "output",
        grounders,
        model=("tiny-vit",),
        **changes,
    )

    with refused(*problem.split()):
        run(config)
    assert not (tmp_path / "output").exists()


def test_wordings_and_captions_are_told_and_features_of_them_are_compared(coloured, tmp_path):
    config = flat(
        EvaluateConfig,
        *(coloured.folder, tmp_path / "output"),
        model=("tiny-vit",),
        views=("marker",),
        prompts=("a photo of {}", "{}"),
        combine="max",
        subtract=5,
        features=tmp_path / "features",
        num_workers=0,
    )

    (predictions,) = run(config)

    assert predictions.provenance.notes["views"] == "marker: color [0, 0, 0], opacity 0, outline 0"
    assert predictions.provenance.notes["prompts"] == "a photo of {}; {}"
    assert predictions.provenance.notes["combined"].startswith("max of")
    assert predictions.provenance.notes["subtracted"] == "mean over 5 captions, seed 0"
    assert "cosine to target" in (tmp_path / "output" / "results.md").read_text()
