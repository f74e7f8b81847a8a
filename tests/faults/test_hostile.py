"""Hostile files: nothing in them runs, nothing is written outside, and each is refused clearly."""

import csv
import io
import json
import os
import pickle
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from tests.refusals import refused
from vg_mc.boxes.judging import UNDECLARED
from vg_mc.commands.config import parse_config
from vg_mc.commands.prepare_data import main as prepare_data
from vg_mc.corpora.plain_pickle import read_plain_pickle
from vg_mc.corpora.pth import read_pth
from vg_mc.corpora.table import read_table
from vg_mc.errors import BadInputError
from vg_mc.proposers.choice import ProposerChoice
from vg_mc.proposers.stored import read_detections
from vg_mc.records import ImageFolder

SCRIPT = "<script>alert(1)</script>"


class Payload:
    """What runs a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.fixture
def canary(tmp_path):
    """Give a file that a hostile input would make."""
    file = tmp_path / "outside" / "canary"
    file.parent.mkdir()
    yield file
    assert list(file.parent.iterdir()) == []


def gadgets(canary: Path):
    code = f"open({str(canary)!r}, 'w')"
    return {
        "os.system": Payload(os.system, f"touch {canary}"),
        "eval": Payload(eval, code),
        "exec": Payload(exec, code),
        "open": Payload(open, str(canary), "w"),
        "mkdir": Payload(os.mkdir, str(canary)),
        "popen": Payload(subprocess.Popen, ["touch", str(canary)]),
        "getattr": Payload(getattr, Payload(__import__, "os"), "system"),
        "numpy's load": Payload(np.save, str(canary), 1),
        "torch's save": Payload(torch.save, 1, str(canary)),
        "in a list": [1, {"image": Payload(os.mkdir, str(canary))}],
        "an array of objects": np.array([Payload(os.mkdir, str(canary))], dtype=object),
    }


GADGETS = list(gadgets(Path("x")))
OPCODES = {
    "GLOBAL, REDUCE": "cos\nmkdir\n(S'{}'\ntR.",
    "INST": "(S'{}'\nios\nmkdir\n.",
    "OBJ": "(cos\nmkdir\nS'{}'\no.",
    "BUILD": "cos\nmkdir\n}}S'x'\nS'{}'\nsb.",
    "PERSID": "P{}\n.",
}


@pytest.mark.parametrize("name", GADGETS)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_references_that_run_something_are_refused(name, protocol, canary, tmp_path):
    file = tmp_path / "refs(unc).p"
    file.write_bytes(pickle.dumps(gadgets(canary)[name], protocol))

    with refused(file="refs(unc).p"):
        read_plain_pickle(file)


@pytest.mark.parametrize("name", OPCODES)
def test_no_opcode_gets_out(name, canary, tmp_path):
    file = tmp_path / "refs(unc).p"
    file.write_bytes(OPCODES[name].format(canary).encode())

    with refused(file="refs(unc).p"):
        read_plain_pickle(file)


@pytest.mark.parametrize("name", GADGETS)
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_lists_of_torch_that_run_something_are_refused(name, kind, canary, tmp_path):
    file = tmp_path / "unc_val.pth"
    if kind == "pickle":
        file.write_bytes(pickle.dumps(gadgets(canary)[name]))
    else:
        torch.save(gadgets(canary)[name], file, _use_new_zipfile_serialization=kind == "zip")

    with refused(file="unc_val.pth"):
        read_pth(file, ImageFolder(tmp_path), declared=UNDECLARED, skip_bad=True)


@pytest.mark.parametrize("name", ["os.system", "eval", "mkdir", "an array of objects"])
@pytest.mark.parametrize("zipped", [True, False])
def test_weights_of_a_detector_that_run_something_are_refused(name, zipped, canary, tmp_path):
    from vg_mc.proposers.building import build_proposer

    file = tmp_path / "weights.pt"
    content = {"model": gadgets(canary)[name]}
    torch.save(content, file, _use_new_zipfile_serialization=zipped)

    with refused(file="weights.pt"):
        build_proposer(ProposerChoice("yolo", file))


def test_an_archive_of_torch_with_paths_that_lead_out_unpacks_nothing(canary, tmp_path):
    file = tmp_path / "unc_val.pth"
    torch.save([1], file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("../outside/canary", "x")
        archive.writestr(str(canary), "x")

    with pytest.raises(BadInputError):
        read_pth(file, ImageFolder(tmp_path), declared=UNDECLARED, skip_bad=False)


@pytest.mark.parametrize("kind", ["pandas' notes", "a type of others", "pickled type"])
def test_notes_in_a_parquet_file_are_not_obeyed(kind, canary, tmp_path):
    payload = pickle.dumps(Payload(os.mkdir, str(canary)))
    notes = {
        "pandas' notes": ({b"pandas": payload}, {}),
        "a type of others": ({}, {"ARROW:extension:name": "vg_mc.unknown"}),
        "pickled type": (
            {},
            {"ARROW:extension:name": "arrow.py_extension_type",
             "ARROW:extension:metadata": payload},
        ),
    }[kind]  # fmt: skip
    values = {"image_id": [9], "box": [[1.0, 2, 3, 4]], "score": [0.5]}
    table = pa.table(values)
    table = table.add_column(
        3, pa.field("category", pa.string(), metadata=notes[1]), pa.array(["dog"])
    )
    pq.write_table(table.replace_schema_metadata(notes[0]), tmp_path / "d.parquet")

    found = read_detections(tmp_path / "d.parquet", skip_bad=False)

    assert found.categories == ["dog"]


@pytest.mark.parametrize(
    "name",
    ["../outside/a.jpg", "/etc/passwd", "a/../../outside/a.jpg", "C:\\a.jpg", "..\\a.jpg",
     "a\0.jpg", "link/a.jpg", "link.jpg"],
)  # fmt: skip
def test_a_name_of_a_photo_leads_nowhere_else(name, tmp_path):
    outside, images = tmp_path / "elsewhere", tmp_path / "images"
    outside.mkdir()
    images.mkdir()
    Image.new("RGB", (64, 48)).save(outside / "a.jpg")
    (images / "link").symlink_to(outside)
    (images / "link.jpg").symlink_to(outside / "a.jpg")
    row = {"image": name, "expression": "man", "box": [1, 2, 30, 40], "split": "val"}
    (tmp_path / "mine.json").write_text(json.dumps([row]))

    with refused("folder"):
        read_table(tmp_path / "mine.json", ImageFolder(images), declared=UNDECLARED, skip_bad=False)


def write_corpus(folder: Path, name: str = "a.jpg", text: str = SCRIPT) -> list[str]:
    images = folder / "images"
    images.mkdir(parents=True)
    Image.new("RGB", (64, 48), (90, 90, 90)).save(buffer := io.BytesIO(), "JPEG")
    (images / name).write_bytes(buffer.getvalue())
    with (folder / "mine.csv").open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["image", "expression", "box", "split", "category"])
        writer.writerow([name, text, "1 2 30 40", "val", f"{SCRIPT}|x"])
        writer.writerow([name, "man", "30 2 60 40", "val", "=1+1"])
    return ["--corpus", "table", "--annotations", str(folder / "mine.csv"), "--output",
            str(folder / "prepared"), "--image-size", "32", "--num-workers", "1",
            "--box-format", "xyxy", "--box-unit", "pixels"]  # fmt: skip


@pytest.mark.parametrize("name", ["a\nb.jpg", "<img src=x onerror=alert(1)>.jpg", "$(touch x).jpg"])
def test_names_and_words_of_html_are_only_text(name, tmp_path):
    from vg_mc.__main__ import main

    arguments = write_corpus(tmp_path / "corpus", name)

    prepare_data(arguments)
    prepared = tmp_path / "corpus" / "prepared"
    main(["show", str(prepared), "--output", str(tmp_path / "page.html"), "--images",
          str(tmp_path / "corpus" / "images")])  # fmt: skip

    pages = [*prepared.rglob("*.md"), tmp_path / "page.html"]
    assert len(pages) == 2
    for page in pages:
        content = page.read_text(encoding="utf-8")
        assert "<script" not in content
        assert "<img src=x" not in content
    assert {path.name for path in tmp_path.iterdir()} == {"corpus", "page.html"}


def test_a_split_named_like_a_path_is_refused(tmp_path, capsys):
    arguments = write_corpus(tmp_path / "corpus")
    table = tmp_path / "corpus" / "mine.csv"
    table.write_text(table.read_text().replace(",val,", ",../../outside,"))

    with pytest.raises(SystemExit):
        prepare_data(arguments)

    assert "valid folder name" in capsys.readouterr().err
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "tag",
    ["!!python/object/apply:os.mkdir ['{}']", "!!python/object/new:os.mkdir ['{}']",
     "!!python/name:os.system", "!!python/module:antigravity"],
)  # fmt: skip
def test_a_recipe_with_tags_of_python_runs_nothing(tag, canary, tmp_path):
    from vg_mc.commands.prepare_data import PrepareConfig

    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"annotations: x\noutput: {tag.format(canary)}\n")

    try:
        parse_config(PrepareConfig, ["--recipe", str(recipe)])
    except (BadInputError, SystemExit):
        return  # a list is no folder; a word is one of an odd name


WATCHED = """
import sys
asked = []
watched = {"socket.__new__", "socket.getaddrinfo", "socket.gethostbyname", "socket.connect",
           "socket.bind", "urllib.Request", "http.client.connect"}
sys.addaudithook(lambda event, _: asked.append(event) if event in watched else None)
from vg_mc.commands.prepare_data import main
main(sys.argv[1:-1])
from vg_mc.__main__ import main
main(["verify", sys.argv[-1]])
main(["audit", sys.argv[-1]])
assert asked == [], asked
print("no socket")
"""


def test_preparing_opens_no_socket(tmp_path, start):
    arguments = write_corpus(tmp_path / "corpus")

    printed = start(["-c", WATCHED, *arguments, str(tmp_path / "corpus" / "prepared")], tmp_path)

    assert printed.splitlines()[-1] == "no socket"


ALSO_WATCHED = (
    WATCHED.partition("from vg_mc.commands")[0]
    + """
from vg_mc.commands.finetune import main
data, run = sys.argv[1:]
main(["--dataset", data, "--model", "tiny-vit", "--epochs", "1", "--num-workers", "0",
      "--batch-size", "2", "--output", run])
from vg_mc.commands.evaluate import main
main(["--dataset", data, "--model", run + "/best", "--split", "val", "--output", run + "/val",
      "--num-workers", "0"])
assert asked == [], asked
print("no socket")
"""
)


def test_training_and_evaluating_open_no_socket(tmp_path, start):
    corpus = tmp_path / "corpus"
    arguments = write_corpus(corpus, text="dog")
    lines = (corpus / "mine.csv").read_text().splitlines()
    training = [line.replace(",val,", ",train,") for line in lines[1:]]
    (corpus / "mine.csv").write_text("\n".join([*lines, *training]))
    arguments[arguments.index("--image-size") + 1] = "64"
    prepare_data(arguments)

    printed = start(["-c", ALSO_WATCHED, str(corpus / "prepared"), str(tmp_path / "run")], tmp_path)

    assert printed.splitlines()[-1] == "no socket"
