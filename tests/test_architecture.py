"""The package has layers: a module imports from layers below its own, or from its own room."""

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "vg_mc"

# From the bottom up. A room is a module or a folder of vg_mc; it imports from rooms before it.
ROOMS = [
    "errors",  # BadInputError
    "records",  # images, expressions, proposals as values
    "boxes",
    "system",  # files, processes, signals, launchers, the hub
    "text",
    "metrics",
    "images",
    "corpora",
    "proposers",
    "prepared",
    "models",
    "grounders",
    "predictions",
    "scoring",
    "training",
    "inference",
    "reports",
    "commands",
    "__main__",
]
MOST_ROOMS = 18  # besides __main__
LAYER_OF = {room: layer for layer, room in enumerate(ROOMS)}

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60

MODULES = sorted(PACKAGE.rglob("*.py"))
FILES = [*MODULES, *sorted(ROOT.glob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]


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
            # Without it, transformers asks on a terminal whether to run code of the model.
            if keywords.get("trust_remote_code", "False") != "False":
                yield "trust_remote_code"
            if name.split(".")[0] in {"pickle", "dill", "cloudpickle"} and "load" in name:
                yield name
            if name.endswith("read_pickle") or keywords.get("allow_pickle") == "True":
                yield f"{name} of a pickle"
            if name == "torch.load" and keywords.get("weights_only") != "True":
                yield "torch.load without weights_only=True"


def offending_imports(path: Path) -> Iterator[str]:
    """Name what a module imports from its own layer or above, and rooms without a layer."""
    name, here = path.relative_to(ROOT).as_posix(), room_of(path)
    for room in sorted(({here} | imported_rooms(tree_of(path))) - set(ROOMS)):
        yield f"{name}: {room} has no layer, add it to ROOMS"
    for room in sorted((imported_rooms(tree_of(path)) & set(ROOMS)) - {here}):
        if LAYER_OF[room] >= LAYER_OF.get(here, 0):
            yield f"{name} imports {room}, which is above {here}"


def test_imports_go_down():
    offenders = [
        line
        for path in MODULES
        if path != PACKAGE / "__init__.py"
        for line in offending_imports(path)
    ]

    assert not offenders, "\n".join(offenders)


def test_the_package_opens_two_rooms():
    assert imported_rooms(tree_of(PACKAGE / "__init__.py")) == {"inference", "system"}


def test_the_top_level_has_few_rooms_and_each_of_them_exists():
    rooms = {room_of(path) for path in MODULES} - {"__init__"}

    assert rooms == set(ROOMS)
    assert len(rooms - {"__main__"}) <= MOST_ROOMS


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


def is_tested(path: Path) -> bool:
    """Whether a module has a test file, or its folder has tests."""
    inside = path.relative_to(PACKAGE)
    mirror = ROOT / "tests" / inside.with_name(f"test_{inside.stem.strip('_')}.py")
    return mirror.is_file() or (len(inside.parts) > 1 and any(mirror.parent.glob("test_*.py")))


def test_modules_or_their_folders_have_tests():
    untested = [path for path in MODULES if path.name != "__init__.py" and not is_tested(path)]

    assert [path.name for path in untested] == [
        "records.py",
    ]


def test_files_can_be_read_in_one_sitting():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert {p.name: n for p, n in lengths.items() if n > MOST_LINES_OF_A_FILE} == {}


def long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > MOST_LINES_OF_A_FUNCTION:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines"


def test_functions_can_be_seen_at_once():
    assert [line for path in FILES for line in long_functions(path)] == []


def test_no_file_from_outside_is_executed():
    assert {path.name: found for path in FILES if (found := list(dangers(tree_of(path))))} == {}


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
    safe += "; load(name, trust_remote_code=False)"

    assert list(dangers(ast.parse(safe))) == []


@pytest.mark.parametrize(
    ("code", "rooms"),
    [
        ("from vg_mc.boxes.arithmetic import areas", {"boxes"}),
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
        ("from vg_mc.boxes.arithmetic import areas", "boxes/arithmetic.py"),
        ("from vg_mc import boxes", "boxes/__init__.py"),
        ("import vg_mc.prepared.dataset", "prepared/dataset.py"),
        ("from vg_mc.prepared import dataset", "prepared/dataset.py"),
        ("from vg_mc.predictions import Predictions", "predictions/__init__.py"),
        ("if TYPE_CHECKING:\n    from vg_mc.boxes.arithmetic import areas", "boxes/arithmetic.py"),
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
