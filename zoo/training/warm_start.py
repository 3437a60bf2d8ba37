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
from zoo.text import read_lines
from zoo.training.folder import CONFIG, RUNS, numbered, read_checkpoint
from zoo.training.from_language import WORDS, encoder, is_language_model
from zoo.training.settings import Settings

VOCABULARY = "vocabulary.txt"


def starts(init_from: str) -> list[str]:
    """Returns the names of the models that `--init-from` joins by `+`; a path may hold one itself."""
    joined = "+" in init_from and not _run_folder(init_from) and not Path(init_from).exists()
    return init_from.split("+") if joined else [init_from]


def known_words(init_from: str, file: str = VOCABULARY) -> list[str]:
    """Returns the vocabulary of a run or saved model, reserved words included; empty if `init_from` is.

    Args:
        init_from: name or path of a saved model or a run, or of two language models, joined by `+`.
        file: name of the vocabulary's file.

    Raises:
        ZooError: there is no such run or model, or it has no vocabulary; or two have different ones.
    """
    if not init_from:
        return []
    if len(several := starts(init_from)) > 1:
        words = [known_words(name, file) for name in several]
        if any(each != words[0] for each in words):
            raise ZooError(
                f"--init-from {init_from}: know different words; train the second with --init-from "
                f"{several[0]}"
            )
        return words[0]
    if file != VOCABULARY and is_language_model(config_of(init_from)):
        return []
    run = _run_folder(init_from)
    folder = run or models.find(init_from).path / "assets"
    path = folder / file
    if not path.exists():
        raise ZooError(
            f"--init-from {init_from}: holds no {file}; give a model of the same recipe that reads one, or "
            "leave out the flag that needs it"
        )
    return read_lines(path)


def config_of(init_from: str) -> dict[str, Any]:
    """Returns the settings that a run or saved model was trained with; empty if `init_from` is.

    Of two language models they are those of the first.
    """
    if not init_from:
        return {}
    init_from, *_ = starts(init_from)
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
    whole: Sequence[str] = (),
) -> None:
    """Copies into `model` the trained weights that fit, by name.

    Args:
        model: freshly built.
        init_from: name or path of a saved model or a run; empty: nothing is done. A language model, or two
            joined by `+`, starts the word vectors and the first layer of what reads in both directions.
        vocabularies: names of the weights with a row for each word. Where a vocabulary has grown, the first
            rows are copied.
        labels: what the new model's outputs mean.
        by_label: layers whose weights belong to single labels: those of labels that both models have are
            copied. A layer's last axes are the labels, unless its `label_axes` says which of a weight's are.
        by_column: names of the weights with a column for each word, which are copied likewise.
        whole: layers whose weights belong to all labels together; with other labels they start fresh.

    Raises:
        ZooError: nothing fits, or there is no such model.
    """
    if not init_from:
        return
    names = starts(init_from)
    several = [_trained_weights(name) for name in names]
    trained, trained_labels = several[0]
    if WORDS in {weight.path for weight in model.weights} and is_language_model(config_of(init_from)):
        trained = encoder(names, [weights for weights, _ in several], [config_of(name) for name in names])
        # What else such a model is told of a word stands behind its vector.
        vocabularies = [*vocabularies, *(path for path in trained if path.endswith("/kernel"))]
    elif len(names) > 1:
        raise ZooError(
            f"--init-from {init_from}: only language models start classifiers and taggers by twos; give one"
        )
    other_labels = trained_labels != list(labels)
    fresh = []
    for weight in model.weights:
        layer, _, name = weight.path.partition("/")
        value, initial = trained.get(weight.path), weight.numpy()
        if other_labels and layer in by_label and value is not None:
            axes = getattr(model.get_layer(layer), "label_axes", {}).get(name, (-1,))
            value = _with_shared(value, initial, trained_labels, labels, axes)
        elif other_labels and layer in whole:
            value = None
        axis = 0 if weight.path in vocabularies else -1 if weight.path in by_column else None
        if value is not None and value.shape == initial.shape:
            weight.assign(value)
        elif value is not None and axis is not None and _has_grown(value.shape, initial.shape, axis):
            new = np.take(initial, range(value.shape[axis], initial.shape[axis]), axis)
            weight.assign(np.concatenate([value, new], axis))
        else:
            fresh.append(weight.path)
    unknown = [label for label in labels if label not in trained_labels]
    if len(fresh) == len(model.weights):
        raise ZooError(f"--init-from {init_from}: no weight fits; give a model of the same sizes and cell")
    print(
        f"starts from {init_from}: {len(model.weights) - len(fresh)} of {len(model.weights)} weights"
        + (f"; new: {', '.join(fresh)}" if fresh else "")
        + (f"; new labels: {', '.join(unknown)}" if by_label and unknown else "")
    )


def _with_shared(
    value: np.ndarray, initial: np.ndarray, before: Sequence[str], now: Sequence[str], axes: Sequence[int]
) -> np.ndarray | None:
    """Puts what belongs to labels of both models into a new one's weight; None: there is nothing of theirs.

    Args:
        value, initial: the trained weight and the new one.
        before, now: the labels of each.
        axes: of the weight that have an entry for each label.
    """
    shared = [label for label in now if label in before]
    sizes = list(initial.shape)
    for axis in axes:
        sizes[axis] = len(before)
    if not shared or value.shape != tuple(sizes) or any(initial.shape[axis] != len(now) for axis in axes):
        return None
    places = []
    for labels in (before, now):
        place: list[Sequence[int]] = [range(size) for size in initial.shape]
        for axis in axes:
            place[axis] = [labels.index(label) for label in shared]
        places.append(np.ix_(*place))
    together = initial.copy()
    together[places[1]] = value[places[0]]
    return together


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
    if not loaded.manifest.weights:
        raise ZooError(f"--init-from {init_from}: not a model of this zoo; give one that it exported")
    return loaded.weights, list(loaded.manifest.labels)
