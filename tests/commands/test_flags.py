"""What all flags have in common: they cost nothing to read, and each says what it is for."""

import ast
import subprocess
import sys
from dataclasses import is_dataclass
from inspect import getsource
from pathlib import Path
from typing import get_type_hints

import pytest

from vg_mc.commands.evaluate import EvaluateConfig
from vg_mc.commands.finetune import FinetuneConfig
from vg_mc.commands.predict import PredictConfig
from vg_mc.commands.prepare_data import PrepareConfig

ROOT = Path(__file__).parents[2]
SETTINGS = (EvaluateConfig, FinetuneConfig, PredictConfig, PrepareConfig)


def test_flags_are_known_without_a_heavy_library():
    imports = "\n".join(f"import {settings.__module__}" for settings in SETTINGS)
    heavy = "{'torch', 'transformers', 'pyarrow', 'datasets', 'ultralytics', 'matplotlib'}"
    probe = f"import sys\n{imports}\nsys.exit(bool({heavy} & set(sys.modules)))"

    finished = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False)

    assert finished.returncode == 0


def undocumented(options_class) -> list[str]:
    """Name the options of a class and of its groups that have no help."""
    body = ast.parse(getsource(options_class)).body[0].body
    types = get_type_hints(options_class)
    names = []
    for node, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign):
            continue
        if is_dataclass(types[node.target.id]):
            names += undocumented(types[node.target.id])
            continue
        is_text = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        if not is_text and "help=" not in ast.unparse(node.annotation):
            names.append(node.target.id)
    return names


@pytest.mark.parametrize("settings", SETTINGS)
def test_each_flag_has_its_help(settings):
    assert undocumented(settings) == []
