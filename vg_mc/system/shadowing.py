"""Import of the installed package ``evaluate``, which the script ``evaluate.py`` shadows.

Python puts the folder of a script first on ``sys.path``, so a script named like a package hides
that package from every import of the process, including those of other libraries. Both names are
fixed. When the script is imported instead of run, it therefore loads the installed package in its
place, so that ``import evaluate`` works everywhere.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path


def load_installed(name: str, *, hidden_by: str) -> None:
    """Bind `name` in ``sys.modules`` to the installed package that the script `hidden_by` hides.

    Must be called while the script is imported under that name: after running the script, the
    import statement returns the entry of ``sys.modules``.

    Raises:
        ModuleNotFoundError: If no such package is installed.
    """
    script_folder = Path(hidden_by).resolve().parent
    elsewhere = [entry for entry in sys.path if Path(entry).resolve() != script_folder]
    spec = PathFinder.find_spec(name, elsewhere)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(
            f"no installed package {name!r} besides the script {hidden_by}", name=name
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
