"""Reports are made of stored predictions: they need no model, and no library for one."""

import subprocess
import sys
from pathlib import Path

import vg_mc

HEAVY = ("torch", "transformers", "matplotlib", "datasets", "cv2")


def test_no_report_loads_what_models_or_plots_need():
    package = Path(vg_mc.__file__).parent
    names = [
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for path in sorted((package / "reports").rglob("*.py"))
    ]
    loaded = f"import sys, {', '.join(names)}; print(*sorted(set({HEAVY}) & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []
