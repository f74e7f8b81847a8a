"""Reader of pickles that contain only plain data: lists, dictionaries, numbers and text.

REFER distributes its references as pickles, and loading a pickle can execute arbitrary code. Plain
data needs no imports, so an unpickler that refuses every import is sufficient.
"""

import io
import pickle
from pathlib import Path
from typing import NoReturn

from vg_mc.errors import BadInputError


class _PlainUnpickler(pickle._Unpickler):  # noqa: SLF001 - documented
    """An unpickler that cannot load functions or classes.

    It is the pure Python implementation, which is half as fast. The C implementation allocates a
    table whose size is read from the file, so a few damaged bytes can exhaust the memory.
    """

    def find_class(self, module: str, name: str) -> NoReturn:
        raise BadInputError(
            f"expected plain data only, but the pickle imports {module}.{name}; no code was run"
        )

    def persistent_load(self, pid: object) -> NoReturn:
        raise BadInputError(f"expected plain data only, but the pickle refers to object {pid!r}")


def read_plain_pickle(file: Path) -> object:
    """Return the lists, dictionaries, numbers and texts in `file`.

    Python 2 pickled byte strings without their encoding. UTF-8 is tried first. A file that is not
    valid UTF-8 is decoded as Latin-1, which loses no byte; text cleaning later repairs the parts
    that are UTF-8.

    Raises:
        BadInputError: If the file is missing, damaged, or would import anything.
    """
    try:
        content = file.read_bytes()
    except OSError as fault:
        raise BadInputError(f"expected a readable pickle: {fault.strerror}", file=file) from fault
    try:
        return _unpickled(content)
    except BadInputError as fault:
        raise BadInputError(fault.problem, file=file) from fault
    except Exception as fault:
        problem = f"expected an undamaged pickle of plain data: {type(fault).__name__}: {fault}"
        raise BadInputError(problem, file=file) from fault


def _unpickled(content: bytes) -> object:
    try:
        return _PlainUnpickler(io.BytesIO(content), encoding="utf-8").load()
    except UnicodeDecodeError:
        return _PlainUnpickler(io.BytesIO(content), encoding="latin-1").load()
