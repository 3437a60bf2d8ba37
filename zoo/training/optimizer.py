"""How gradients become steps."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.training.settings import Settings


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


def _clipped(kind: type[keras.optimizers.Optimizer], norm: float) -> Any:
    """Returns an optimizer class that clips the global norm of the gradient summed over all devices.

    Keras clips each device's share before they are summed, so that two devices would take another step
    than one.
    """

    class Clipped(kind):
        def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
            reduced = super()._all_reduce_sum_gradients(grads_and_vars)
            if not norm:
                return reduced
            grads, variables = zip(*reduced, strict=True)
            # Sparse gradients may name a row twice; only as dense ones have they a norm.
            dense = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]
            return list(zip(tf.clip_by_global_norm(dense, norm)[0], variables, strict=True))

    Clipped.__name__ = kind.__name__
    return Clipped
