"""What all flags have in common: they cost nothing to read, and each says what it is for."""

import ast
import subprocess
import sys
from dataclasses import fields
from inspect import getsource
from pathlib import Path

import pytest

from vg_mc.flags.evaluate import EvaluateConfig
from vg_mc.flags.finetune import FinetuneConfig
from vg_mc.flags.predict import PredictConfig
from vg_mc.flags.prepare_data import PrepareConfig

ROOT = Path(__file__).parents[2]
SETTINGS = (EvaluateConfig, FinetuneConfig, PredictConfig, PrepareConfig)


def test_flags_are_known_without_a_heavy_library():
    imports = "\n".join(f"import {settings.__module__}" for settings in SETTINGS)
    heavy = "{'torch', 'transformers', 'pyarrow', 'datasets', 'ultralytics', 'matplotlib'}"
    probe = f"import sys\n{imports}\nsys.exit(bool({heavy} & set(sys.modules)))"

    finished = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=False)

    assert finished.returncode == 0


@pytest.mark.parametrize("settings", SETTINGS)
def test_each_flag_is_followed_by_its_help(settings):
    _, *body = ast.parse(getsource(settings)).body[0].body
    following = zip(body, [*body[1:], None], strict=True)
    pairs = [(one, after) for one, after in following if isinstance(one, ast.AnnAssign)]

    assert [flag.target.id for flag, _ in pairs] == [field.name for field in fields(settings)]
    for flag, after in pairs:
        has_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        assert has_text or "help=" in ast.unparse(flag.annotation), flag.target.id
