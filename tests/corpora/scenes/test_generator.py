import filecmp
import json
import pickle
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from tests.refusals import refused
from vg_mc.corpora.refer import read_refer
from vg_mc.corpora.scenes import generator as scenes
from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.records import ImageFolder

WIDTH, HEIGHT = 128, 96
COUNTS = {"train": 200, "evaluation": 60, "size": WIDTH}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "scenes"
    write_scenes(folder, **COUNTS, seed=3, num_workers=1)
    return folder


@pytest.fixture(scope="module")
def instances(corpus):
    return json.loads((corpus / "instances.json").read_text())


@pytest.fixture(scope="module")
def references(corpus):
    return pickle.loads((corpus / "refs(scenes).p").read_bytes())


def files_in(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def things_by_image(instances) -> dict[int, list[dict]]:
    things: dict[int, list[dict]] = {}
    for annotation in instances["annotations"]:
        things.setdefault(annotation["image_id"], []).append(annotation)
    return things


def test_each_scene_has_a_picture_of_its_size_and_its_objects(corpus, instances):
    for image in instances["images"]:
        with Image.open(corpus / "images" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"]) == (WIDTH, HEIGHT)
    assert len(things_by_image(instances)) == len(instances["images"])


def test_the_reader_of_refer_reads_them_as_they_were_drawn(corpus, references):
    read = read_refer(corpus, "scenes", ImageFolder(corpus / "images"), skip_bad=False)

    assert not read.rejected
    texts = [sentence["sent"] for reference in references for sentence in reference["sentences"]]
    assert [expression.text for expression in read.expressions] == texts
    assert len(read.photos) == 380


def test_each_split_holds_its_number_of_images(references):
    images = {(reference["split"], reference["image_id"]) for reference in references}

    assert Counter(split for split, _ in images) == {
        "train": 200, "val": 60, "testA": 60, "testB": 60
    }  # fmt: skip


def test_several_of_a_kind_in_test_a_and_mixed_kinds_in_test_b(instances, references):
    things_of = things_by_image(instances)

    commonest = {"train": set(), "val": set(), "testA": set(), "testB": set()}
    for reference in references:
        kinds = Counter(thing["category_id"] for thing in things_of[reference["image_id"]])
        commonest[reference["split"]].add(max(kinds.values()))
        if reference["split"] == "testA":
            assert kinds[reference["category_id"]] >= 3
        if reference["split"] == "testB":
            assert len(kinds) >= 3
    assert min(commonest["testA"]) >= 3
    assert max(commonest["testB"]) <= 2
    for split in ("train", "val"):
        assert min(commonest[split]) <= 2 < max(commonest[split])


def test_two_or_three_objects_are_referred_to_by_two_to_four_different_sentences(references):
    per_image = Counter(reference["image_id"] for reference in references)

    assert set(per_image.values()) == {2, 3}
    for reference in references:
        assert 2 <= len({one["sent"] for one in reference["sentences"]}) <= 4
        assert len(reference["sentences"]) <= 4


def test_all_objects_of_training_scenes_can_be_referred_to(corpus, instances, tmp_path):
    write_scenes(tmp_path / "all", **COUNTS, seed=3, num_workers=1, train_sentences=3)

    before = pickle.loads((corpus / "refs(scenes).p").read_bytes())
    after = pickle.loads((tmp_path / "all" / "refs(scenes).p").read_bytes())
    referred_to = Counter(one["ann_id"] for one in after if one["split"] == "train")
    assert set(referred_to.values()) == {1}
    assert len(referred_to) > 0.95 * sum(
        thing["image_id"] <= COUNTS["train"] for thing in instances["annotations"]
    )
    assert all(len(one["sentences"]) <= 3 for one in after if one["split"] == "train")
    texts = [
        [[one["sent"] for one in each["sentences"]] for each in found if each["split"] != "train"]
        for found in (before, after)
    ]
    assert texts[0] == texts[1]
    images = [file for file in files_in(corpus) if file.startswith("images/")]
    assert filecmp.cmpfiles(corpus, tmp_path / "all", images, shallow=False)[0] == images


def test_the_scenes_are_the_same_to_the_byte_for_any_number_of_workers(tmp_path):
    for num_workers in (1, 2):
        folder = tmp_path / str(num_workers)
        write_scenes(folder, train=30, evaluation=4, size=96, seed=7, num_workers=num_workers)

    names = files_in(tmp_path / "1")
    assert names == files_in(tmp_path / "2")
    assert len(names) == 30 + 3 * 4 + 3
    same, *others = filecmp.cmpfiles(tmp_path / "1", tmp_path / "2", names, shallow=False)
    assert sorted(same) == names
    assert others == [[], []]


def test_another_seed_gives_other_scenes_and_more_scenes_leave_the_first_alone(tmp_path):
    for name, train, seed in [("short", 3, 0), ("long", 6, 0), ("other", 3, 1)]:
        folder = tmp_path / name
        write_scenes(folder, train=train, evaluation=0, size=96, seed=seed, num_workers=1)

    pictures = {
        name: [file.read_bytes() for file in sorted((tmp_path / name / "images").iterdir())]
        for name in ("short", "long", "other")
    }
    assert pictures["long"][:3] == pictures["short"]
    assert not set(pictures["other"]) & set(pictures["short"])


def test_finished_scenes_are_left_alone_and_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "scenes").mkdir()
    settings = {"train": 2, "evaluation": 1, "size": 96, "seed": 0, "num_workers": 1}
    write_scenes(tmp_path / "scenes", **settings)
    before = (tmp_path / "scenes" / "instances.json").stat()

    write_scenes(tmp_path / "scenes", **settings)

    assert (tmp_path / "scenes" / "instances.json").stat() == before
    assert [file.name for file in tmp_path.iterdir()] == ["scenes"]


def test_other_scenes_and_other_files_are_not_overwritten(tmp_path):
    write_scenes(tmp_path / "scenes", train=2, evaluation=0, size=96, seed=0, num_workers=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").write_bytes(b"mine")

    with refused("seed", "1", "0"):
        write_scenes(tmp_path / "scenes", train=2, evaluation=0, size=96, seed=1, num_workers=1)
    with refused("missing"):
        write_scenes(tmp_path / "mine", train=2, evaluation=0, size=96, seed=1, num_workers=1)
    assert files_in(tmp_path / "mine") == ["photo.jpg"]


def test_nothing_stays_behind_when_drawing_fails(tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(scenes, "draw_scene", fail)
    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path / "scenes", train=2, evaluation=0, size=96, seed=0, num_workers=1)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"size": 40}, {"train": -1}, {"evaluation": -1}])
def test_numbers_without_sense_are_refused(tmp_path, wrong):
    with refused("64"):
        write_scenes(tmp_path / "scenes", **COUNTS | {"seed": 0, "num_workers": 1} | wrong)
