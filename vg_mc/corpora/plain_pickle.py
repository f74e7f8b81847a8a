"""Read pickles that hold nothing but plain data: lists, dictionaries, numbers and text.

The REFER toolkit ships its references as pickles, and a pickle can run any program while it is
read. Plain data needs no imports, so an unpickler that refuses every import is enough to be safe.
"""

import io
import pickle
from pathlib import Path
from typing import NoReturn

from vg_mc.errors import BadInputError


class _PlainUnpickler(pickle._Unpickler):  # noqa: SLF001 - documented as the one without C
    """An unpickler without any way to a function or class.

    It is the one written in Python: half as fast, but the other one makes a table as long as a
    number in the file says, and ten bytes of a damaged file can ask for all memory.
    """

    def find_class(self, module: str, name: str) -> NoReturn:
        raise BadInputError(
            f"expected plain data only, but the pickle asks for {module}.{name}; nothing was run"
        )

    def persistent_load(self, pid: object) -> NoReturn:
        raise BadInputError(f"expected plain data only, but the pickle refers to object {pid!r}")


def read_plain_pickle(file: Path) -> object:
    """Return the lists, dictionaries, numbers and texts in `file`.

    Python 2 wrote texts as bytes without saying in which encoding. UTF-8 is tried first; a file
    that is not UTF-8 throughout is read as Latin-1, which loses no byte, and cleaning the text
    repairs what was UTF-8 after all.

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
        problem = f"expected a whole pickle of plain data: {type(fault).__name__}: {fault}"
        raise BadInputError(problem, file=file) from fault


def _unpickled(content: bytes) -> object:
    try:
        return _PlainUnpickler(io.BytesIO(content), encoding="utf-8").load()
    except UnicodeDecodeError:
        return _PlainUnpickler(io.BytesIO(content), encoding="latin-1").load()
