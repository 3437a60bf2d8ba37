"""What programs read and write: standard input and output, and files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.files import write_atomically

STANDARD = "-"


def say(value: Mapping[str, Any]) -> None:
    """Prints an object on a line of its own."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


@contextlib.contextmanager
def only_for_people() -> Iterator[None]:
    """Sends what is printed to standard error, since a program reads standard output."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def as_file(given: str, suffix: str) -> Iterator[str]:
    """Returns the path of what was given: of `-` a file of what standard input says.

    Args:
        given: a path, or `-`.
        suffix: what kind of file standard input is, where it does not begin as JSONL or Parquet do.

    Raises:
        ZooError: nothing comes from there.
    """
    if given != STANDARD:
        yield given
        return
    content = sys.stdin.buffer.read()
    if not content.strip():
        raise ZooError("--input -: standard input is empty; pipe texts into it, one a line")
    suffix = ".jsonl" if content.lstrip()[:1] == b"{" else suffix
    suffix = ".parquet" if content[:4] == b"PAR1" else suffix
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"standard input{suffix}"
        path.write_bytes(content)
        yield str(path)


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; a pipe or a device is written to, not replaced.

    Raises:
        ZooError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            write_atomically(path.resolve(), content)  # what a link points to, not the link
    except OSError as error:
        raise ZooError(f"--output {path}: cannot be written ({error.strerror})") from None


def check_output(output: str, suffixes: tuple[str, ...]) -> None:
    """Refuses, before anything is computed, what could not be written in the end.

    Raises:
        ZooError: it is no kind of file that there is, or its folder is not there.
    """
    if output in ("", STANDARD):
        return
    path = Path(output)
    if path.suffix not in suffixes:
        *others, last = suffixes
        raise ZooError(f"--output {path}: give a file that ends in {', '.join(others)} or {last}")
    if not path.absolute().parent.is_dir():
        raise ZooError(f"--output {path}: no such folder; make it first")
