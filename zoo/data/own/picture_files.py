"""Files of pictures: which are meant by a command line or a table, and why one cannot be read."""

from __future__ import annotations

import functools
import io
import os
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from zoo.errors import ZooError

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")


class Picture(NamedTuple):
    """A file, and how a person called it."""

    name: str
    file: Path


def given(paths: Sequence[str]) -> list[Picture]:
    """Returns the pictures that paths name; a folder stands for the pictures in it, sorted by name.

    Raises:
        ZooError: a file is missing, or a folder holds no pictures.
    """
    pictures = []
    for path in paths:
        inside = os.path.isdir(path)  # noqa: PTH112
        files = in_folder(Path(path), SUFFIXES, "pictures") if inside else [path]
        pictures += [Picture(shown(file), Path(file)) for file in files]
    check(picture.file for picture in pictures)
    return pictures


def listed(path: Path, folders: bool = False) -> list[Picture]:
    """Returns the pictures that a file lists, by paths from the file's folder.

    Args:
        path: `.txt` with a path on each line, or CSV, TSV, JSONL or Parquet with a column `image`.
        folders: whether one may be a folder, of frames.

    Raises:
        ZooError: the list cannot be read, or it is empty, has a blank cell, or names a file that is missing.
    """
    from zoo.data.own import tables

    if path.suffix == ".txt":
        names = [line.strip() for line in tables.read_text(path).splitlines() if line.strip()]
        if not names:
            raise ZooError(f"{path}: the file is empty; it needs the path of a picture on each line")
    else:
        names = [name for (name,) in tables.filled(path, ("image",), ("image",))]
    pictures = [Picture(name, on_disk(path.parent / name)) for name in names]
    check((picture.file for picture in pictures), folders=folders)
    return pictures


def with_captions(path: Path, folders: bool = False) -> dict[Picture, list[str]]:
    """Returns the pictures of a table with the columns `image` and `caption`, each with all its captions.

    Args:
        path: the table.
        folders: whether one may be a folder, of frames.

    Raises:
        ZooError: as `listed`.
    """
    from zoo.data.own import tables

    columns = ("image", "caption")
    captions: dict[Picture, list[str]] = {}
    for name, caption in tables.filled(path, columns, columns):
        name = os.path.normpath(name)
        captions.setdefault(Picture(name, on_disk(path.parent / name)), []).append(caption)
    check((picture.file for picture in captions), folders=folders)
    return captions


def on_disk(file: Path) -> Path:
    """Returns a file as its folder spells it: an accent in one character or in two makes no other name."""
    if file.name.isascii() or os.path.lexists(file):
        return file
    try:
        names = _spellings(file.parent, file.parent.stat().st_mtime_ns)
    except OSError:
        return file
    return file.with_name(names.get(unicodedata.normalize("NFC", file.name), file.name))


@functools.lru_cache(maxsize=4)
def _spellings(folder: Path, changed: int) -> dict[str, str]:
    """Returns the names in a folder by their composed form, read anew once `changed` is another time."""
    return {unicodedata.normalize("NFC", path.name): path.name for path in folder.iterdir()}


def check(
    paths: Iterable[Path], one: str = "a picture", several: str = "pictures", folders: bool = False
) -> None:
    """Refuses files that are not there.

    Args:
        paths: of the files.
        one: what each is called.
        several: what they are called in a folder.
        folders: whether a folder may be one of them.

    Raises:
        ZooError: names the first of them.
    """
    for path in paths:
        inside = os.path.isdir(path)  # noqa: PTH112 - these functions do not raise on a name that is too long
        if inside and folders:
            continue
        if inside:
            raise ZooError(f"{path}: is a folder; give the {several} in it")
        if not os.path.isfile(path):  # noqa: PTH113
            raise ZooError(f"{path}: no such file; give the path of {one}")


def read(path: Path) -> bytes:
    """Returns a file's bytes.

    Raises:
        ZooError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ZooError(f"{path}: cannot be read ({error.strerror})") from None


def contents(source: Path | bytes) -> bytes:
    """Returns what a model gets of a file, or of its bytes: a still WebP as PNG, which all exports read.

    Those of before this zoo read WebP do not, and no pixel is lost.

    Raises:
        ZooError: the file cannot be read.
    """
    content = read(source) if isinstance(source, Path) else source
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return content
    from PIL import Image

    from zoo import images

    try:
        with Image.open(io.BytesIO(content), formats=("WEBP",)) as image:
            if image.width * image.height > images.MOST_PIXELS:
                return content
            file = io.BytesIO()
            image.convert("RGBA").save(file, "PNG", compress_level=1)
            return file.getvalue()
    except Exception:  # it is damaged in one of many ways; the model says so
        return content


def refusal(path: Path) -> str:
    """Says why a picture has no caption, as in "is damaged or cut off"."""
    from zoo import images

    return images.refusal(read(path)) or "cannot be decoded"


def in_folder(folder: Path, suffixes: Sequence[str], several: str) -> list[Path]:
    """Returns the files of some kinds in a folder, sorted by name.

    Raises:
        ZooError: it cannot be read, or holds none.
    """
    # A dot marks what programs keep for themselves.
    try:
        names = [path.name for path in folder.iterdir() if path.suffix.lower() in suffixes]
    except OSError as error:
        raise ZooError(f"{folder}: cannot be read ({error.strerror})") from None
    files = [folder / name for name in sorted(names) if not name.startswith(".")]
    if not files:
        raise ZooError(f"{folder}: holds no {several} ({', '.join(suffixes)})")
    return files


def shown(path: str | Path) -> str:
    """Returns a path as UTF-8 can hold it."""
    return os.fsencode(path).decode("utf-8", "replace")
