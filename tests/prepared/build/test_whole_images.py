"""Images stored as a whole, beside candidates or without any."""

import io
import re
from dataclasses import replace

import datasets
import numpy as np
import pytest
from PIL import Image

from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.boxes.transforms import LongerSide
from vg_mc.commands import show
from vg_mc.errors import BadInputError
from vg_mc.images.files import open_photo
from vg_mc.prepared.auditing import audit
from vg_mc.prepared.build import drawing, run, shards
from vg_mc.prepared.build import plan as planning
from vg_mc.prepared.build.run import prepare
from vg_mc.prepared.dataset import open_prepared
from vg_mc.prepared.detector_exposure import Exposure, exposure
from vg_mc.prepared.verification import verify
from vg_mc.proposers.choice import NO_CANDIDATES, ProposerChoice
from vg_mc.reports.preparation import summary

NONE = ProposerChoice(NO_CANDIDATES)
WHOLE = LongerSide(24)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(planning, "PHOTOS_PER_SHARD", 2)


@pytest.fixture
def corpus(make, tmp_path):
    """Images 1 to 5 of train and 6 to 8 of val, where images 2 and 3 are, too."""
    corpus = make.corpus(tmp_path, {"train": [3, 2, 1, 3, 1], "val": [2, 3, 1]})
    again = [
        replace(one, split="val", expression_id=one.expression_id + 5000)
        for one in corpus.expressions
        if one.image_id in (2, 3)
    ]
    return replace(corpus, expressions=[*corpus.expressions, *again])


@pytest.fixture(params=["candidates", "none"])
def settings(request, make, corpus, stored_file):
    stored = ProposerChoice("stored", stored_file)
    proposers = {"candidates": (make.settings(corpus).proposer, stored), "none": (NONE, NONE)}
    train, others = proposers[request.param]
    return make.settings(corpus, train_proposer=train, proposer=others, whole_images=WHOLE)


@pytest.fixture
def without_candidates(make, corpus, tmp_path):
    """A dataset of whole images only."""
    settings = make.settings(corpus, train_proposer=NONE, proposer=NONE, whole_images=WHOLE)
    prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    return tmp_path / "prepared"


def contents(folder) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_any_number_of_workers_writes_the_same_bytes(corpus, settings, tmp_path):
    for num_workers in (1, 2):
        prepare(corpus, settings, tmp_path / str(num_workers), num_workers=num_workers)

    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_each_image_is_stored_once_in_the_order_of_the_plain_table(corpus, settings, tmp_path):
    prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    table = datasets.load_from_disk(str(tmp_path / "prepared" / "images"))
    assert sorted(table["image_id"][:]) == list(range(1, 9))
    if settings.with_candidates:
        plain = replace(settings, whole_images=None)
        prepare(corpus, plain, tmp_path / "plain", num_workers=1)
        others = datasets.load_from_disk(str(tmp_path / "plain" / "images"))
        assert table.remove_columns("image").to_list() == others.to_list()
        tables = ("candidates", "expressions/train", "expressions/val")
        for name in tables:  # whole images change nothing else
            assert contents(tmp_path / "plain" / name) == contents(tmp_path / "prepared" / name)


def test_stored_pixels_are_those_of_the_resized_image(corpus, settings, tmp_path):
    prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    dataset = open_prepared(tmp_path / "prepared")
    ids = np.array([7, 2, 7])

    images = dataset.images(ids)

    assert dataset.whole_images == WHOLE
    for image_id, image, jpeg in zip(ids, images, dataset.image_bytes(ids), strict=True):
        photo = open_photo(corpus.images_folder, corpus.photos[image_id])
        expected = np.asarray(WHOLE.apply(photo).convert("L")).astype(int)
        assert image.size == (24, 16)
        assert np.abs(np.asarray(image.convert("L")) - expected).mean() < 4  # JPEG of noise
        assert Image.open(io.BytesIO(jpeg)).format == "JPEG"
    assert dataset.photos() == corpus.photos


def test_a_small_image_is_stored_in_its_own_size(make, corpus, tmp_path):
    settings = make.settings(corpus, whole_images=LongerSide(500))
    prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    dataset = open_prepared(tmp_path / "prepared")

    assert dataset.images(np.array([1]))[0].size == (48, 32)


def test_an_interrupted_run_is_continued_to_the_same_bytes(corpus, settings, tmp_path, monkeypatch):
    prepare(corpus, settings, tmp_path / "whole", num_workers=1)
    drawn: list[str] = []

    def draw_or_die(task):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(task.path.name)
        return shards.draw_shard(task)

    with monkeypatch.context() as patched:
        patched.setattr(drawing, "draw_shard", draw_or_die)
        with pytest.raises(KeyboardInterrupt):
            prepare(corpus, settings, tmp_path / "broken", num_workers=1)
    lost = tmp_path / ".broken.partial" / "images" / drawn[0]  # killed between two files
    lost.unlink()

    prepare(corpus, settings, tmp_path / "broken", num_workers=1)

    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_work_without_whole_images_is_not_continued_with_them(make, corpus, tmp_path, monkeypatch):
    settings = make.settings(corpus)
    with monkeypatch.context() as patched:
        patched.setattr(run, "finish_folder", None)
        with pytest.raises(TypeError):
            prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    with_images = replace(settings, whole_images=WHOLE)
    prepare(corpus, with_images, tmp_path / "prepared", num_workers=1)
    prepare(corpus, with_images, tmp_path / "other", num_workers=1)

    assert contents(tmp_path / "prepared") == contents(tmp_path / "other")


def test_a_flipped_byte_of_an_image_is_found(without_candidates):
    assert list(verify(without_candidates)) == []
    shard = sorted((without_candidates / "images").glob("*.arrow"))[1]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)

    (damage,) = verify(without_candidates)

    assert damage.path == f"images/{shard.name}"


def test_a_bad_image_is_left_out_of_its_shard(make, corpus, settings, tmp_path):
    (corpus.images_folder.path / make.photo_name(2)).write_bytes(b"")
    skipping = replace(settings, skip_bad=True)

    manifest = prepare(corpus, skipping, tmp_path / "prepared", num_workers=1)

    dataset = open_prepared(tmp_path / "prepared")
    assert manifest["rejected"] == 4  # two expressions in each split
    assert set(dataset.photos()) == set(range(1, 9)) - {2}
    with pytest.raises(BadInputError) as caught:
        dataset.images(np.array([2]))
    assert caught.value.record == "image 2"


def test_without_candidates_expressions_keep_their_targets(without_candidates, corpus):
    dataset = open_prepared(without_candidates)
    expressions = dataset.expressions("val")

    said = [one for one in corpus.expressions if one.split == "val"]
    assert expressions.targets.tolist() == as_boxes([one.target for one in said]).tolist()
    assert [len(ids) for ids in expressions.candidate_ids] == [0] * len(said)
    assert not (without_candidates / "candidates").exists()
    assert not dataset.has_candidates
    assert dataset.views == {}
    assert dataset.boxes(np.empty(0, np.int64)).shape == (0, 4)
    assert dataset.detections() == {}
    assert exposure(dataset) == Exposure.NONE
    assert audit([dataset]).shared[0].photos == 2
    with pytest.raises(BadInputError):
        _ = dataset.image_size


def test_a_target_is_where_the_stored_image_shows_it(make, tmp_path):
    corpus = make.corpus(tmp_path, {"val": [1]})
    left, top, right, bottom = map(int, corpus.expressions[0].target)
    image = Image.new("RGB", (48, 32), "black")
    image.paste((0, 255, 0), (left, top, right, bottom))
    image.save(corpus.images_folder.path / make.photo_name(1))
    settings = make.settings(corpus, train_proposer=NONE, proposer=NONE, whole_images=WHOLE)
    prepare(corpus, settings, tmp_path / "prepared", num_workers=1)
    dataset = open_prepared(tmp_path / "prepared")

    pixels = np.asarray(dataset.images(np.array([1]))[0])

    target = dataset.expressions("val").targets
    placed = dataset.whole_images.geometry((48, 32)).forward(target)[0]
    rows, columns = np.nonzero(pixels[..., 1] > 128)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert found == pytest.approx(placed, abs=1)


def test_a_dataset_without_whole_images_says_so(make, corpus, tmp_path):
    prepare(corpus, make.settings(corpus), tmp_path / "prepared", num_workers=1)
    dataset = open_prepared(tmp_path / "prepared")

    assert dataset.whole_images is None
    with pytest.raises(BadInputError) as caught:
        dataset.images(np.array([1]))
    assert caught.value.file == str(tmp_path / "prepared")


def test_the_card_says_what_is_stored_and_its_code_runs(corpus, settings, tmp_path, monkeypatch):
    manifest = prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    card = (tmp_path / "prepared" / "README.md").read_text()
    assert "24 pixels" in card
    assert ("as multiple choice" in card) == settings.with_candidates
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path / "prepared")
    exec(code[1], names)  # noqa: S102 - it is our own
    assert names["image"].size == (24, 16)
    assert "24 pixels" in summary(manifest, tmp_path)


@pytest.mark.parametrize("table", ["expressions", "images"])
def test_the_folder_loads_by_its_card(without_candidates, tmp_path, monkeypatch, table):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)

    loaded = datasets.load_dataset(
        str(without_candidates), table, cache_dir=str(tmp_path / "cache"), split="train"
    )

    assert len(loaded) == {"expressions": 10, "images": 8}[table]


def test_a_page_shows_whole_images_with_their_targets(without_candidates, tmp_path):
    show.main([str(without_candidates), "--output", str(tmp_path / "page.html")])

    page = (tmp_path / "page.html").read_text()
    assert page.count("with the target framed") == 9


def test_candidates_of_one_split_only(make, corpus, stored_file, tmp_path):
    settings = make.settings(
        corpus,
        train_proposer=NONE,
        proposer=ProposerChoice("stored", stored_file),
        whole_images=WHOLE,
    )

    manifest = prepare(corpus, settings, tmp_path / "prepared", num_workers=1)

    counts = manifest["counts"]
    assert counts["train"]["candidates"] == 0
    assert counts["val"]["candidates"] > 0
    assert manifest["further_wrong_answers"] == 0
