"""Measures all pieces of `zoo.inspection.gradients`, piece by piece, so that a kill loses one at most."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.files import write_atomically
from zoo.inspection import gradient_sheet, pictures
from zoo.inspection.gradients import Settings, pieces
from zoo.training.folder import CONFIG, RUNS, check_name

RESULTS = "results.json"


def draw_gradients(settings: Settings, name: str, path: Path | None = None, fresh: bool = False) -> Path:
    """Measures what `runs/<name>/results.json` lacks, prints tables, and draws the sheet.

    Args:
        settings: how much is measured.
        name: of the folder in `runs`.
        path: the picture; None for `gradients.png` in the folder.
        fresh: discard what the folder holds.

    Returns:
        The picture's path.

    Raises:
        ZooError: the folder holds measurements under other settings, or something cannot be written.
    """
    check_name(name)
    folder = RUNS / name
    path = path or folder / "gradients.png"
    if path.parent != folder:
        pictures.check_path(path)
    measured = measure(settings, folder, fresh)
    gradient_sheet.print_tables(measured, settings)
    gradient_sheet.draw(measured, settings, path)
    return path


def measure(settings: Settings, folder: Path, fresh: bool = False) -> dict[str, Any]:
    """Returns piece -> what it measured; those that the folder holds are not measured again."""
    if (folder / CONFIG).exists():
        raise ZooError(f"{folder}: holds a training; choose another --name")
    measured = {} if fresh else _stored(settings, folder / RESULTS)
    waiting = list(pieces(settings))
    for number, (name, run) in enumerate(waiting, start=1):
        if name in measured:
            continue
        began = time.monotonic()
        measured[name] = run()
        _write(folder, {"settings": dataclasses.asdict(settings), "pieces": measured})
        print(f"{number:3}/{len(waiting)}  {name}  {time.monotonic() - began:.1f} s", flush=True)
    return {name: measured[name] for name, _ in waiting}


def _stored(settings: Settings, path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        there, pieces = stored["settings"], dict(stored["pieces"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ZooError(f"{path}: cannot be read; give --fresh to measure anew, or another --name") from None
    # Through JSON, where a tuple is a list. More seeds of the same only add to what there is.
    here = json.loads(json.dumps(dataclasses.asdict(settings)))
    changed = [key for key in here if key != "seeds" and here[key] != there.get(key)]
    if changed:
        key = changed[0]
        raise ZooError(
            f"{path}: was measured with other settings ({key} is {there.get(key)} there and {here[key]} "
            "here); choose another --name, or --fresh to discard it"
        )
    return pieces


def _write(folder: Path, content: dict[str, Any]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / RESULTS, json.dumps(content).encode())
    except OSError as error:
        raise ZooError(
            f"{folder}: cannot be written ({error.strerror}); change to a folder that can"
        ) from None
