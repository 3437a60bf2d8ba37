"""How gradients become steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.training.settings import Settings


def make_optimizer(
    settings: Settings, steps_per_epoch: int, waiting: Mapping[str, int] | None = None
) -> keras.optimizers.Optimizer:
    """Returns the optimizer that the settings describe.

    Clipping rescales the gradient of all weights together, which keeps its direction (Pascanu et al. 2013).

    Args:
        settings: the recipe's config.
        steps_per_epoch: batches in an epoch.
        waiting: path of a weight -> the step before which it has no gradient.
    """
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        warmup = max(1, steps_per_epoch // 2)
        total = max(1, settings.epochs * steps_per_epoch - warmup)
        rate = WarmCosine(rate, warmup, total)
    kind = {
        "adam": FusedAdam,
        "rmsprop": keras.optimizers.RMSprop,
        "adagrad": keras.optimizers.Adagrad,
    }[settings.optimizer]
    # The average starts at the initial weights: in a short training a slow one would never leave them.
    steps = settings.epochs * steps_per_epoch
    decay = max(0.0, min(settings.weight_average, 1 - 10 / steps))
    return _clipped(kind, settings.clip_norm, waiting or {})(
        learning_rate=rate, use_ema=decay > 0, ema_momentum=decay
    )


class WarmCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from 0 along a line, and falls to 0 along a cosine.

    That of Keras has branches, whose operations are twice as many.

    Args:
        peak: highest rate.
        warmup: steps in which it rises.
        total: steps in which it falls.
    """

    def __init__(self, peak: float, warmup: int, total: int):
        self.peak, self.warmup, self.total = peak, warmup, total

    def __call__(self, step: Any) -> tf.Tensor:
        """Returns the rate at a step, counted from 0."""
        step = tf.cast(step, tf.float32)
        fallen = tf.minimum((step - self.warmup) / self.total, 1.0)
        falling = self.peak / 2 * (1 + tf.cos(math.pi * fallen))
        return tf.where(step < self.warmup, self.peak / self.warmup * step, falling)

    def get_config(self) -> dict[str, float]:
        """Returns the arguments."""
        return {"peak": self.peak, "warmup": self.warmup, "total": self.total}


class FusedAdam(keras.optimizers.Adam):
    """Adam, and its moving average of weights, by a few fused operations for each variable.

    Keras writes both out, operation by operation, 50 for each variable, and each costs a GPU its 5 to 10
    microseconds whatever it computes, and a CPU one more pass over memory. The steps are the same.

    Attributes:
        waiting: path of a weight -> the step before which it has no gradient.
    """

    waiting: Mapping[str, int] = {}

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        step = tf.cast(self.iterations.value + 1, tf.float32)
        beta_1, beta_2 = tf.constant(self.beta_1), tf.constant(self.beta_2)
        rate = _corrected(learning_rate, step, beta_1, beta_2)
        # Of the average so much is replaced by what the weights have become; at first, all of it.
        renewed = tf.where(step > 1, 1 - self.ema_momentum if self.use_ema else 0.0, 1.0)
        # The rate is corrected here, once for all; for the operation, no step has been taken yet.
        scalars = (tf.constant(0.0), rate, beta_1, beta_2, tf.constant(self.epsilon), renewed)
        super()._backend_update_step(grads, trainable_variables, scalars)

    def update_step(self, gradient: tf.Tensor, variable: Any, learning_rate: Any) -> None:
        """Takes a variable's step, and its average along."""
        none, rate, beta_1, beta_2, epsilon, renewed = learning_rate
        number = self._get_variable_index(variable)
        if begin := _begin(self, variable):
            # Its first step is the one with which it begins to learn.
            own = tf.cast(tf.maximum(self.iterations.value - begin, 0) + 1, tf.float32)
            rate = _corrected(self._get_current_learning_rate(), own, beta_1, beta_2)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=none,
            beta2_power=none,
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=gradient,
        )
        if self.use_ema:
            average = self._model_variables_moving_average[number].value
            tf.raw_ops.ResourceApplyGradientDescent(
                var=average.handle, alpha=renewed, delta=average.read_value() - variable.read_value()
            )

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        """Done by each step."""


def _corrected(rate: Any, step: tf.Tensor, beta_1: tf.Tensor, beta_2: tf.Tensor) -> tf.Tensor:
    """Returns the rate of a step, counted from 1, by means that began as 0."""
    return rate * tf.sqrt(1 - beta_2**step) / (1 - beta_1**step)


def _begin(optimizer: Any, variable: Any) -> int:
    """Returns the step before which a variable has no gradient."""
    number = optimizer._get_variable_index(variable)
    begin: int = optimizer.waiting.get(optimizer._trainable_variables[number].path, 0)
    return begin


def _clipped(kind: type[keras.optimizers.Optimizer], norm: float, waiting: Mapping[str, int]) -> Any:
    """Returns an optimizer class that clips the global norm of the gradient summed over all devices.

    Keras clips each device's share before they are summed, so that two devices would take another step
    than one.
    """

    class Clipped(kind):
        def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
            grads, variables = zip(*super()._all_reduce_sum_gradients(grads_and_vars), strict=True)
            # Sparse gradients may name a row twice; only as dense ones have they a norm.
            dense = [tf.convert_to_tensor(grad) for grad in grads]
            dense = [
                tf.where(self.iterations.value < begin, tf.zeros_like(grad), grad)
                if (begin := _begin(self, variable))
                else grad
                for grad, variable in zip(dense, variables, strict=True)
            ]
            return list(zip(_clip(dense, norm) if norm else dense, variables, strict=True))

    Clipped.__name__ = kind.__name__
    Clipped.waiting = waiting
    return Clipped


def _clip(gradients: Sequence[tf.Tensor], longest: float) -> list[tf.Tensor]:
    """Returns what `tf.clip_by_global_norm` does, by half as many operations."""
    norm = tf.linalg.global_norm(gradients)
    # What is not finite stays so, here and there, until the loss is NaN: nobody has to ask for it each time.
    scale = longest * tf.minimum(1 / norm, 1 / longest)
    return [gradient * scale for gradient in gradients]
