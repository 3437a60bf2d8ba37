"""What stands behind a network: the best sequence of tags, and texts that are written piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

Array = np.ndarray
PERIOD, TIMES = 8, 3  # of circles that are not written
_LEAST = 1e-30


class Field:
    """A conditional random field over the tags of a sentence.

    Args:
        arrays: `transitions` (tags, tags), `starts` and `ends` (tags,), with what is forbidden in training;
            `never_follows` and `never_starts`, what is added so that the best sequence has none of it;
            `inside` (tags,), which tags continue a span, and `continuing` (tags,), by which one.
    """

    def __init__(self, arrays: Mapping[str, Array]):
        self.transitions, self.starts, self.ends = (
            arrays[name] for name in ("transitions", "starts", "ends")
        )
        self.never_follows, self.never_starts = arrays["never_follows"], arrays["never_starts"]
        self.inside, self.continuing = arrays["inside"], arrays["continuing"]

    def best(self, logits: Array) -> Array:
        """Returns the most probable tags (time,) of logits (time, tags), by Viterbi's algorithm."""
        transitions = self.transitions + self.never_follows
        state, back = self.starts + self.never_starts + logits[0], []
        for step in logits[1:]:
            reached = state[:, None] + transitions
            back.append(reached.argmax(axis=0))
            state = reached.max(axis=0) + step
            state = state - state.max()
        tags = [int((state + self.ends).argmax())]
        for before in reversed(back):
            tags.append(int(before[tags[-1]]))
        return np.array(tags[::-1])

    def scores_and_confidences(self, logits: Array, tags: Array) -> tuple[Array, Array]:
        """Returns the probabilities of tags (time,), and that the span of each is right."""
        forward = _sums(logits, self.transitions, self.starts)
        backward = _sums(logits[::-1], self.transitions.T, self.ends)[::-1]
        steps = np.arange(len(tags))
        marginals = log_softmax(forward + backward - logits)
        scores = np.exp(marginals[steps, tags])
        if not self.inside.any():
            return scores, scores
        onward = np.concatenate([backward[1:], np.zeros_like(backward[:1])])
        following = log_softmax(self.transitions[tags] + onward)
        after, last = np.append(tags[1:], 0), steps == len(tags) - 1
        goes_on = self.inside[after] & ~last
        more = self.continuing[tags]
        ends = -np.expm1(following[steps, np.maximum(more, 0)])
        ends = np.where((more < 0) | last, 0.0, np.log(np.maximum(ends, _LEAST)))
        within = np.append(False, goes_on[:-1])
        before = np.append(0.0, np.where(goes_on, following[steps, after], 0.0)[:-1])
        told = np.where(within, before, np.log(np.maximum(scores, _LEAST))) + np.where(goes_on, 0.0, ends)
        spans = np.cumsum(~within) - 1
        return scores, np.exp(np.bincount(spans, told))[spans]


def _sums(logits: Array, transitions: Array, starts: Array) -> Array:
    """Returns the logarithms of the sums of all sequences up to each step and tag, less some number."""
    states = [starts + logits[0]]
    for step in logits[1:]:
        reached = np.logaddexp.reduce(states[-1][:, None] + transitions, axis=0) + step
        states.append(reached - reached.max())
    return np.stack(states)


def log_softmax(values: Array) -> Array:
    """Returns logarithms of probabilities (..., n)."""
    return values - np.logaddexp.reduce(values, axis=-1, keepdims=True)


def softmax(logits: Array) -> Array:
    """Returns probabilities (..., n)."""
    return np.exp(log_softmax(logits))


class Written(NamedTuple):
    """A text that was written.

    Attributes:
        tokens: numbers of its pieces.
        score: what the model says of it.
        finished: whether it came to its end.
    """

    tokens: list[int]
    score: float
    finished: bool


class Habits(NamedTuple):
    """What no text of training does, and pieces that never close a circle.

    Attributes:
        begins: bool (pieces,), which a text may begin with; None: all.
        doubles: bool (pieces,), which may stand twice in a row; None: all.
        free: bool (pieces,), of digits.
    """

    begins: Array | None
    doubles: Array | None
    free: Array


def greedy(
    step: Callable[[int], Array],
    start: int,
    end: int,
    most: int,
    penalty: float,
    habits: Habits,
    repeats: bool,
) -> Written:
    """Takes the most probable piece at each step.

    Args:
        step: takes the last piece, and gives the logits of the next one (pieces,); it keeps its own state.
        start, end: pieces that stand before and behind a text.
        most: pieces that a text may have.
        penalty: how much longer texts are preferred.
        habits: what is never written.
        repeats: whether it may say a thing three times in a row, as what it is about does.
    """
    if not most:
        return Written([], 0.0, True)
    tokens: list[int] = []
    total, last = 0.0, start
    while True:
        told = log_softmax(step(last).astype(np.float64))
        for piece in forbidden(tokens, habits, repeats):
            told[piece] = -np.inf
        best = int(told.argmax())
        if best == end or len(tokens) == most:
            break
        total += told[best]
        tokens.append(best)
        last = best
    finished = best == end
    total += told[end] if finished else 0.0
    score = total / ((5.0 + len(tokens)) / 6.0) ** penalty
    return Written(tokens if finished else without_endless(tokens), float(score), finished)


def forbidden(tokens: Sequence[int], habits: Habits, repeats: bool) -> set[int]:
    """Returns the pieces that may not come next."""
    never: set[int] = set()
    if habits.begins is not None and not tokens:
        never |= set(np.flatnonzero(~habits.begins).tolist())
    if habits.doubles is not None and tokens and not habits.doubles[tokens[-1]]:
        never.add(tokens[-1])
    for period in range(1, PERIOD + 1):
        needed = (TIMES - 1) * period - 1  # of the latest that are as the one before by a period
        if repeats or len(tokens) < needed + period:
            continue
        alike = all(tokens[-i] == tokens[-i - period] for i in range(1, needed + 1))
        if alike and not habits.free[tokens[-period]]:
            never.add(tokens[-period])
    return never


def repeating(tokens: Sequence[int]) -> bool:
    """Tells whether tokens hold something three times in a row."""
    for period in range(1, PERIOD + 1):
        in_a_row = 0
        for before, token in zip(tokens, tokens[period:], strict=False):
            in_a_row = in_a_row + 1 if before == token else 0
            if in_a_row == (TIMES - 1) * period:
                return True
    return False


def without_endless(tokens: list[int], period: int = 8, times: int = 4) -> list[int]:
    """Cuts what is repeated to no end, down to its first time."""
    kept = len(tokens)
    for apart in range(1, period + 1):
        others = [
            place + 1
            for place in range(len(tokens))
            if place < apart or tokens[place] != tokens[place - apart]
        ]
        behind = others[-1] if others else 0
        if len(tokens) - behind >= (times - 1) * apart:
            kept = min(kept, behind)
    return tokens[:kept]
