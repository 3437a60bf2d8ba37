"""One process at a time writes a run or a model."""

from __future__ import annotations

import os
import socket
import weakref
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import ZooError

try:
    import fcntl
except ImportError:  # not a system that knows such locks: there two processes are told apart by their --name
    fcntl = None  # type: ignore[assignment]


class BusyError(ZooError):
    """Another process holds it."""


@dataclass
class _Held:
    descriptor: int | None
    times: int = 0


_held: dict[Path, _Held] = {}  # by this process


class Lock:
    """What a process holds while it writes a folder: the file `.NAME.lock` beside it.

    The system takes it back from a process that died, so none is ever stale. One process may hold it several
    times.

    Args:
        folder: what is to be written.

    Attributes:
        release: lets others write, at the latest when nobody refers to this object any more.

    Raises:
        ZooError: another process holds it, or the file cannot be written.
    """

    def __init__(self, folder: Path):
        self._path = folder.absolute().with_name(f".{folder.name}.lock")
        if self._path not in _held:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _held[self._path] = _Held(self._taken(folder) if fcntl else None)
            except OSError as error:
                raise ZooError(
                    f"{folder}: cannot be written ({error.strerror}); change to a folder that can"
                ) from None
        _held[self._path].times += 1
        self.release = weakref.finalize(self, _release, self._path)

    def _taken(self, folder: Path) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Who held it before may have removed the file since it was opened here.
                if os.fstat(descriptor).st_ino == self._path.stat().st_ino:
                    os.truncate(descriptor, 0)
                    os.write(descriptor, f"{os.getpid()} on {socket.gethostname()}".encode())
                    return descriptor
            except BlockingIOError:
                # Empty for the moment between who made the file and what it writes there.
                told = os.read(descriptor, 200).decode("utf-8", "replace")
                holder = f"process {told}" if told else "another process"
                os.close(descriptor)
                raise BusyError(
                    f"{folder}: {holder} writes it; wait until that ends, or choose another --name"
                ) from None
            except FileNotFoundError:
                pass
            os.close(descriptor)


def _release(path: Path) -> None:
    held = _held[path]
    held.times -= 1
    if not held.times:
        del _held[path]
        if held.descriptor is not None:
            path.unlink(missing_ok=True)
            os.close(held.descriptor)
