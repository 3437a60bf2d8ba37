"""Early stopping, best weights and exact resume: one state, saved as one file after each epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from zoo.training.folder import Folder, checkpoint_of, numbered, unpacked
from zoo.training.settings import Settings
from zoo.training.workers import Alone


class Checkpoint(keras.callbacks.Callback):
    """Early stopping, best weights and exact resume: one state, saved as one file after each epoch."""

    def __init__(self, folder: Folder, settings: Settings, score: Callable[[], float] | None, crew: Alone):
        super().__init__()
        self.folder, self.settings, self.score, self.crew = folder, settings, score, crew
        self.epoch, self.best_epoch, self.seconds = 0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self.best: list[np.ndarray] = []
        self._scored: dict[str, float] = {}

    @property
    def finished(self) -> bool:
        """Whether the last epoch has come, or patience is at its end."""
        patience = self.settings.patience
        return self.epoch >= self.settings.epochs or self.epoch - self.best_epoch >= patience > 0

    def restore(self, model: keras.Model) -> None:
        """Goes on from the folder's checkpoint, if there is one: of several processes from the chief's."""
        directory = self.folder.directory
        written = checkpoint_of(directory) if self.crew.chief else b""
        stored = unpacked(self.crew.from_chief(written), directory)
        if not stored:
            return
        arrays, state = stored
        self._assign(model.variables, numbered(arrays, "model"))
        self._assign(model.optimizer.variables, numbered(arrays, "optimizer"))
        self.best = numbered(arrays, "best")
        self.epoch, self.best_epoch, self.history = state["epoch"], state["best_epoch"], state["history"]
        self.seconds = state["seconds"]
        what = "training was finished" if self.finished else "continues"
        if self.crew.chief:
            print(f"{directory}: {what} after epoch {self.epoch}")

    def restore_best(self, model: keras.Model) -> None:
        """Leaves the model with the weights of its best epoch."""
        self._assign(model.weights, self.best)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Looks at the clock."""
        self._began = time.monotonic()

    def on_test_begin(self, logs: Any = None) -> None:
        """Validates what would be kept."""
        self._training_weights = self._values(self.model.trainable_variables)
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        optimizer.finalize_variable_values(self.model.trainable_variables)  # the moving average, if any

    def on_test_end(self, logs: Any = None) -> None:
        """Goes on with what is trained."""
        self._candidate = self._values(self.model.weights)
        if self.score:
            self._scored["val_score"] = float(self.score()) if self.crew.chief else math.nan
        self._assign(self.model.trainable_variables, self._training_weights)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keeps what is best, and everything."""
        logs.update(self._scored)  # the progress bar and TensorBoard, which come after, show it too
        # All go by the chief's, so that none goes on where another one stops.
        logs.update(zip(logs, self.crew.numbers([float(value) for value in logs.values()]), strict=True))
        logs = dict(logs)
        if not all(math.isfinite(value) for value in logs.values()):
            self.model.stop_training = True  # the last whole checkpoint stays
            return
        self.epoch, self.seconds = epoch + 1, self.seconds + time.monotonic() - self._began
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.history.append({**logs, "learning_rate": rate})
        if not self.best_epoch or self._merit(-1) > self._merit(self.best_epoch - 1):
            self.best_epoch, self.best = self.epoch, self._candidate
        self.model.stop_training = self.finished
        self.save()

    def _merit(self, epoch: int) -> float:
        row = self.history[epoch]
        return row.get("val_score", -row["val_loss"])

    def save(self) -> None:
        """Replaces the checkpoint."""
        groups = {
            "model": self._values(self.model.variables),
            "optimizer": self._values(self.model.optimizer.variables),
            "best": self.best,
        }
        arrays = {f"{group}/{i}": array for group, values in groups.items() for i, array in enumerate(values)}
        state = {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "history": self.history,
            "seconds": self.seconds,
            "weights": [weight.path for weight in self.model.weights],
        }
        if self.crew.chief:
            self.folder.save_checkpoint(arrays, state)

    def _values(self, variables: Sequence[Any]) -> list[np.ndarray]:
        return [self.crew.value(variable) for variable in variables]

    def _assign(self, variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
        for variable, array in zip(variables, arrays, strict=True):
            self.crew.assign(variable, array)
