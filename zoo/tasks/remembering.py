"""A language model that remembers what it has just read: a cache of its states beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from zoo.errors import ZooError

_MOST = 200_000  # units of a text, as many as are scored
_CHUNK = 1_000  # steps of the model at a time
_ROWS = 256  # units whose past is compared at a time
_FLATNESS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
_WEIGHTS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)


class Read(NamedTuple):
    """What a model says of one text.

    Attributes:
        tokens: numbers of its units, int32 (units,).
        log_probabilities: of each, by the model alone, float32 (units,).
        states: of the top layer before each, float32 (units, size).
    """

    tokens: np.ndarray
    log_probabilities: np.ndarray
    states: np.ndarray


@dataclass(frozen=True)
class Cache:
    """The continuous cache of Grave, Joulin and Usunier (2017).

    Where the model was in a similar state before, it expects what came then: the probability of a unit is
    (1 - weight) p + weight times its share among the last `size` units, each counted by
    exp(flatness h_t . h_i), h being the state of the top layer. Nothing is learned, and nothing is kept from
    text to text.

    Attributes:
        size: units that are remembered.
        weight: how much the cache is heard.
        flatness: how much likeness counts.
    """

    size: int
    weight: float
    flatness: float

    @classmethod
    def fitted(cls, size: int, texts: Sequence[Read]) -> Cache:
        """Chooses weight and flatness, of some each, by which texts are the most probable."""
        best, most = (0.0, _FLATNESS[0]), -np.inf
        for flatness in _FLATNESS:
            shares = [_shares(text, size, flatness) for text in texts]
            for weight in (0.0, *_WEIGHTS):
                told = sum(
                    _mixed(text, share, weight).sum() for text, share in zip(texts, shares, strict=True)
                )
                if told > most:
                    best, most = (weight, flatness), float(told)
        return cls(size, *best)

    def log_probabilities(self, text: Read) -> np.ndarray:
        """Returns those of each unit of a text, float64 (units,)."""
        return _mixed(text, _shares(text, self.size, self.flatness), self.weight)


def check(model: Any) -> None:
    """Refuses models whose steps cannot be taken.

    Raises:
        ZooError: it is one.
    """
    for name in ("encode", "step"):
        if name not in model.signatures:
            raise ZooError(f"{model.name}: only generators remember; this model has no signature {name}")


def read(model: Any, texts: Sequence[str]) -> list[Read]:
    """Reads texts unit by unit, each from the start; those without any are left out.

    Raises:
        ZooError: as `check`.
    """
    check(model)
    config = model.manifest.config
    size = model.signatures["step"].structured_input_signature[1]["state"].shape[1]
    step, units = _steps(model, size), int(config["units"])
    # The states of all layers stand side by side; of an LSTM's two the first is what it gives.
    top = slice(size - units * (size // (units * int(config["layers"]))), None)
    found = []
    for text in texts:
        tokens = numbered(model, text)
        if not len(tokens):  # blanks alone, where words are read
            continue
        state, parts, before = np.zeros((1, size), np.float32), [], begun(tokens)
        for start in range(0, len(tokens), _CHUNK):
            end = start + _CHUNK
            *part, state = step(before[start:end], tokens[start:end], state)
            parts.append([each.numpy() for each in part])
        told, states = (np.concatenate(each) for each in zip(*parts, strict=True))
        found.append(Read(tokens, told, states[:, top][:, :units].copy()))
    return found


def numbered(model: Any, text: str) -> np.ndarray:
    """Returns the numbers of a text's units, int32 (units,), of those that are scored."""
    numbers: np.ndarray = model.signatures["encode"](text=[text])["tokens"][0, :_MOST].numpy()
    return numbers


def begun(tokens: np.ndarray) -> np.ndarray:
    """Returns what stands before each unit, int32 (units,): the start, and then each unit but the last."""
    from zoo.text import Vocabulary

    return np.concatenate([[Vocabulary.START], tokens[:-1]]).astype(np.int32)


def _steps(model: Any, size: int) -> Any:
    """Returns what takes many steps: units before, asked for, state -> log-probabilities, states, state."""
    import tensorflow as tf

    one = model.signatures["step"]

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([1, size]),
        ],
    )
    def many(before, asked, state):  # type: ignore[no-untyped-def]
        count = tf.size(before)
        told, states = tf.TensorArray(tf.float32, count), tf.TensorArray(tf.float32, count)

        def step(t, state, told, states):  # type: ignore[no-untyped-def]
            after = one(tokens=before[t : t + 1], state=state)
            chance = tf.nn.log_softmax(after["logits"][0])[asked[t]]
            return (
                t + 1,
                tf.ensure_shape(after["state"], [1, size]),
                told.write(t, chance),
                states.write(t, after["state"][0]),
            )

        begin = (0, state, told, states)
        shapes = (tf.TensorShape([]), tf.TensorShape([1, size]), None, None)
        _, state, told, states = tf.while_loop(lambda t, *_: t < count, step, begin, shapes)
        return told.stack(), states.stack(), state

    return many


def _shares(text: Read, size: int, flatness: float) -> np.ndarray:
    """Returns the share of each unit among those that are remembered, float64 (units,); of the first 0."""
    count = len(text.tokens)
    shares = np.zeros(count)
    # Behind a state comes its unit: what is remembered at t are the pairs before it.
    for start in range(1, count, _ROWS):
        end, first = min(start + _ROWS, count), max(0, start - size)
        likeness = flatness * (text.states[start:end] @ text.states[first : end - 1].T).astype(np.float64)
        here, there = np.arange(start, end)[:, None], np.arange(first, end - 1)[None]
        likeness[(there >= here) | (there < here - size)] = -np.inf
        weights = np.exp(likeness - likeness.max(axis=1, keepdims=True))
        same = text.tokens[start:end, None] == text.tokens[None, first : end - 1]
        shares[start:end] = (weights * same).sum(axis=1) / weights.sum(axis=1)
    return shares


def _mixed(text: Read, shares: np.ndarray, weight: float) -> np.ndarray:
    # Before anything is remembered the model speaks alone.
    weights = np.where(np.arange(len(shares)) > 0, weight, 0.0)
    return np.asarray(
        np.log((1 - weights) * np.exp(text.log_probabilities.astype(np.float64)) + weights * shares)
    )
