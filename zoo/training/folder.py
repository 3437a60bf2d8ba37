"""The folder of one training: whose it is, its one atomic checkpoint, and the small files beside it."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from zoo.errors import ZooError
from zoo.files import replacing, write_atomically
from zoo.models.locked import Lock

RUNS = Path("runs")
CONFIG, _CHECKPOINT, _METRICS = "config.json", "checkpoint.npz", "metrics.json"


class Folder:
    """`runs/<name>`: checks on creation that the folder is this configuration's; writes when asked.

    Args:
        recipe: the recipe's name, which is the run's unless `config.name` says otherwise.
        config: the recipe's dataclass; every field but `fresh` must equal what the folder holds.

    Raises:
        ZooError: the folder holds another configuration or something else, or cannot be written.
    """

    def __init__(self, recipe: str, config: Any):
        self.recipe = recipe
        self.name = config.name or recipe
        check_name(self.name)
        self.directory = RUNS / self.name
        self.config = {"recipe": recipe, **dataclasses.asdict(config)}
        self.config.pop("fresh")  # decides what becomes of the folder, not what is trained
        self.will_discard = config.fresh
        self._check()

    def create(self, data: str, labels: Sequence[str] = ()) -> Lock:
        """Makes the folder; with `fresh`, without what it held.

        Args:
            data: fingerprint of the data, which must be the one that the folder was made with.
            labels: what the model's outputs mean, kept for those who start from this run.

        Returns:
            What keeps other processes out of it.

        Raises:
            ZooError: the data is another, the folder cannot be written, or another process writes it.
        """
        lock = Lock(self.directory)
        try:
            self._check()  # once more: what was there before may be another's by now
            self._make(data, labels)
        except BaseException:
            lock.release()
            raise
        return lock

    def _make(self, data: str, labels: Sequence[str]) -> None:
        stored = {} if self.will_discard else self._stored_config()
        if stored.get("data", data) != data:
            raise ZooError(
                f"{self.directory}: was trained on other data under the same name; "
                "choose another --name, or --fresh to discard it"
            )
        if self.will_discard and self.directory.exists():
            # Out of the way at once, so that a kill leaves no half of a run under its name.
            discarded = self.directory.with_name(f".{self.name}.discarded")
            shutil.rmtree(discarded, ignore_errors=True)
            self.directory.rename(discarded)
            shutil.rmtree(discarded)
            self.will_discard = False
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            write_atomically(
                self.directory / CONFIG,
                json.dumps({**self.config, "data": data, "labels": list(labels)}, indent=2).encode(),
            )
        except OSError as error:
            raise ZooError(
                f"{self.directory}: cannot be written ({error.strerror}); change to a folder that can"
            ) from None

    def save_checkpoint(self, arrays: Mapping[str, np.ndarray], state: Mapping[str, Any]) -> None:
        """Replaces the checkpoint as a whole: a kill at any moment leaves the old one or the new one."""
        try:
            with replacing(self.directory / _CHECKPOINT) as temporary, temporary.open("wb") as file:
                np.savez(file, **{**arrays, "_state": np.array(json.dumps(state))})  # type: ignore[arg-type]
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ZooError(
                f"{self.directory}: the checkpoint cannot be written ({error.strerror or error}); mend that, "
                "and the same command continues where the last whole epoch ended"
            ) from error

    def load_checkpoint(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Returns what `save_checkpoint` was given last, or None."""
        return read_checkpoint(self.directory)

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Writes `metrics.json`."""
        write_atomically(self.directory / _METRICS, json.dumps(metrics, indent=2).encode())

    def _check(self) -> None:
        if not self.directory.exists():
            parent = next(folder for folder in self.directory.absolute().parents if folder.exists())
            if not os.access(parent, os.W_OK) or not parent.is_dir():
                raise ZooError(f"{parent}: cannot be written; change to a folder that can")
            return
        if not self.directory.is_dir():
            raise ZooError(f"{self.directory}: exists and is not a run; choose another --name")
        if not os.access(self.directory, os.W_OK):
            raise ZooError(f"{self.directory}: cannot be written; change its rights or choose another --name")
        stored = self._stored_config()
        if not stored and any(
            not path.name.startswith(f".{CONFIG}.tmp") for path in self.directory.iterdir()
        ):
            raise ZooError(f"{self.directory}: exists and is not a run; choose another --name")
        mine = json.loads(json.dumps(self.config))
        changed = [
            f"{key} is {stored.get(key)!r} there and {mine.get(key)!r} here"
            for key in sorted((stored.keys() | mine.keys()) - {"data", "labels"})
            if stored.get(key) != mine.get(key)
        ]
        if stored and changed and not self.will_discard:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise ZooError(
                f"{self.directory}: holds another configuration ({changed[0]}{more}); "
                "choose another --name, or --fresh to discard it"
            )

    def _stored_config(self) -> dict[str, Any]:
        path = self.directory / CONFIG
        if not path.exists():
            return {}
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            stored = None
        if not isinstance(stored, dict):
            raise ZooError(f"{path}: cannot be read; choose another --name, or remove the folder")
        return stored if "recipe" in stored else {}


def check_name(name: str) -> None:
    """Refuses what cannot be the name of a folder in `runs`.

    Raises:
        ZooError: it cannot.
    """
    plain = name.isprintable() and name.strip() == name and 0 < len(name.encode()) <= 100
    if not plain or Path(name).name != name or name.startswith("."):
        raise ZooError(f"--name {name!r}: give a short plain name, no folders and no leading dot")


def read_checkpoint(directory: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Reads the checkpoint of a run folder, or returns None if there is none.

    Raises:
        ZooError: the file is damaged.
    """
    return unpacked(checkpoint_of(directory), directory)


def checkpoint_of(directory: Path) -> bytes:
    """Returns what a run folder's checkpoint is written as; nothing if there is none.

    Raises:
        ZooError: there is one, and it is empty.
    """
    path = directory / _CHECKPOINT
    if not path.exists():
        return b""
    return path.read_bytes() or _damaged(directory, "it is empty")


def unpacked(written: bytes, directory: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Returns what a run folder's checkpoint holds, or None if nothing was written.

    Raises:
        ZooError: it is damaged.
    """
    if not written:
        return None
    try:
        with np.load(io.BytesIO(written), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return arrays, json.loads(str(arrays.pop("_state")))
    except Exception as error:
        return _damaged(directory, str(error))


def _damaged(directory: Path, why: str) -> NoReturn:
    raise ZooError(f"{directory / _CHECKPOINT}: damaged ({why}); use --fresh to train anew")


def numbered(arrays: Mapping[str, np.ndarray], group: str) -> list[np.ndarray]:
    """Returns `group/0`, `group/1` ... of a checkpoint's arrays."""
    return [arrays[f"{group}/{i}"] for i in range(sum(name.startswith(f"{group}/") for name in arrays))]
