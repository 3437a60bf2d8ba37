"""The files of a saved model, each read once: into a private copy, from which it is checked and loaded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

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
    return dict(_read(folder, None))


def sizes(folder: Path) -> int:
    """Returns the bytes of all files of a saved model, but of what is too deep for one."""
    total = 0
    for inside, folders, files, place in os.fwalk(folder.resolve(), follow_symlinks=False):
        if len(Path(inside).relative_to(folder.resolve()).parts) >= _DEPTH:
            folders.clear()
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(name, dir_fd=place).st_size
    return total


@contextlib.contextmanager
def private_copy(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Copies a saved model to where nobody else writes, so that what is checked is what is loaded.

    Yields:
        The copy, which is removed in the end, and relative path -> sha256 of its files.

    Raises:
        ZooError: as `hashes`; or there is no room.
    """
    with tempfile.TemporaryDirectory(prefix="zoo-model-", ignore_cleanup_errors=True) as place:
        try:
            found = dict(_read(folder, Path(place)))
        except OSError as error:
            raise ZooError(
                f"{place}: no copy of the model can be made ({error.strerror or error}); "
                "make room, or set TMPDIR to another folder"
            ) from error
        yield Path(place), found


def _read(folder: Path, into: Path | None) -> Iterator[tuple[str, str]]:
    """Yields name and sha256 of each file, which is read once, and copied where it is told to.

    A folder that becomes a link while it is read is not followed.
    """
    folder, number = folder.resolve(), 0  # a model may be called by a link to its folder
    for inside, folders, files, place in os.fwalk(folder, onerror=_refuse, follow_symlinks=False):
        here = Path(inside).relative_to(folder)
        links = [name for name in folders if stat.S_ISLNK(os.lstat(name, dir_fd=place).st_mode)]
        if links or len(here.parts) > _DEPTH:
            _refuse_file(folder, here / (links or [""])[0], "link" if links else "folder too deep")
        for name in sorted(files):
            number += 1
            relative = (here / name).as_posix()
            mode = os.lstat(name, dir_fd=place).st_mode
            if not stat.S_ISREG(mode) or number > _FILES:
                what = "link" if stat.S_ISLNK(mode) else "pipe, device or file too many"
                _refuse_file(folder, here / name, what)
            if relative not in (MANIFEST, CARD):
                yield relative, _hash(folder, relative, place, into)


def _refuse_file(folder: Path, name: Path, what: str) -> NoReturn:
    raise ZooError(f"{folder}: {name.as_posix()!r} is a {what}, which no model has; remove it")


def _refuse(error: OSError) -> NoReturn:
    raise ZooError(f"{error.filename}: cannot be read ({error.strerror})") from error


def _hash(folder: Path, name: str, place: int, into: Path | None) -> str:
    digest = hashlib.sha256()
    try:
        file = open_regular(Path(Path(name).name), place)
    except OSError as error:
        raise ZooError(f"{folder}: {name}: {error.strerror or error}; export or copy it anew") from error
    with contextlib.ExitStack() as stack:
        stack.enter_context(file)
        copy = None
        if into:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            copy = stack.enter_context((into / name).open("wb"))
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            if copy:
                copy.write(chunk)
    return digest.hexdigest()
