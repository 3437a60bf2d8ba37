"""Weights from files of `torch.save` in its older, non-zip format, read without PyTorch."""

import io
import pickle
from collections import OrderedDict
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import ZooError

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # the first two pickles of such a file
_MEND = "save nothing but model.state_dict()"
_TYPES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class _Storage(NamedTuple):
    """A block of numbers, which stands further back in the file."""

    key: str
    dtype: np.dtype
    size: int


class _View(NamedTuple):
    """A tensor: where in which block its numbers lie."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Unpickler(pickle.Unpickler):
    """Knows what a state dict of plain tensors is made of, and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self.view
        if module == "torch" and name in _TYPES:
            return _TYPES[name]  # a string, since an object could be altered by the pickle
        raise ZooError(f"holds {module}.{name}, which is no part of a state dict; {_MEND}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, size, part = pid
        if kind != "storage" or part is not None or dtype not in _TYPES.values():
            raise pickle.UnpicklingError("a block of numbers is described in no known way")
        return _Storage(str(key), np.dtype(dtype), int(size))

    @staticmethod
    def view(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_: Any) -> _View:
        return _View(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def read_weights(path: Path | str) -> dict[str, np.ndarray]:
    """Reads the state dict that `torch.save` has written, in its format before PyTorch 1.6.

    Such a file is a row of pickles. Nothing in them is called but what puts tensors together, so a file of
    unknown origin does no harm.

    Args:
        path: of the file.

    Returns:
        Name of a weight -> array, in the order and with the axes of the file.

    Raises:
        ZooError: there is no such file, or it is of another format, damaged, or holds more than tensors.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ZooError(
            f"{path}: cannot be read ({error.strerror}); name a weights file of PyTorch"
        ) from error
    if data.startswith(b"PK"):
        raise ZooError(
            f"{path}: is a zip file, PyTorch's newer format; write it again with "
            "torch.save(state_dict, file, _use_new_zipfile_serialization=False)"
        )
    file = io.BytesIO(data)
    if not _is_legacy(file):
        raise ZooError(f"{path}: is no file of torch.save; name one that holds a model's state_dict()")
    try:
        return _read(file)
    except ZooError as error:
        raise ZooError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle fails in every way there is
        raise ZooError(f"{path}: is damaged or cut short; fetch the file again") from error


def _is_legacy(file: io.BytesIO) -> bool:
    try:
        return [_Unpickler(file).load() for _ in range(2)] == [_MAGIC, _PROTOCOL]
    except Exception:  # any other file, read as a pickle
        return False


def _read(file: io.BytesIO) -> dict[str, np.ndarray]:
    if not _Unpickler(file).load()["little_endian"]:
        raise ZooError("comes from a big-endian machine; write it again on a little-endian one")
    views = _Unpickler(file).load()
    if not isinstance(views, dict) or not all(isinstance(view, _View) for view in views.values()):
        raise ZooError(f"holds something else than a state dict of plain tensors; {_MEND}")
    storages = {view.storage.key: view.storage for view in views.values()}
    blocks = {key: _block(file, storages[key]) for key in _Unpickler(file).load()}
    return {str(name): _array(blocks[view.storage.key], view) for name, view in views.items()}


def _block(file: io.BytesIO, storage: _Storage) -> np.ndarray:
    size = int.from_bytes(file.read(8), "little")
    data = file.read(size * storage.dtype.itemsize)
    if size != storage.size or len(data) != size * storage.dtype.itemsize:
        raise EOFError("a block of numbers is cut short")
    return np.frombuffer(data, storage.dtype)


def _array(block: np.ndarray, view: _View) -> np.ndarray:
    """Copies a tensor out of its block; of one that would reach beyond it, the file is damaged."""
    steps = [(size - 1) * stride for size, stride in zip(view.shape, view.strides, strict=True)]
    last = view.offset + sum(steps)
    negative = min(view.offset, *view.shape, *view.strides, 0) < 0
    if prod(view.shape) and (negative or last >= len(block) or prod(view.shape) > len(block)):
        raise ValueError("a tensor reaches beyond its block of numbers")
    strides = [stride * block.itemsize for stride in view.strides]
    return np.lib.stride_tricks.as_strided(block[view.offset :], view.shape, strides).copy()
