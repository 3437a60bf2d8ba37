"""The files of a saved model, each read once: into a private copy, from which it is checked and loaded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from zoo.data.regular import open_regular
from zoo.errors import ZooError
from zoo.tasks import CARD, MANIFEST

GRAPH = "saved_model.pb"
_DEPTH, _FILES = 4, 1000  # folders within each other, and files: more has no model
_CHUNK = 1 << 20


def hashes(folder: Path) -> dict[str, str]:
    """Returns relative path -> sha256 of every file of a saved model but manifest and card.

    Raises:
        ZooError: something is no regular file, or cannot be read.
    """
    return {name: _hash(folder / name, folder) for name in names(folder)}


@contextlib.contextmanager
def private_copy(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Copies a saved model to where nobody else writes, so that what is checked is what is loaded.

    Yields:
        The copy, which is removed in the end, and relative path -> sha256 of its files.

    Raises:
        ZooError: as `hashes`; or there is no room.
    """
    with tempfile.TemporaryDirectory(prefix="zoo-model-", ignore_cleanup_errors=True) as place:
        copy, found = Path(place), {}
        for name in names(folder):
            try:
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                with (copy / name).open("wb") as into:
                    found[name] = _hash(folder / name, folder, into)
            except OSError as error:
                raise ZooError(
                    f"{place}: no copy of the model can be made ({error.strerror or error}); "
                    "make room, or set TMPDIR to another folder"
                ) from error
        yield copy, found


def names(folder: Path) -> list[str]:
    """Returns the relative paths of a saved model's files, sorted, but manifest and card.

    Raises:
        ZooError: one is a link, or neither file nor folder; or there are too many.
    """
    found: list[str] = []
    waiting = [(folder, 0)]
    while waiting:
        inside, depth = waiting.pop()
        try:
            entries = sorted(os.scandir(inside), key=lambda entry: entry.name)
        except OSError as error:
            raise ZooError(f"{inside}: cannot be read ({error.strerror})") from error
        for entry in entries:
            name = Path(entry.path).relative_to(folder).as_posix()
            if entry.is_dir(follow_symlinks=False) and depth < _DEPTH:
                waiting.append((Path(entry.path), depth + 1))
            elif entry.is_file(follow_symlinks=False) and len(found) < _FILES:
                found += [name] if name not in (MANIFEST, CARD) else []
            else:
                what = "link" if entry.is_symlink() else "pipe, device or file too many"
                raise ZooError(f"{folder}: {name!r} is a {what}, which no model has; remove it")
    return sorted(found)


def _hash(path: Path, folder: Path, into: BinaryIO | None = None) -> str:
    """Reads a file once; returns its sha256, and writes it to where it is copied."""
    digest = hashlib.sha256()
    try:
        file = open_regular(path)
    except OSError as error:
        raise ZooError(f"{folder}: {error.strerror or error}; export or copy it anew") from error
    with file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if into:
                into.write(chunk)
    return digest.hexdigest()
