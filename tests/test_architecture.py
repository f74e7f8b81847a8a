"""The house has floors: a module imports only from floors below its own, or from its own room."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "vg_mc"

# From the ground up. A room is a module or a folder of vg_mc; rooms of one floor are neighbours
# that do not know each other.
FLOORS = [
    {"boxes", "records", "faults"},
    {  # pure parts
        "config", "disk_space", "fields", "fitting", "hub_folders", "interruption", "language",
        "losses", "markers",
        "metrics", "opencv", "photos", "processes", "proposer_words", "shadowing", "versions",
        "whole_files", "whole_folders", "word_kinds", "workers",
    },
    # What files are called, what words say, and what a region looks like to a model.
    {"hashed_files", "phrases", "views"},
    {"corpora", "encoders", "proposers", "rec_accuracy"},  # the outside world
    {"caption_table", "features", "predictions", "prepared"},  # data as files
    {"batching", "encoding", "scoring"},  # data as tensors or numbers, out of the files
    {"grounders"},  # answers
    {"ensembling", "evaluation", "preparation", "region_similarity"},  # procedures
    {"pointing", "training"},  # those that use others: to draw an answer, to validate an epoch
    {"tuning"},  # many trainings
    {"flags", "reports"},  # what people say and what they see
    {"commands"},
    {"__main__"},
]  # fmt: skip
FLOOR_OF = {room: level for level, floor in enumerate(FLOORS) for room in floor}

WITHOUT_A_TEST_FILE = {
    "records.py": "values without behaviour",
    "batching/batches.py": "values without behaviour",
    "commands/request.py": "values without behaviour",
    "flags/choices.py": "values without behaviour",
    "flags/evaluate.py": "values without behaviour",
    "flags/finetune.py": "values without behaviour",
    "flags/predict.py": "values without behaviour",
    "flags/prepare_data.py": "values without behaviour",
    "encoders/dual_encoder.py": "a Protocol: nothing in it runs",
    "grounders/scorer.py": "a Protocol: nothing in it runs",
}

MOST_LINES_OF_A_FILE = 280
MOST_LINES_OF_A_FUNCTION = 60

MODULES = sorted(PACKAGE.rglob("*.py"))
PROGRAMS = [*sorted(ROOT.glob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]

each_module = pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
each_file = pytest.mark.parametrize(
    "path", [*MODULES, *PROGRAMS], ids=lambda path: path.relative_to(ROOT).as_posix()
)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(tree: ast.Module) -> Iterator[str]:
    """Name all modules that are imported, or what is taken out of them, wherever it is done."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "vg_mc.<relative>" if node.level else node.module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_rooms(tree: ast.Module) -> set[str]:
    names = (name.split(".") for name in imported_names(tree))
    return {parts[1] for parts in names if parts[0] == "vg_mc" and len(parts) > 1}


def file_of(name: str) -> Path | None:
    """Return the file of our package that a name leads to: a module's own, or where it stands."""
    parts = name.split(".")
    while parts:
        for end in (f"{parts[-1]}.py", f"{parts[-1]}/__init__.py"):
            path = ROOT.joinpath(*parts[:-1], end)
            if path in MODULES:
                return path
        parts.pop()
    return None


def circle_among(imports: Mapping[str, set[str]]) -> list[str]:
    """Return files that import each other, each the one before it; none where there is no circle.

    That a module's folder is imported before it does not count.
    """
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def dotted(node: ast.expr) -> str:
    """Spell `torch.load` as it is written; anything else than names and dots is empty."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers(tree: ast.Module) -> Iterator[str]:
    """Ways in which a file from outside could run code on the user's machine."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == "trust_remote_code":
            yield "trust_remote_code"
        elif isinstance(node, ast.ImportFrom) and node.module in {"pickle", "dill", "cloudpickle"}:
            yield from (
                f"from {node.module} import {a.name}" for a in node.names if "load" in a.name
            )
        elif isinstance(node, ast.Call):
            keywords = {word.arg: ast.unparse(word.value) for word in node.keywords}
            name = dotted(node.func)
            if "trust_remote_code" in keywords:
                yield "trust_remote_code"
            if name.split(".")[0] in {"pickle", "dill", "cloudpickle"} and "load" in name:
                yield name
            if name.endswith("read_pickle") or keywords.get("allow_pickle") == "True":
                yield f"{name} of a pickle"
            if name == "torch.load" and keywords.get("weights_only") != "True":
                yield "torch.load without weights_only=True"


@each_module
def test_imports_go_down(path):
    rooms = imported_rooms(tree_of(path))
    if path == PACKAGE / "__init__.py":
        assert rooms == {"pointing", "versions"}, "the door to the package: a room, when asked for"
        return
    here = room_of(path)
    homeless = sorted(({here} | rooms) - set(FLOOR_OF))
    assert not homeless, f"{homeless} need a floor: add them to FLOORS in {Path(__file__).name}"

    too_high = sorted(room for room in rooms - {here} if FLOOR_OF[room] >= FLOOR_OF[here])
    assert not too_high, (
        f"{path.name} on floor {FLOOR_OF[here]} imports {too_high} from its own floor or above"
    )


def test_no_files_import_each_other_in_a_circle():
    imports = {
        path.relative_to(ROOT).as_posix(): {
            file.relative_to(ROOT).as_posix()
            for file in map(file_of, imported_names(tree_of(path)))
            if file is not None
        }
        for path in MODULES
    }

    circle = circle_among(imports)
    assert not circle, f"{' <- '.join(circle)}: move what they share into a file below them"


@each_module
def test_a_module_has_its_test_file(path):
    inside = path.relative_to(PACKAGE)
    if path.name == "__init__.py" or inside.as_posix() in WITHOUT_A_TEST_FILE:
        return

    mirror = ROOT / "tests" / inside.with_name(f"test_{inside.stem.strip('_')}.py")
    assert mirror.is_file(), f"vg_mc/{inside} is tested in {mirror.relative_to(ROOT)}: write it"


def test_no_exception_outlives_its_module():
    assert all((PACKAGE / name).is_file() for name in WITHOUT_A_TEST_FILE)


@each_file
def test_a_file_can_be_read_in_one_sitting(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= MOST_LINES_OF_A_FILE


@each_file
def test_a_function_can_be_seen_at_once(path):
    functions = [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}

    assert {name for name, length in lengths.items() if length > MOST_LINES_OF_A_FUNCTION} == set()


@each_file
def test_no_file_from_outside_is_executed(path):
    assert list(dangers(tree_of(path))) == []


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch.load(path)",
        "torch.load(path, weights_only=False)",
        "pickle.load(file)",
        "pickle.loads(text)",
        "from pickle import loads",
        "pandas.read_pickle(path)",
        "numpy.load(path, allow_pickle=True)",
        "load_dataset(name, trust_remote_code=True)",
        "options = {'trust_remote_code': True}",
    ],
)
def test_the_guard_knows_a_danger_when_it_sees_one(code):
    assert len(list(dangers(ast.parse(code)))) == 1


def test_the_guard_lets_safe_reading_pass():
    safe = "torch.load(path, weights_only=True); json.load(file); pickle.dump(rows, file)"

    assert list(dangers(ast.parse(safe))) == []


@pytest.mark.parametrize(
    ("code", "rooms"),
    [
        ("from vg_mc.boxes import areas", {"boxes"}),
        ("from vg_mc import boxes, records", {"boxes", "records"}),
        ("import vg_mc.prepared.dataset", {"prepared"}),
        ("def late():\n    from vg_mc.training import loop", {"training"}),
        ("import vg_mc, torch", set()),
        ("from . import boxes", {"<relative>"}),
    ],
)
def test_the_guard_sees_every_way_of_importing(code, rooms):
    assert imported_rooms(ast.parse(code)) == rooms


@pytest.mark.parametrize(
    ("code", "file"),
    [
        ("from vg_mc.boxes import areas", "boxes.py"),
        ("from vg_mc import boxes", "boxes.py"),
        ("import vg_mc.prepared.dataset", "prepared/dataset.py"),
        ("from vg_mc.prepared import dataset", "prepared/dataset.py"),
        ("from vg_mc.predictions import Predictions", "predictions/__init__.py"),
        ("if TYPE_CHECKING:\n    from vg_mc.boxes import areas", "boxes.py"),
        ("def late():\n    from vg_mc.training import loop", "training/loop.py"),
        ("from vg_mc import __version__", "__init__.py"),
    ],
)
def test_the_guard_knows_which_file_an_import_reads(code, file):
    assert [file_of(name) for name in imported_names(ast.parse(code))] == [PACKAGE / file]


def test_the_guard_takes_no_library_for_a_file_of_ours():
    assert file_of("evaluate.Metric") is None


def test_the_guard_follows_a_circle_through_many_files():
    assert circle_among({"a": {"b", "c"}, "b": {"c"}, "c": {"d"}, "d": set()}) == []
    assert set(circle_among({"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": {"b"}})) == {"b", "c", "d"}
    assert circle_among({"a": {"a"}}) == ["a", "a"]
