"""What a language model writes on, and how probable it finds a text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from . import texts
from .base import Array, OfText, Row
from .philox import uniform
from .search import log_softmax

_MOST = 200_000  # units of a text that are read


class Generation(OfText):
    """A text that goes on."""

    settings: ClassVar[Mapping[str, type]] = {
        "length": int,
        "temperature": float,
        "top_k": int,
        "top_p": float,
        "seed": int,
    }

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        self._step = self._network("step")
        config = self._config
        lines = texts.lines_of(folder / "vocabulary.txt")
        self._units = texts.Units(about["reads"], lines, config["level"], config["backwards"])

    def _answer(
        self,
        text: str,
        length: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Row:
        """Writes on, as the saved model does with the same settings and seed.

        Networks differ in the seventh digit: of a thousand characters one may be another, of a hundred words
        out of 10,000 one, and what follows it with it.
        """
        config = self._config
        length = config["length"] if length is None else length
        temperature = config["temperature"] if temperature is None else temperature
        top_k = config["top_k"] if top_k is None else top_k
        top_p = config["top_p"] if top_p is None else top_p
        if length < 0 or not 0 <= temperature < np.inf or top_k < 0 or not 0 <= top_p <= 1:
            raise ValueError("length, temperature and top_k must be 0 or more, top_p from 0 to 1")
        numbers = self._units.encode(text)
        *before, last = [self._units.START, *numbers[-_MOST:]]
        states = self._zeros()
        for number in before:
            _, states = self._next(number, states)
        written, total = [], 0.0
        for chance in uniform(seed, length):
            logits, states = self._next(last, states)
            logits[self._about["never"]] = -np.inf
            last = drawn(logits, chance, temperature, top_k, top_p)
            total += _told(logits, last)
            written.append(last)
        continuation = self._units.decode(written)
        row = {"text": self._units.follow(text, continuation), "continuation": continuation}
        return {**row, "log_probability": total, "truncated": len(numbers) > _MOST}

    def score(self, text: str | bytes) -> Row:
        """Tells how probable a text is: the logarithm of that, of how many `units`, and the `perplexity`."""
        numbers = self._units.encode(texts.readable(text))
        states, total, before = self._zeros(), 0.0, self._units.START
        for number in numbers[:_MOST]:
            logits, states = self._next(before, states)
            total += _told(logits, number)
            before = number
        count = min(len(numbers), _MOST)
        perplexity = float(np.exp(-total / count)) if count else 1.0
        row = {"log_probability": total, "units": count, "perplexity": perplexity}
        return {**row, "truncated": len(numbers) > _MOST}

    def _zeros(self) -> dict[str, Array]:
        return {name: np.zeros((1, size), np.float32) for name, size in self._about["states"].items()}

    def _next(self, number: int, states: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
        found = self._step({"tokens": np.array([number], np.int32), **states})
        return found["logits"][0].copy(), {name: found[f"next_{name}"] for name in states}


def _told(logits: Array, number: int) -> float:
    """Returns the logarithm of a probability; of 10,000 words float32 would lose its fourth digit."""
    return float(log_softmax(logits.astype(np.float64))[number])


def drawn(logits: Array, chance: float, temperature: float, top_k: int, top_p: float) -> int:
    """Returns the number that a random one below 1 points to, among those that the settings leave."""
    if not temperature:
        return int(logits.argmax())
    logits = ((logits - logits.max()) / np.float32(temperature)).astype(np.float32)
    weights = np.exp(logits)
    if top_k > 0 or top_p < 1:
        order = np.argsort(-logits, kind="stable")[: top_k or len(logits)]
        of_best = weights[order]
        mass = np.cumsum(of_best, dtype=np.float32)
        inside = (mass - of_best < np.float32(top_p) * mass[-1]) | (top_p >= 1)
        kept = max(int((inside & (of_best > 0)).sum()), 1)
        weights = np.where(np.isin(np.arange(len(weights)), order[:kept]), weights, np.float32(0))
    mass = np.cumsum(weights, dtype=np.float32)
    return min(int((mass <= np.float32(chance) * mass[-1]).sum()), len(mass) - 1)
