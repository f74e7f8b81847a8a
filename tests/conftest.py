"""Small real objects that several test files share."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from tests.forked import Ended, Server, places_of
from vg_mc.boxes.arithmetic import as_boxes
from vg_mc.predictions import (
    Choices,
    Examples,
    Predictions,
    Provenance,
)
from vg_mc.prepared.dataset import PreparedDataset, open_prepared
from vg_mc.prepared.manifest import SCHEMA_VERSION, data_hash, describe_files, write_manifest
from vg_mc.prepared.schema import (
    CANDIDATES,
    EXPRESSIONS,
    IMAGES,
    finish_folder,
    shard_name,
    write_shard,
)
from vg_mc.proposers.description import ProposerDescription

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"  # real inputs, which are not part of the repository

# No test may reach the network, whatever is cached on this machine.
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True, scope="session")
def _no_test_pulls_the_plug():
    """Do not wait for the disk: what fsync adds is seen only when a machine loses its power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


# The same examples judge every change; `--hypothesis-profile explore` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("same")


def made_predictions(
    name: str = "tiny",
    split: str = "val",
    data_hash: str = "0123abcd",
    expressions: int = 12,
    questions_seed: int = 0,
    logits_seed: int = 0,
    provenance: dict[str, object] | None = None,
) -> Predictions:
    """Make up predictions; of two seeds, so that two models can be asked the same questions."""
    generator = np.random.default_rng(questions_seed)
    counts = [0, *generator.integers(1, 6, size=expressions - 1)] if expressions else []
    corners = [np.sort(generator.uniform(0, 40, size=(count, 2, 2)), axis=1) for count in counts]
    boxes = [as_boxes(pair) for pair in corners]
    # Some candidate is meant wherever there is one; every third target was not proposed.
    targets = as_boxes(
        [
            rows[-1] if len(rows) and row % 3 else (50.0, 50.0, 60.0, 60.0)
            for row, rows in enumerate(boxes)
        ]
    )
    ends = np.cumsum([0, *counts])
    answers = np.random.default_rng(logits_seed)
    examples = Examples(
        expression_ids=np.arange(expressions, dtype=np.int64) * 7 + 100,
        texts=[f"the <b>object</b> number {row}, “left” & blue" for row in range(expressions)],
        image_ids=np.arange(expressions, dtype=np.int64) // 2,
        targets=targets,
        categories=["circle" if row % 2 else "square" for row in range(expressions)],
        distractors=np.arange(expressions, dtype=np.int64) % 4 - 1,
        image_sizes=np.tile(np.array([[64, 60]], np.int64), (expressions, 1)),
    )
    choices = Choices(
        candidate_ids=[
            np.arange(ends[row], ends[row + 1], dtype=np.int64) for row in range(expressions)
        ],
        boxes=boxes,
        logits=[answers.normal(0, 3, size=count).astype(np.float32) for count in counts],
        scores=[np.linspace(0.9, 0.3, count) for count in counts],
        categories=[(["circle", "", "square"] * 2)[:count] for count in counts],
    )
    known = {"proposals": ProposerDescription(("annotations",), [{"kind": "annotations"}])} | (
        provenance or {}
    )
    return Predictions(examples, choices, Provenance(name, split, data_hash, **known))


@pytest.fixture(scope="session")  # property tests need it to outlive their examples
def make_predictions() -> Callable[..., Predictions]:
    return made_predictions


COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "yellow": (220, 220, 30),
    "white": (240, 240, 240),
    "black": (10, 10, 10),
}
COLOURED_SIZE = 32  # pixels, the smallest that both tiny models take


class ColouredPhoto(NamedTuple):
    """A photo whose candidates are pictures of one colour each; a question is a text and IoUs."""

    colours: Sequence[str]
    questions: Sequence[tuple[str, Sequence[float]]]
    sources: Sequence[str] = ()  # of the candidates, annotations if it does not say


def random_photos(count: int, sentences: int, seed: int) -> list[ColouredPhoto]:
    """Draw photos of 2 to 5 colours; each sentence names one that is in the photo once."""
    generator = np.random.default_rng(seed)
    photos = []
    for _ in range(count):
        colours = list(generator.permutation(list(COLOURS))[: generator.integers(2, 6)])
        targets = generator.integers(len(colours), size=sentences)
        questions = [
            (f"{('the', 'a')[place % 2]} {colours[target]} one", np.eye(len(colours))[target])
            for place, target in enumerate(targets)
        ]
        photos.append(ColouredPhoto(colours, questions))
    return photos


def write_coloured(folder: Path, splits: dict[str, list[ColouredPhoto]]) -> PreparedDataset:
    """Write a prepared dataset, so small that a model learns it in seconds."""
    candidates, images = [], []
    rows = {split: [] for split in splits}
    for split, photos in splits.items():
        for photo in photos:
            image_id, first = len(images) + 1, len(candidates)
            images.append({"image_id": image_id, "file_name": "", "width": 99, "height": 9})
            sources = photo.sources or ["annotations"] * len(photo.colours)
            candidates += [
                _candidate(image_id, place, colour) | {"source": source}
                for place, (colour, source) in enumerate(zip(photo.colours, sources, strict=True))
            ]
            for text, ious in photo.questions:
                expression_id = 10 * sum(map(len, rows.values())) + 7
                rows[split].append(_expression(expression_id, image_id, text, ious, first))
    tables = {"candidates": (CANDIDATES, candidates), "images": (IMAGES, images)}
    tables |= {f"expressions/{split}": (EXPRESSIONS, rows[split]) for split in splits}
    return _write_prepared(folder, tables, list(splits), "colours", "stored")


Sentence = tuple[str, str, int]  # the file of the photo, the words, which of its boxes is meant


def write_sentences(
    folder: Path,
    splits: dict[str, list[Sentence]],
    *,
    corpus: str = "refcoco_unc",
    proposer: str = "yolo",
    category: str = "person",
) -> PreparedDataset:
    """Write a prepared dataset about named photos, with one candidate each."""
    names = list(dict.fromkeys(one[0] for found in splits.values() for one in found))
    images = [
        {"image_id": number, "file_name": name, "width": 99, "height": 9}
        for number, name in enumerate(names, start=1)
    ]
    found = {"source": proposer, "category": category}
    candidates = [_candidate(image["image_id"], 0, "red") | found for image in images]
    tables = {"candidates": (CANDIDATES, candidates), "images": (IMAGES, images)}
    for split, sentences in splits.items():
        rows = []
        for number, (name, text, target) in enumerate(sentences):
            image_id = names.index(name) + 1
            row = _expression(number, image_id, text, np.eye(9)[target][:1], image_id - 1)
            rows.append(row | {"target": [10.0 * target, 0.0, 10.0 * target + 8, 8.0]})
        tables[f"expressions/{split}"] = (EXPRESSIONS, rows)
    return _write_prepared(folder, tables, list(splits), corpus, proposer)


def _write_prepared(
    folder: Path, tables: dict[str, object], splits: list[str], corpus: str, proposer: str
) -> PreparedDataset:
    for name, (features, table) in tables.items():
        (folder / name).mkdir(parents=True)
        write_shard(folder / name / shard_name(0, 1), features, table)
        finish_folder(folder / name, features, [shard_name(0, 1)])
    files = describe_files(folder)
    marker = {"color": [0, 0, 0], "opacity": 0, "outline": 0}
    settings = {
        "image_size": COLOURED_SIZE,
        "fit": "squash",
        "marker": marker,
        "views": {"marker": marker},
        "train_proposer": {"kind": "annotations"},
        "proposer": {"kind": proposer},
    }
    described = {"corpus": corpus, "splits": splits, "settings": settings, "files": files}
    write_manifest(folder, {"schema": SCHEMA_VERSION, "data_hash": data_hash(files), **described})
    return open_prepared(folder)


def _candidate(image_id: int, place: int, colour: str) -> dict[str, object]:
    picture = io.BytesIO()
    Image.new("RGB", (COLOURED_SIZE, COLOURED_SIZE), COLOURS[colour]).save(picture, "JPEG")
    return {
        "image_id": image_id,
        "box": [10.0 * place, 0.0, 10.0 * place + 8, 8.0],
        "score": 1.0,
        "category": colour,
        "source": "annotations",
        "annotation_id": place,
        "picture": {"bytes": picture.getvalue(), "path": None},
    }


def _expression(
    expression_id: int, image_id: int, text: str, ious: Sequence[float], first: int
) -> dict[str, object]:
    target = int(np.argmax(ious)) if len(ious) else 0
    return {
        "expression_id": expression_id,
        "ref_id": expression_id,
        "image_id": image_id,
        "annotation_id": target,
        "text": text,
        "target": [10.0 * target, 0.0, 10.0 * target + 8, 8.0],
        "category": "",
        "candidate_ids": list(range(first, first + len(ious))),
        "ious": [float(iou) for iou in ious],
        "rivals": max(0, len(ious) - 1),
    }


@pytest.fixture(scope="session")
def make_coloured() -> Callable[[Path, dict[str, list[ColouredPhoto]]], PreparedDataset]:
    return write_coloured


@pytest.fixture(scope="session")
def make_sentences() -> Callable[..., PreparedDataset]:
    return write_sentences


@pytest.fixture(scope="session")
def make_photos() -> Callable[[int, int, int], list[ColouredPhoto]]:
    return random_photos


@pytest.fixture(scope="session")
def coloured(tmp_path_factory) -> PreparedDataset:
    """A prepared dataset of colours; testA holds an expression without candidates."""
    splits = {
        "train": random_photos(16, 2, seed=0),
        "val": random_photos(6, 2, seed=1),
        "testA": [*random_photos(4, 3, seed=2), ColouredPhoto([], [("nothing", [])])],
    }
    return write_coloured(tmp_path_factory.mktemp("coloured"), splits)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run programs in forks of a process that has the heavy libraries loaded."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def start(server) -> Callable[[Sequence[str], Path], str]:
    """Run Python with arguments; return what it printed, or fail with what it complained of."""

    def run(arguments: Sequence[str], folder: Path) -> str:
        (ended,) = server.run(arguments, folder)
        assert ended.code == 0, f"{arguments}\n{ended.printed}\n{ended.complaints}"
        return ended.printed

    return run


@pytest.fixture(scope="session")
def launch(server) -> Callable[..., list[Ended]]:
    """Run Python several times at once, each process told of the others as torchrun does it."""

    def run(processes: int, arguments: Sequence[str], folder: Path, **place: str) -> list[Ended]:
        places = [each | place for each in places_of(processes)]
        return server.run(arguments, folder, *places)

    return run


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory) -> Path:
    """An ultralytics checkpoint that finds many boxes anywhere."""
    import torch

    from vg_mc.proposers.offline_ultralytics import import_ultralytics
    from vg_mc.proposers.yolo_training import TINY

    import_ultralytics()
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(0)
    model = DetectionModel(str(TINY), nc=2, verbose=False)
    model.names = {0: "cat", 1: "dog"}
    head = model.model[-1]
    for layer in [*model.model[:-1].modules(), *head.cv2.modules(), *head.cv3.modules()]:
        if isinstance(layer, torch.nn.Conv2d):  # as they are, all places would look alike to it
            torch.nn.init.kaiming_normal_(layer.weight)
    for branch in head.cv3:
        torch.nn.init.zeros_(branch[-1].bias)
    file = tmp_path_factory.mktemp("weights") / "random.pt"
    torch.save({"model": model, "train_args": {"imgsz": 96}}, file)
    return file


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not there: no real input was tried")
    return SHARED


NOUNS = "cat cats dog hot guy man shirt horse pizza slice bear teddy side left orange".split()
SINGULAR = {"cats": "cat"}


@pytest.fixture(scope="session")
def spacy_model(tmp_path_factory) -> str:
    """Save a spaCy model that knows a few nouns by rule, and return its folder."""
    spacy = pytest.importorskip("spacy")
    language = spacy.blank("en")
    rules = language.add_pipe("attribute_ruler")
    rules.add([[{"LOWER": {"NOT_IN": NOUNS}}]], {"POS": "X"})
    for noun in NOUNS:
        pos = "ADJ" if noun == "hot" else "NOUN"
        rules.add([[{"LOWER": noun}]], {"POS": pos, "LEMMA": SINGULAR.get(noun, noun)})
    folder = tmp_path_factory.mktemp("spacy") / "rules"
    language.to_disk(folder)
    return str(folder)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="replace tests/golden.json")
