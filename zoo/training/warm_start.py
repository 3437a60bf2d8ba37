"""Starting from what another run or saved model has learned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo import models
from zoo.errors import ZooError
from zoo.training.folder import CONFIG, RUNS, numbered, read_checkpoint
from zoo.training.settings import Settings


def known_words(init_from: str, file: str = "vocabulary.txt") -> list[str]:
    """Returns the vocabulary of a run or saved model, reserved words included; empty if `init_from` is.

    Args:
        init_from: name or path of a saved model or a run.
        file: name of the vocabulary's file.

    Raises:
        ZooError: there is no such run or model, or it has no vocabulary.
    """
    if not init_from:
        return []
    run = _run_folder(init_from)
    folder = run or models.find(init_from).path / "assets"
    path = folder / file
    if not path.exists():
        raise ZooError(f"--init-from {init_from}: holds no {file}; give a model of the same recipe")
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def config_of(init_from: str) -> dict[str, Any]:
    """Returns the settings that a run or saved model was trained with; empty if `init_from` is."""
    if not init_from:
        return {}
    if folder := _run_folder(init_from):
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return config
    return dict(models.find(init_from).manifest.config)


def check_alike(config: Settings, names: Sequence[str]) -> None:
    """Refuses a start from what was trained with other settings; what was off there may be on here.

    Raises:
        ZooError: one of the named settings differs.
    """
    trained = config_of(config.init_from)
    for name in names:
        value = trained.get(name)
        if value and value != getattr(config, name):
            flag = f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}")
            raise ZooError(f"--init-from {config.init_from}: was trained with {flag}; add it")


def warm_start(
    model: keras.Model,
    init_from: str,
    vocabularies: Sequence[str],
    labels: Sequence[str] = (),
    by_label: Sequence[str] = (),
    by_column: Sequence[str] = (),
) -> None:
    """Copies into `model` the trained weights that fit, by name.

    Args:
        model: freshly built.
        init_from: name or path of a saved model or a run; empty: nothing is done.
        vocabularies: names of the weights with a row for each word. Where a vocabulary has grown, the first
            rows are copied.
        labels: what the new model's outputs mean.
        by_label: layers whose weights belong to single labels; with other labels they start fresh.
        by_column: names of the weights with a column for each word, which are copied likewise.

    Raises:
        ZooError: nothing fits, or there is no such model.
    """
    if not init_from:
        return
    trained, trained_labels = _trained_weights(init_from)
    other_labels = () if trained_labels == list(labels) else tuple(f"{layer}/" for layer in by_label)
    fresh = []
    for weight in model.weights:
        if weight.path.startswith(other_labels):
            fresh.append(weight.path)
            continue
        value, initial = trained.get(weight.path), weight.numpy()
        axis = 0 if weight.path in vocabularies else -1 if weight.path in by_column else None
        if value is not None and value.shape == initial.shape:
            weight.assign(value)
        elif value is not None and axis is not None and _has_grown(value.shape, initial.shape, axis):
            new = np.take(initial, range(value.shape[axis], initial.shape[axis]), axis)
            weight.assign(np.concatenate([value, new], axis))
        else:
            fresh.append(weight.path)
    if len(fresh) == len(model.weights):
        raise ZooError(f"--init-from {init_from}: no weight fits; give a model of the same sizes and cell")
    print(
        f"starts from {init_from}: {len(model.weights) - len(fresh)} of {len(model.weights)} weights"
        + (f"; new: {', '.join(fresh)}" if fresh else "")
    )


def _has_grown(before: tuple[int, ...], now: tuple[int, ...], axis: int) -> bool:
    """Tells whether shapes differ along one axis alone, which is longer now."""
    others = [np.delete(shape, axis).tolist() for shape in (before, now)]
    return before[axis] < now[axis] and others[0] == others[1]


def _run_folder(name: str) -> Path | None:
    for folder in (Path(name), RUNS / name):
        if (folder / "checkpoint.npz").exists():
            return folder
    return None


def _trained_weights(init_from: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns path -> weight, and the labels."""
    if (folder := _run_folder(init_from)) and (stored := read_checkpoint(folder)):
        arrays, state = stored
        labels = config_of(init_from).get("labels", [])
        return dict(zip(state["weights"], numbered(arrays, "best"), strict=True)), labels
    loaded = models.load(init_from)
    names = loaded.manifest.weights
    if not names:
        raise ZooError(f"--init-from {init_from}: not a model of this zoo; give one that it exported")
    values = (variable.numpy() for variable in loaded.variables)
    return dict(zip(names, values, strict=True)), list(loaded.manifest.labels)
