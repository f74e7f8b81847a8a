"""Add to the running environment the requirements that it lacks, and touch nothing else.

For an environment that somebody made and activated: a package that is there stays at its version,
since a torch chosen for one's own GPU is worth more than ours. Uses the standard library alone,
because in an empty environment there is nothing else.
"""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PIN = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def installed_version(name: str) -> str | None:
    """Return the version of a distribution in this environment, None where it is missing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main() -> None:
    """Install the pins of requirements.txt that are missing; report the versions that differ."""
    requirements = Path(__file__).parent.parent / "requirements.txt"
    tested = dict(PIN.findall(requirements.read_text(encoding="utf-8")))
    present = {name: installed_version(name) for name in tested}

    for name, found in present.items():
        if found is not None and found.split("+")[0] != tested[name]:  # +cu126 is a build of it
            print(f"{name} {found} stays; the tests ran with {tested[name]}")
    missing = [f"{name}=={tested[name]}" for name, found in present.items() if found is None]
    if missing:
        subprocess.run([sys.executable, "-m", "pip", "install", *missing], check=True)


if __name__ == "__main__":
    main()
