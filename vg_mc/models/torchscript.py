"""Tensors of a TorchScript archive, read without running its program.

openai/CLIP distributes its weights as such archives. ``torch.jit.load`` compiles and runs code from
the file, and ``weights_only=True`` refuses it. The tensors are parameters and buffers of pickled
modules, so an unpickler that builds tensors and empty objects only is sufficient.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

STORAGES = {
    "BFloat16Storage": torch.bfloat16,
    "BoolStorage": torch.bool,
    "ByteStorage": torch.uint8,
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
}


class _Module:
    """A module of the stored program; its attributes are those of the archive."""


class _ArchiveUnpickler(pickle._Unpickler):  # noqa: SLF001 - documented
    """An unpickler of tensors and attributes, which loads no function or class of the archive.

    It is the pure Python implementation; the C implementation allocates a table whose size is read
    from the file.
    """

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self._archive = archive
        self._root = root

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        if module.split(".", maxsplit=1)[0] == "__torch__":
            return type(name, (_Module,), {})
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if module == "torch.jit._pickle":  # lists of numbers, and values with a stored type
            return _first
        allowed = {
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("collections", "OrderedDict"): OrderedDict,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"it imports {module}.{name}, which is not a tensor")
        return allowed[module, name]

    def persistent_load(self, pid: Any) -> Tensor:  # noqa: ANN401
        _, dtype, key, _, count = pid
        if not count:
            return torch.empty(0, dtype=dtype)
        content = bytearray(self._archive.read(f"{self._root}/data/{key}"))
        return torch.frombuffer(content, dtype=dtype, count=count)


def is_torchscript(file: Path) -> bool:
    """Return whether a file is a TorchScript archive."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(file: Path) -> tuple[dict[str, Tensor], set[str]]:
    """Return the tensors of a TorchScript archive by name, and the classes of its modules.

    Raises:
        Exception: Of various classes, if the archive is damaged or has other contents.
    """
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        program = _ArchiveUnpickler(archive, names[0].removesuffix("/data.pkl")).load()
    modules = list(_modules(program, ""))
    tensors = {
        prefix + name: value
        for prefix, module in modules
        for name, value in vars(module).items()
        if isinstance(value, Tensor)
    }
    return tensors, {type(module).__name__ for _, module in modules}


def _modules(module: object, prefix: str) -> Iterator[tuple[str, object]]:
    yield prefix, module
    for name, value in vars(module).items():
        if isinstance(value, _Module):
            yield from _modules(value, f"{prefix}{name}.")


def _tensor(
    storage: Tensor, offset: int, size: Sequence[int], stride: Sequence[int], *_: object
) -> Tensor:
    return storage.as_strided(size, stride, offset)


_first: Callable[..., Any] = lambda value, *_: value  # noqa: E731
