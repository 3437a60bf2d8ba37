"""fit(): Keras's own training, on one device or several, that continues exactly where a kill left it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from zoo.data import Batches
from zoo.errors import ZooError
from zoo.training.run import Run, numbered

Storage = Literal["float32", "float16"]


@dataclass(frozen=True)
class Settings:
    """Training settings that every recipe's Config inherits."""

    name: str = ""
    """Name of the run and of the exported model; empty: the recipe's own."""
    epochs: int = 10
    """Most epochs; the schedule ends with the last one."""
    steps_per_epoch: int = 0
    """Batches in an epoch; 0: one pass over the data. Lower it where a pass takes more than three minutes."""
    batch_size: int = 64
    """Rows in a batch, over all devices."""
    optimizer: Literal["adam", "rmsprop", "adagrad"] = "adam"
    """How gradients become steps."""
    learning_rate: float = 1e-3
    """Highest learning rate."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate over time: half an epoch of warm-up, then down to 0 along a cosine, or constant."""
    clip_norm: float = 5.0
    """Longest gradient, over all weights together; 0: not clipped."""
    weight_average: float = 0.99
    """Decay of the moving average of weights that is validated and exported; 0: the weights themselves."""
    patience: int = 2
    """Epochs without a better validation loss (or score, where the recipe has one) before training stops."""
    seed: int = 1
    """Decides initial weights, order of the data and dropout."""
    strategy: Literal["auto", "one", "mirrored"] = "auto"
    """Devices: all GPUs if there are several, else one; one; or all local devices of the best kind."""
    mixed_precision: bool = False
    """Compute in float16 on GPUs and bfloat16 on CPUs; weights stay float32."""
    storage: Storage = "float32"
    """Type of the exported weights; float16 halves the files, and scores are those of the rounded weights."""
    init_from: str = ""
    """Saved model (name or path) or run to start from: its vocabulary is kept and extended."""
    fresh: bool = False
    """Discard what the run's folder holds and train anew."""


def start(settings: Settings) -> tf.distribute.Strategy:
    """Seeds every generator, sets the precision, and returns the strategy to build the model under."""
    require(settings, 1, None, "epochs", "batch_size")
    require(settings, 0, None, "steps_per_epoch", "clip_norm", "patience", "seed")
    require(settings, 1e-9, None, "learning_rate")
    require(settings, 0, 0.99999, "weight_average")
    keras.utils.set_random_seed(settings.seed)
    gpus = tf.config.list_logical_devices("GPU")
    half = "mixed_float16" if gpus else "mixed_bfloat16"
    keras.config.set_dtype_policy(half if settings.mixed_precision else "float32")
    devices = gpus or tf.config.list_logical_devices("CPU")
    several = settings.strategy == "mirrored" or (settings.strategy == "auto" and len(gpus) > 1)
    if several:
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def require(settings: Settings, least: float, most: float | None, *fields: str) -> None:
    """Checks that fields lie between `least` and `most`.

    Raises:
        ZooError: one does not; the message names its flag.
    """
    for field in fields:
        value = getattr(settings, field)
        if not value >= least or (most is not None and value > most):  # a NaN is neither
            bounds = f"at least {least:g}" + (f" and at most {most:g}" if most is not None else "")
            raise ZooError(f"--{field.replace('_', '-')} {value}: must be {bounds}")


def make_optimizer(settings: Settings, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Returns the optimizer that the settings describe.

    Clipping rescales the gradient of all weights together, which keeps its direction (Pascanu et al. 2013).
    """
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        warmup = max(1, steps_per_epoch // 2)
        total = max(1, settings.epochs * steps_per_epoch - warmup)
        rate = keras.optimizers.schedules.CosineDecay(0.0, total, warmup_target=rate, warmup_steps=warmup)
    kind = {
        "adam": keras.optimizers.Adam,
        "rmsprop": keras.optimizers.RMSprop,
        "adagrad": keras.optimizers.Adagrad,
    }[settings.optimizer]
    # The average starts at the initial weights: in a short training a slow one would never leave them.
    steps = settings.epochs * steps_per_epoch
    decay = max(0.0, min(settings.weight_average, 1 - 10 / steps))
    return _clipped(kind, settings.clip_norm)(learning_rate=rate, use_ema=decay > 0, ema_momentum=decay)


def fit(
    run: Run,
    settings: Settings,
    model: keras.Model,
    train: Batches,
    validation: Batches,
    loss: keras.losses.Loss,
    metrics: Sequence[keras.metrics.Metric],
    score: Callable[[], float] | None = None,
) -> dict[str, Any]:
    """Trains `model` and leaves it with the weights of its best epoch.

    The run's checkpoint is replaced after each epoch. It holds weights, optimizer, random states, best
    weights and patience; the order of the data follows from seed and step. So a training that was killed
    continues, and on one CPU device ends with the very weights it would have had.

    Args:
        run: the folder to write to, created.
        settings: the recipe's config.
        model: built under `start`'s strategy, uncompiled.
        train: batches to learn from.
        validation: batches that choose the best epoch, by loss.
        loss: reduced by Keras's default, over the batch.
        metrics: weighted metrics for the progress bar.
        score: what chooses the best epoch instead of the loss: called after each epoch with the weights that
            would be kept, it returns a figure of the validation part that is the better the higher. A loss
            may rise, since the model grows too sure of itself, while its answers still get better.

    Returns:
        `history` (a list of dicts, one an epoch), `best_epoch` (from 1) and `seconds` spent
        in all epochs.

    Raises:
        ZooError: the loss is not a number from the start.
    """
    steps = settings.steps_per_epoch or train.steps
    with model.distribute_strategy.scope():
        optimizer = make_optimizer(settings, steps)
        # XLA cannot compile the fused cuDNN kernels, and on CPU each new length would compile anew.
        model.compile(optimizer, loss, weighted_metrics=list(metrics), jit_compile=False)
        model.optimizer.build(model.trainable_variables)
    keeper = _Checkpoint(run, settings, score)
    keeper.restore(model)
    if not keeper.finished:
        model.fit(
            train.shuffled(settings.seed, start=keeper.epoch * steps),
            shuffle=False,
            steps_per_epoch=steps,
            initial_epoch=keeper.epoch,
            epochs=settings.epochs,
            validation_data=validation.in_order(),
            callbacks=[
                keras.callbacks.TerminateOnNaN(),
                keeper,
                keras.callbacks.TensorBoard(run.directory / "logs", write_graph=False),
            ],
        )
        if not keeper.history:
            raise ZooError("the loss became NaN in the first epoch; lower --learning-rate or --clip-norm")
    keeper.restore_best(model)
    return {
        "history": keeper.history,
        "best_epoch": keeper.best_epoch,
        "seconds": keeper.seconds,
    }


class _Checkpoint(keras.callbacks.Callback):
    """Early stopping, best weights and exact resume: one state, saved as one file after each epoch."""

    def __init__(self, run: Run, settings: Settings, score: Callable[[], float] | None):
        super().__init__()
        self.run, self.settings, self.score = run, settings, score
        self.epoch, self.best_epoch, self.seconds = 0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self.best: list[np.ndarray] = []

    @property
    def finished(self) -> bool:
        patience = self.settings.patience
        return self.epoch >= self.settings.epochs or self.epoch - self.best_epoch >= patience > 0

    def restore(self, model: keras.Model) -> None:
        stored = self.run.load_checkpoint()
        if not stored:
            return
        arrays, state = stored
        _assign(model.variables, numbered(arrays, "model"))
        _assign(model.optimizer.variables, numbered(arrays, "optimizer"))
        self.best = numbered(arrays, "best")
        self.epoch, self.best_epoch, self.history = state["epoch"], state["best_epoch"], state["history"]
        self.seconds = state["seconds"]
        what = "training was finished" if self.finished else "continues"
        print(f"{self.run.directory}: {what} after epoch {self.epoch}")

    def restore_best(self, model: keras.Model) -> None:
        _assign(model.weights, self.best)

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.monotonic()

    def on_test_begin(self, logs=None):
        self._training_weights = [variable.numpy() for variable in self.model.trainable_variables]
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        optimizer.finalize_variable_values(self.model.trainable_variables)  # the moving average, if any

    def on_test_end(self, logs=None):
        self._candidate = [variable.numpy() for variable in self.model.weights]
        self._scored = {"val_score": float(self.score())} if self.score else {}
        _assign(self.model.trainable_variables, self._training_weights)

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self._scored)  # the progress bar and TensorBoard, which come after, show it too
        logs = {name: float(value) for name, value in logs.items()}
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
        groups = {
            "model": [variable.numpy() for variable in self.model.variables],
            "optimizer": [variable.numpy() for variable in self.model.optimizer.variables],
            "best": self.best,
        }
        arrays = {f"{group}/{i}": array for group, found in groups.items() for i, array in enumerate(found)}
        state = {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "history": self.history,
            "seconds": self.seconds,
            "weights": [weight.path for weight in self.model.weights],
        }
        self.run.save_checkpoint(arrays, state)


def _assign(variables, arrays) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _clipped(kind: type[keras.optimizers.Optimizer], norm: float):
    """Returns an optimizer class that clips the global norm of the gradient summed over all devices.

    Keras clips each device's share before they are summed, so that two devices would take another step
    than one.
    """

    class Clipped(kind):
        def _all_reduce_sum_gradients(self, grads_and_vars):
            reduced = super()._all_reduce_sum_gradients(grads_and_vars)
            if not norm:
                return reduced
            grads, variables = zip(*reduced, strict=True)
            # Sparse gradients may name a row twice; only as dense ones have they a norm.
            dense = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]
            return list(zip(tf.clip_by_global_norm(dense, norm)[0], variables, strict=True))

    Clipped.__name__ = kind.__name__
    return Clipped
