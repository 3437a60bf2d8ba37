"""Texts that do not go round in circles: what stands twice in a row is not written a third time."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from zoo.decoding.common import NEVER, Step
from zoo.decoding.habits import Habits

PERIOD = 8  # tokens of the longest thing that is told from its repetition
_TIMES = 3
_NOTHING, _START = -2, -1  # in the place of tokens that are no part of a text


def without_loops(
    step: Step, state: Any, repeats: tf.Tensor, habits: Habits | None = None, free: np.ndarray | None = None
) -> tuple[Step, Any]:
    """Returns a step, and its first state, by which nothing is written three times in a row.

    Args:
        step: as `zoo.decoding` takes it.
        state: its own before the first token, tensors (batch, ...).
        repeats: bool (batch,), rows that may, as what they are about does it, too.
        habits: what else no text does.
        free: bool (vocabulary,), tokens that never close a circle, such as digits; None: there are none.

    Returns:
        The step gives log-probabilities; those of what is forbidden are minus infinity, and nothing else
        gains by it.
    """
    rows = tf.size(repeats)
    last = tf.fill([rows, PERIOD], _NOTHING)  # the latest tokens, the newest first
    runs = tf.zeros([rows, PERIOD], tf.int32)  # of each period, how many of the latest are as one before

    def careful(tokens: tf.Tensor, state: Any, *memory: Any) -> tuple[tf.Tensor, Any]:
        own, last, runs, repeats = state
        latest = tf.where(last[:, :1] == _NOTHING, _START, tokens[:, None])
        runs = tf.where(latest == last, runs + 1, 0)
        last = tf.concat([latest, last[:, :-1]], axis=1)
        logits, own = step(tokens, own, *memory)
        logits -= tf.reduce_logsumexp(logits, axis=1, keepdims=True)
        if habits:
            logits = habits.kept(logits, latest[:, 0], latest[:, 0] == _START)
        # One more token that equals the one before by a period would close the circle.
        closing = (runs >= (_TIMES - 1) * tf.range(1, PERIOD + 1) - 1) & ~repeats[:, None]
        if free is not None:
            closing &= ~tf.gather(tf.constant(free), tf.maximum(last, 0))
        places = tf.where(closing)
        # Most steps forbid nothing, and need no copy.
        logits = tf.cond(tf.size(places) > 0, lambda: _forbidden(logits, places, last), lambda: logits)
        return logits, (own, last, runs, repeats)

    return careful, (state, last, runs, repeats)


def _forbidden(logits: tf.Tensor, places: tf.Tensor, last: tf.Tensor) -> tf.Tensor:
    """Returns logits in which what stands at places (n, 2) of the latest tokens is not possible."""
    pairs = tf.stack([tf.cast(places[:, 0], tf.int32), tf.gather_nd(last, places)], axis=1)
    never = tf.fill([tf.shape(pairs)[0]], tf.cast(NEVER, logits.dtype))
    return tf.tensor_scatter_nd_update(logits, pairs, never)


def repeating(tokens: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Tells which rows (batch, time) hold something three times in a row, bool (batch,).

    Args:
        tokens: numbers.
        mask: bool (batch, time), which of them are there.
    """
    found = tf.zeros_like(mask[:, 0])
    for period in range(1, PERIOD + 1):
        needed = (_TIMES - 1) * period  # tokens that equal the one before by a period
        alike = (tokens[:, period:] == tokens[:, :-period]) & mask[:, period:]
        counts = tf.cumsum(tf.pad(tf.cast(alike, tf.int32), [[0, 0], [1, 0]]), axis=1)
        before = counts[:, : tf.maximum(tf.shape(counts)[1] - needed, 0)]
        found |= tf.reduce_any(counts[:, needed:] - before == needed, axis=1)
    return found
