"""Files that are there whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields an empty folder beside another one, in whose place it is put where nothing fails.

    Else it is removed, and the other one stays.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    both = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    new, old = both / "new", both / "old"
    new.mkdir()
    try:
        yield new
        put_in_place(path, new, old)
    finally:
        shutil.rmtree(both, ignore_errors=True)


def put_in_place(folder: Path, new: Path, old: Path) -> None:
    """Puts a folder in another one's place, which stands under the name `old` meanwhile, and is removed.

    Where that fails, the other one is back.
    """
    try:
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a file beside another, in whose place it is put where nothing fails, and else removed."""
    temporary = path.with_name(f".{path.name}.tmp{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
