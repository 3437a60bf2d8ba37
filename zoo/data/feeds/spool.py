"""Numbers of units, one after another: held as long as they are few, else in a file that has no name."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING

import numpy as np

from zoo.data.cache import cache_dir
from zoo.data.feeds.datasets import on_host
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf

MOST_HELD = 4_000_000
"""Numbers that are held in memory; of more none are."""


class Spool:
    """Numbers that are written once and then read anywhere, in stretches.

    Args:
        arrays: int32 (time,) each.
    """

    def __init__(self, arrays: Iterable[np.ndarray]):
        self._held: list[np.ndarray] = []
        self._file: IO[bytes] | None = None
        self._length = 0
        self._reading = threading.Lock()
        for array in arrays:
            self._add(array.astype(np.int32))

    def __len__(self) -> int:
        return self._length

    def _add(self, array: np.ndarray) -> None:
        self._held.append(array)
        self._length += len(array)
        if self._file is None and self._length > MOST_HELD:
            # Where data sets are prepared there is room; what is open there is gone with the process.
            with _told():
                cache_dir().mkdir(parents=True, exist_ok=True)
                self._file = tempfile.TemporaryFile(dir=cache_dir())  # noqa: SIM115 - as long as the spool
        if self._file is not None:
            with _told():
                for each in self._held:
                    self._file.write(each.tobytes())
                self._file.flush()
            self._held = []

    def reading(self, length: int) -> Callable[[tf.Tensor], tf.Tensor]:
        """Returns what reads stretches, in the graph: places, int64 (n,) -> int32 (n, length).

        Behind the end are zeros.
        """
        import tensorflow as tf

        if self._file is None:
            numbers = on_host(np.concatenate([*self._held, np.zeros(length, np.int32)]))
            steps = on_host(np.arange(length))
            return lambda begins: tf.gather(numbers, tf.minimum(begins, len(self))[:, None] + steps)

        def read(begins: tf.Tensor) -> tf.Tensor:
            run = functools.partial(self._read, length=length)
            read = tf.numpy_function(run, [begins], tf.int32, stateful=False)
            return tf.ensure_shape(read, [begins.shape[0], length])

        return read

    def _read(self, begins: np.ndarray, length: int) -> np.ndarray:
        assert self._file is not None
        read = np.zeros([len(begins), length], np.int32)
        for row, begin in zip(read, begins, strict=True):
            with self._reading:
                self._file.seek(4 * int(begin))
                content = self._file.read(4 * length)
            row[: len(content) // 4] = np.frombuffer(content, np.int32)
        return read


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Says where a file cannot be written that has no name."""
    try:
        yield
    except OSError as error:
        raise ZooError(
            f"{cache_dir()}: cannot be written ({error.strerror}); make room there, or set ZOO_CACHE to a "
            "folder that can"
        ) from None
