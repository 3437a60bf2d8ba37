"""Probabilities that mean what they say: what makes them of a model's parts is fitted on validation."""

from collections.abc import Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from zoo.data import Batches, Part
from zoo.tasks import Judged

_LOWEST, _HIGHEST = 0.05, 20.0
_FEW = 10  # wrong answers: of fewer nothing is concluded, and of none that all is certain


def fitted_weights(parts: Sequence[np.ndarray], truth: np.ndarray) -> np.ndarray:
    """Returns the weights with which the logits of parts are added up so that the truth is most probable.

    The log-likelihood has one maximum. The weight of the first part is one over the temperature of Guo et al.
    2017, between 0.05 and 20; those of the others are from 0 to 20. Where fewer than ten answers of the parts
    together are wrong nothing can be concluded: then all count alike, and their weights have the sum 1.

    Args:
        parts: logits (n, labels) of each.
        truth: probabilities of the labels (n, labels), or their numbers (n,).
    """
    from scipy.optimize import minimize

    logits = np.stack([part.astype(np.float64) for part in parts])
    wanted = np.eye(logits.shape[2])[truth] if truth.ndim == 1 else truth
    alike = np.full(len(logits), 1 / len(logits))
    if (logits.sum(axis=0).argmax(axis=1) != wanted.argmax(axis=1)).sum() < _FEW:
        return alike

    def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
        summed = np.tensordot(weights, logits, 1)
        highest = summed.max(axis=1, keepdims=True)
        sums = np.log(np.exp(summed - highest).sum(axis=1, keepdims=True)) + highest
        errors = np.exp(summed - sums) - wanted
        slopes = np.tensordot(logits, errors)
        return float((wanted * (sums - summed)).sum()) / len(wanted), slopes / len(wanted)

    bounds = [(1 / _HIGHEST, 1 / _LOWEST)] + [(0, _HIGHEST)] * (len(logits) - 1)
    # Until nothing gets better: what is fitted is the same on every machine.
    fitted = minimize(cost, alike, jac=True, bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9})
    return np.asarray(fitted.x)


def calibrated(
    model: keras.Model, validation: Batches, beside: np.ndarray | None = None
) -> tuple[float, float]:
    """Returns the temperature of a trained classifier, and the weight of what is said beside it.

    Args:
        model: inputs -> logits (batch, labels).
        validation: what they are fitted on; its targets are label numbers or probabilities.
        beside: logits of another model, of the same rows (n, labels).

    Returns:
        Temperature, and weight, 0 where there is no other model.
    """

    def logits(inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.cast(model(inputs, training=False), tf.float32)

    parts = [np.stack(validation.answering(logits)()), *([] if beside is None else [beside])]
    weights = fitted_weights(parts, np.asarray(validation.targets))
    return float(1 / weights[0]), float(weights[1]) if len(weights) > 1 else 0.0


def conformal_factors(truth: np.ndarray, quantiles: np.ndarray, levels: Sequence[float]) -> np.ndarray:
    """Returns by how much bounds should lie farther from the median, or nearer, to hold their share.

    Split conformal prediction (Papadopoulos et al. 2002): of a part that was not learned from, how far the
    truth lies from the median, as a share of how far the bound does; that share's own quantile is the factor,
    rounded to the outside, since a part is finite. All steps ahead are taken together: what one part says of
    each is mostly chance. Of fewer than twenty forecasts nothing is concluded.

    Args:
        truth: what came (n, horizon, targets); NaN where that is not known, which does not count.
        quantiles: what was forecast (n, horizon, targets, levels).
        levels: of the quantiles, 0.5 among them.

    Returns:
        What each distance is to be multiplied with, from a half to two, (targets, levels); of the median 1.
    """
    factors = np.ones(quantiles.shape[2:])
    median = quantiles[..., list(levels).index(0.5)]
    for place, level in enumerate(levels):
        width = quantiles[..., place] - median
        shares = np.divide(truth - median, width, out=0 * truth, where=width != 0)
        for target in range(shares.shape[-1]):
            known = ~np.isnan(shares[..., target])
            if level == 0.5 or known.any(axis=1).sum() < 2 * _FEW:
                continue
            in_order = np.sort(shares[..., target][known])
            rank = int(np.ceil((len(in_order) + 1) * max(level, 1 - level)))
            factors[target, place] = np.clip(in_order[min(rank, len(in_order)) - 1], 0.5, 2)
    return factors


class Writes(Protocol):
    """What is exported of a model that writes."""

    task: Any
    confidence: Any


def fit_confidence(module: Writes, validation: Part) -> None:
    """Fits how probable it is that what a model writes is right, by its own answers to a part.

    Args:
        module: before it is evaluated.
        validation: rows whose right answers are known.
    """
    judged: Judged = module.task.judged(module, validation)
    features = module.confidence.features(judged.texts, judged.scores, judged.about).numpy()
    module.confidence.weights.assign(logistic_weights(features, np.asarray(judged.right, float)))


def logistic_weights(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns the weights of a logistic regression (features,), slightly drawn towards 0.

    Where fewer than ten rows are right, or wrong, nothing can be concluded from features: then all rows have
    the same chance, by Laplace's rule of succession.

    Args:
        features: (n, features), of which the first is 1.
        right: 1 or 0 (n,).
    """
    from scipy.optimize import minimize

    count, hits = len(right), right.sum()
    alike = np.zeros(features.shape[1])
    alike[0] = np.log((hits + 1) / (count - hits + 1))
    if min(hits, count - hits) < _FEW:
        return alike
    features = features.astype(np.float64)

    def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = features @ weights
        loss = np.logaddexp(0, logits).sum() - logits @ right + 0.5 * (weights[1:] ** 2).sum()
        slopes = features.T @ (1 / (1 + np.exp(-logits)) - right) + np.append(0, weights[1:])
        return loss / count, slopes / count

    fitted = minimize(
        cost, alike, jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000}
    )
    return np.asarray(fitted.x)
