"""Teachers: models that say what a text is, so that a network learns from them, and from unlabelled text."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from zoo import models
from zoo.baselines import NaiveBayesRuns, out_of_fold
from zoo.data import Examples, Part, cache_dir, joined
from zoo.errors import ZooError
from zoo.files import replacing

NGRAMS = "ngrams"
"""The teacher that is a linear model of runs of words, fitted on the training part."""
_VERSION = 2  # of that model: what another one said is not what it says


def taught(
    examples: Examples,
    teachers: Sequence[str] = (),
    share: float = 0.5,
    most: int = 0,
    set_weights: Sequence[float] = (),
    balance: float = 0.0,
    linear: Callable[[], NaiveBayesRuns] | None = None,
) -> tuple[Part, Part]:
    """Returns training and validation rows whose labels are probabilities (Hinton et al. 2015).

    A labelled text's target is its label, but for a share that is said by a linear model which learned from
    other texts only. An unlabelled text's is the mean of what all teachers say. What they say is kept in the
    zoo's cache, since it takes them a while.

    Args:
        examples: of classification; their unlabelled texts are read, where there are any.
        teachers: names of saved models that know the same labels, and `"ngrams"`; none: labels alone.
        share: of a labelled text's target that the linear model says, if it teaches.
        most: unlabelled texts that are read.
        set_weights: of a mix, how much each text of a set counts; none: all alike.
        balance: 0: each text counts alike; 1: each label does, however often it stands in training.
        linear: gives the linear model of the training part, for who reads it too; None: it is fitted here.

    Returns:
        Training and validation part, with `text`, `label`, float32 (labels,), and `weight`, of mean 1.

    Raises:
        ZooError: a teacher is unknown, or knows other labels; or the weights are not one for each set.
    """
    names, train = list(examples.label_names), examples.train
    if examples.unlabelled is None and any(name != NGRAMS for name in teachers):
        raise ZooError(
            f"--teachers: {examples.name} has no texts without a label, on which saved models teach; leave "
            "them out, or choose a data set that has some, as imdb_reviews"
        )
    asked = [_asked(name, names) for name in teachers if name != NGRAMS]
    texts, numbers = train.strings("text"), train.column("label")
    targets = _sure(numbers, len(names))
    if NGRAMS in teachers and share:
        key = _key("folds", _VERSION, texts, numbers)
        others = _kept(key, lambda: out_of_fold(texts, numbers, len(names)))
        targets = ((1 - share) * targets + share * others).astype(np.float32)
    weights = _of_sets(train, set_weights) * _of_labels(targets, balance)
    if not weights.any():
        raise ZooError("--set-weights: all are 0, and nothing would be learned; give one that is more")
    rows = [_rows(train, targets, weights / weights.mean())]
    if teachers and examples.unlabelled and most:
        unlabelled = examples.unlabelled().first(most)
        more = unlabelled.strings("text")
        said = [_kept(_key(key, more), functools.partial(ask, more)) for key, ask in asked]
        if NGRAMS in teachers:
            key = _key(NGRAMS, _VERSION, texts, numbers, more)
            fitted = linear or (lambda: NaiveBayesRuns(texts, numbers, len(names)))
            said.append(_kept(key, lambda: fitted().chances(more)))
        rows.append(_rows(unlabelled, np.mean(np.stack(said), axis=0), np.ones(len(more))))
    validation = examples.validation
    sure = _sure(validation.column("label"), len(names))
    return joined(rows), _rows(validation, sure, np.ones(len(sure)))


def _of_sets(train: Part, set_weights: Sequence[float]) -> np.ndarray:
    """Returns the weight of each row's set (n,)."""
    if not set_weights:
        return np.ones(len(train))
    sets = train.column("set") if "set" in train.features else np.zeros(len(train), int)
    if len(set_weights) != sets.max() + 1:
        raise ZooError(
            f"--set-weights has {len(set_weights)} numbers, and the data are {sets.max() + 1} sets: give one "
            "for each, in the order of --dataset"
        )
    return np.asarray(np.array(set_weights, float)[sets])


def _of_labels(targets: np.ndarray, balance: float) -> np.ndarray:
    """Returns a weight for each row (n,), the higher the rarer its label."""
    shares = targets.mean(axis=0)
    return np.asarray(targets @ (1 / np.maximum(shares, 1e-9) ** balance))


def _asked(name: str, names: Sequence[str]) -> tuple[str, Callable[[Sequence[str]], np.ndarray]]:
    """Returns what a saved model's answers are known by, and what asks it for them."""
    model = models.load(name)
    if sorted(model.manifest.labels) != sorted(names):
        known = ", ".join(model.manifest.labels)
        raise ZooError(
            f"--teachers {name}: knows other labels ({known}) than the data; name models that know "
            f"{', '.join(names)}"
        )

    def ask(texts: Sequence[str]) -> np.ndarray:
        answers = model.predict(texts)
        return np.array([[row["scores"][label] for label in names] for row in answers], np.float32)

    return _key(*sorted(model.manifest.files.items())), ask


def _rows(part: Part, chances: np.ndarray, weights: np.ndarray) -> Part:
    return Part({"text": part.column("text"), "label": chances, "weight": weights.astype(np.float32)})


def _sure(numbers: np.ndarray, labels: int) -> np.ndarray:
    return np.asarray(np.eye(labels, dtype=np.float32)[numbers])


def _key(*what: Any) -> str:
    digest = hashlib.sha256()
    for each in what:
        digest.update(repr(each.tolist() if isinstance(each, np.ndarray) else each).encode())
    return digest.hexdigest()


def _kept(key: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Returns what was made before under this key, or makes it."""
    path = cache_dir() / "teachers" / f"{key}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.save(file, make())
    said: np.ndarray = np.load(path)
    return said
