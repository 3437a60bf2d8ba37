"""A training that has been: what a saved model learned, in the place of learning it."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from zoo.errors import ZooError
from zoo.tasks import Manifest
from zoo.training.fitting import Outcome


@dataclass(frozen=True)
class Past:
    """What a saved model learned.

    Attributes:
        weights: path -> array.
        inventories: name -> the lines of each, such as `vocabulary`.
        manifest: what it says of its training.
    """

    weights: Mapping[str, np.ndarray]
    inventories: Mapping[str, list[str]]
    manifest: Manifest

    def learned_by(self, model: keras.Model, labels: Sequence[str]) -> Outcome:
        """Gives a recipe's model these weights, and returns what the training was.

        Args:
            model: as the recipe makes it of today's data.
            labels: what its outputs mean.

        Raises:
            ZooError: the recipe, or the data, make another model today.
        """
        weights = {weight.path: weight for weight in model.weights}
        alike = list(labels) == list(self.manifest.labels) and all(
            path in weights and tuple(weights[path].shape) == array.shape
            for path, array in self.weights.items()
        )
        if not alike:
            raise ZooError(
                f"{self.manifest.name}: the recipe makes another model of today's data; train it anew: "
                f"{self.manifest.command}"
            )
        for path, array in self.weights.items():
            weights[path].assign(array)
        training = self.manifest.training
        best = {"val_loss": training.validation_loss}
        if training.validation_score is not None:
            best["val_score"] = training.validation_score
        return Outcome([best] * training.epochs, training.best_epoch, training.seconds)

    def says(self, manifest: Manifest) -> Manifest:
        """Returns the manifest of what is exported today, with what tells of the training as it was."""
        was = self.manifest
        return manifest.with_changes(
            command=was.command,
            config={**manifest.config, **was.config},
            elsewhere=was.elsewhere,
            hardware=was.hardware,
        )


_past: contextvars.ContextVar[Past | None] = contextvars.ContextVar("past", default=None)


def lines_of(inventory: str) -> list[str]:
    """Returns the lines of an inventory of that training; none, where none stands for those of now."""
    learned = past()
    return learned.inventories.get(inventory, []) if learned else []


def past() -> Past | None:
    """Returns the training that stands for those of now, if one does."""
    return _past.get()


@contextlib.contextmanager
def instead_of_training(what: Past) -> Iterator[None]:
    """Within it, runs learn nothing: their models have learned what a saved one has."""
    token = _past.set(what)
    try:
        yield
    finally:
        _past.reset(token)
