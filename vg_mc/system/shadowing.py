"""The script ``evaluate.py`` hides Hugging Face's package ``evaluate``; here is the way around it.

Python puts a script's own folder first on ``sys.path``, so a script named like a package hides that
package from every import of the process, those of other libraries included. Both names are given:
the script's by its users, the package's by its authors. So the script steps aside when it is
imported instead of run, and everybody goes on writing ``import evaluate``.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path


def load_installed(name: str, *, hidden_by: str) -> None:
    """Bind `name` in ``sys.modules`` to the installed package that the script `hidden_by` hides.

    To be called while the script is imported under that name: Python's import statement looks into
    ``sys.modules`` again once the script has run, and hands out what it finds there.

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
