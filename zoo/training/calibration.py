"""Probabilities that mean what they say: one temperature, fitted on the validation part."""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo.data import Batches

_LOWEST, _HIGHEST = 0.05, 20.0
_FEW = 10  # wrong answers: of fewer nothing is concluded, and of none that all is certain
_STEPS = 60  # each narrows the range by a factor of 0.618
_GOLDEN = (math.sqrt(5) - 1) / 2


def fitted_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Returns the temperature that makes the truth most probable (Guo et al. 2017): logits are divided by it.

    The log-likelihood has one maximum, which is found by golden-section search between 0.05 and 20. Where
    fewer than ten answers are wrong it is 1: nothing can be concluded from them.

    Args:
        logits: (n, labels).
        truth: probabilities of the labels (n, labels), or their numbers (n,).
    """
    logits = logits.astype(np.float64)
    wanted = np.eye(logits.shape[1])[truth] if truth.ndim == 1 else truth

    if (logits.argmax(axis=1) != wanted.argmax(axis=1)).sum() < _FEW:
        return 1.0

    def cost(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        highest = scaled.max(axis=1, keepdims=True)
        sums = np.log(np.exp(scaled - highest).sum(axis=1, keepdims=True)) + highest
        return float((wanted * (sums - scaled)).sum())

    low, high = math.log(_LOWEST), math.log(_HIGHEST)
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if cost(left) <= cost(right) else (left, high)
    return math.exp((low + high) / 2)


def temperature_of(model: keras.Model, validation: Batches) -> float:
    """Returns the temperature of a trained classifier: see `fitted_temperature`.

    Args:
        model: inputs -> logits (batch, labels).
        validation: what it is fitted on; its targets are label numbers or probabilities.
    """

    def logits(inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.cast(model(inputs, training=False), tf.float32)

    return fitted_temperature(np.stack(validation.answering(logits)()), np.asarray(validation.targets))
