"""Models that are fetched by name: an index and an archive of each, in a folder, on a site, or on a hub."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from zoo.errors import ZooError, one_line
from zoo.files import put_in_place, replacing, write_atomically
from zoo.models.copied import hashes
from zoo.models.locked import BusyError, Lock
from zoo.models.saved import Saved, fetched_models
from zoo.show.progress import bytes_bar
from zoo.tasks import Manifest

ADDRESS = ""
"""Where models are fetched from unless `ZOO_MODELS` says: nowhere, since no public address exists yet."""
INDEX = "models.json"
_FORMAT, _INDEX_BYTES = 1, 4_000_000
_CHUNK = 1 << 16
_TRIES = 5  # at a file whose connection breaks
_WAIT_S = 30  # for a server to say something


@dataclass(frozen=True)
class Entry:
    """What an index says of a model: its mapping, and the bytes and the sha256 of its archive."""

    mapping: str
    bytes: int
    sha256: str

    @classmethod
    def parsed(cls, stored: Any) -> Entry:
        """Reads a stranger's words.

        Raises:
            ValueError: they are something else.
        """
        if not isinstance(stored, dict) or set(stored) != {f.name for f in dataclasses.fields(cls)}:
            raise ValueError("a model is not described as it should be")
        entry = cls(**stored)
        if not (isinstance(entry.mapping, str) and type(entry.bytes) is int and entry.bytes >= 0):
            raise ValueError("a model has no mapping or no size")
        if not (isinstance(entry.sha256, str) and len(entry.sha256) == 64):
            raise ValueError("a model has no sha256")
        return entry


def address() -> str:
    """Returns where models are fetched from; empty: from nowhere."""
    return (os.environ.get("ZOO_MODELS") or ADDRESS).rstrip("/")


def fetched(name: str) -> Path | None:
    """Fetches a model, where a place to fetch from is known and knows it."""
    if not address() or not _is_plain(name):
        return None
    store = Store()
    return store.get(name) if name in store.index() else None


class Store:
    """A place that holds packed models.

    Args:
        place: a folder, an http(s) address, or what fsspec knows, such as `hf://`; empty for `ZOO_MODELS`, or
            where that is not set for `ADDRESS`.

    Raises:
        ZooError: there is no address.
    """

    def __init__(self, place: str = ""):
        self.address = place.rstrip("/") or address()
        if not self.address:
            raise ZooError(
                "no place to fetch models from is known; set ZOO_MODELS to a folder, or to an https or hf "
                "address, that `python -m zoo models pack` filled"
            )

    def index(self) -> dict[str, Entry]:
        """Returns name -> what is known of each model.

        Raises:
            ZooError: the place cannot be reached, or holds no index.
        """
        place = f"{self.address}/{INDEX}"
        try:
            with _opened(place, 0) as (file, _):
                content = file.read(_INDEX_BYTES + 1)
            stored = json.loads(content)
            if len(content) > _INDEX_BYTES or stored.get("format") != _FORMAT:
                raise ValueError("it is of another format")
            named = {name: Entry.parsed(entry) for name, entry in stored["models"].items()}
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ZooError(
                f"{place}: is no index of models ({one_line(str(error))[:150]}); pack them anew"
            ) from None
        if strange := next((name for name in named if not _is_plain(name)), None):
            raise ZooError(f"{place}: names a model {one_line(repr(strange))[:100]}; pack the models anew")
        return named

    def get(self, name: str) -> Path:
        """Fetches a model into the cache, whole or not at all, and goes on where an earlier try was cut off.

        A bar tells how far it is; another process that fetches it is waited for. What was fetched before is
        fetched anew where its files are not those that the place has now.

        Returns:
            Its folder.

        Raises:
            ZooError: the place cannot be reached, knows no such model, or gives other bytes than it says; or
                there is no room.
        """
        entry = self.entry(name)
        folder = fetched_models() / name
        lock = _waited_for(folder)
        try:
            fetched = folder.exists()
            if fetched and not _is_as(folder, entry):
                print(
                    f"{name}: what was fetched before differs from what is there now, and is fetched anew",
                    file=sys.stderr,
                )
                fetched = False
            if not fetched:
                archive = folder.with_name(f".{name}.tar.part")
                with bytes_bar(f"fetching {name}", entry.bytes) as progress:
                    self._fetch(name, entry, archive, progress)
                _unpack(archive, name, folder)
                archive.unlink()
            return folder
        except OSError as error:
            mend = "make room, or set ZOO_CACHE to another folder"
            raise ZooError(f"{folder}: cannot be written ({error.strerror or error}); {mend}") from None
        finally:
            lock.release()

    def entry(self, name: str) -> Entry:
        """Returns what is known of a model.

        Raises:
            ZooError: nothing is.
        """
        known = self.index()
        if name not in known:
            raise ZooError(f"{self.address}: no model {name!r}; there are: {', '.join(sorted(known))}")
        return known[name]

    def _fetch(self, name: str, entry: Entry, archive: Path, progress: Callable[[int], None]) -> None:
        """Makes a file whole, from where it ends; of what is no beginning of it, from its start."""
        archive.parent.mkdir(parents=True, exist_ok=True)
        place = f"{self.address}/{name}.tar"
        for begun in (_size(archive), 0):
            self._fill(place, entry, archive, progress)
            if _size(archive) == entry.bytes and _digest(archive) == entry.sha256:
                return
            archive.unlink()
            if not begun:
                break
        raise ZooError(f"{place}: gives other bytes than the index says; fetch it again, or pack it anew")

    def _fill(self, place: str, entry: Entry, archive: Path, progress: Callable[[int], None]) -> None:
        """Adds what is missing, as long as tries get somewhere."""
        for left in reversed(range(_TRIES)):
            there = _size(archive)
            if there >= entry.bytes:
                return
            try:
                with _opened(place, there) as (source, began), archive.open("r+b" if there else "wb") as file:
                    file.truncate(began)
                    file.seek(began)
                    while file.tell() <= entry.bytes and (chunk := source.read(_CHUNK)):
                        file.write(chunk)
                        progress(file.tell())
            except ZooError:
                if not left or _size(archive) == there:
                    raise


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _waited_for(folder: Path) -> Lock:
    """Takes a folder's lock, as soon as nobody else holds it."""
    while True:
        try:
            return Lock(folder)
        except BusyError:
            time.sleep(0.2)


def _is_plain(name: str) -> bool:
    """Tells whether a stranger's name is one of a folder of its own."""
    return PurePosixPath(name).name == name and not name.startswith(".") and name.isprintable()


class _Source:
    """A place that is being read, whose every failure is a ZooError."""

    def __init__(self, place: str, file: Any):
        self._place, self._file = place, file

    def read(self, most: int) -> bytes:
        with _failing_as(self._place):
            content: bytes = self._file.read(most)
            return content


@contextlib.contextmanager
def _failing_as(place: str) -> Iterator[None]:
    try:
        yield
    except ZooError:
        raise
    except ImportError as error:
        raise ZooError(f"{place}: {one_line(str(error))[:150]}") from None
    except Exception as error:  # each kind of place has errors of its own
        reason = one_line(str(getattr(error, "strerror", None) or error) or type(error).__name__)[:150]
        raise ZooError(f"{place}: cannot be read ({reason}); check ZOO_MODELS and the connection") from None


@contextlib.contextmanager
def _opened(place: str, start: int) -> Iterator[tuple[_Source, int]]:
    """Opens a file somewhere, from a byte on.

    Yields:
        The file, and the byte at which it begins: 0 where the place does not know how to go on.

    Raises:
        ZooError: it cannot be read.
    """
    with contextlib.ExitStack() as stack:
        with _failing_as(place):
            if place.startswith(("http://", "https://")):
                import requests

                wanted = {"Range": f"bytes={start}-", "Accept-Encoding": "identity"}
                response = stack.enter_context(
                    requests.get(place, headers=wanted, stream=True, timeout=_WAIT_S)
                )
                response.raise_for_status()
                source, began = response.raw, start if response.status_code == 206 else 0
            else:
                import fsspec

                source, began = stack.enter_context(fsspec.open(place, "rb").open()), start
                source.seek(start)
        yield _Source(place, source), began


def _unpack(archive: Path, name: str, folder: Path) -> None:
    """Puts the files of an archive where they belong, all of them or none.

    Raises:
        ZooError: it holds something else than the files of a model's manifest.
    """
    unpacked, old = (folder.with_name(f".{name}.{what}") for what in ("unpacked", "old"))
    for leftover in (unpacked, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(unpacked, filter="data")
        manifest = Manifest.read(unpacked)
        if not manifest:
            raise ZooError(f"{name}: its archive holds no model; pack it anew")
        if problem := Saved(unpacked, manifest, by_path=True).problem(hashes(unpacked)):
            raise ZooError(f"{name}: {problem}; pack it anew")
        put_in_place(folder, unpacked, old)
    except tarfile.TarError as error:
        raise ZooError(
            f"{name}: its archive cannot be read ({one_line(str(error))[:150]}); pack it anew"
        ) from None
    finally:
        for leftover in (unpacked, old):
            shutil.rmtree(leftover, ignore_errors=True)


def pack(models: Mapping[str, Saved], folder: Path) -> list[Path]:
    """Writes an archive of each model and their index; the same models give the same bytes.

    Returns:
        What was written.

    Raises:
        ZooError: a model's files are not those of its manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, entries = [], {}
    for name, saved in sorted(models.items()):
        saved.check()
        path = folder / f"{name}.tar"
        with replacing(path) as temporary:
            with temporary.open("wb") as file:
                _archive(saved.path, file)
            entries[name] = Entry(saved.manifest.mapping, _size(temporary), _digest(temporary))
        written.append(path)
    index = {
        "format": _FORMAT,
        "models": {name: dataclasses.asdict(entry) for name, entry in entries.items()},
    }
    write_atomically(folder / INDEX, json.dumps(index, indent=2).encode() + b"\n")
    return [*written, folder / INDEX]


def _is_as(folder: Path, entry: Entry) -> bool:
    """Tells whether the files of a folder are those of a model's archive: packed, they are the same bytes."""
    with tempfile.TemporaryFile() as file:
        _archive(folder, file)
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest() == entry.sha256


def _archive(model: Path, file: IO[bytes]) -> None:
    """Writes all files of a model in order, without times, owners or rights of their own."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(path for path in model.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(path.relative_to(model).as_posix())
            entry.size, entry.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(entry, content)
