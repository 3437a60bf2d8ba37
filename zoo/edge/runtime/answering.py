"""Raw text in, answers out: what each kind of model does around its networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import search, texts
from .base import Array, OfText, Row


class Elsewhere:
    """What was made elsewhere of words, as far as a model reads it."""

    def __init__(self, folder: Path, reader: texts.Reader, about: Mapping[str, Any]):
        self._sources: dict[str, tuple[Callable[[str], Any], type]] = {}
        if "vectors" in about["inputs"]:
            self._sources["vectors"] = (texts.Vectors(folder, reader), np.float32)
        if "clusters" in about["inputs"]:
            clusters = texts.Clusters(folder, reader, about["cluster_buckets"])
            self._sources["clusters"] = (clusters, np.int32)

    def of(self, words: Sequence[str]) -> dict[str, Array]:
        """Returns the inputs (1, words, ...)."""
        return {
            name: np.array([[source(word) for word in words]], kind)
            for name, (source, kind) in self._sources.items()
        }


class Classification(OfText):
    """A label for a text."""

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        self._words, self._core = texts.Words(about["reads"]), self._network("core")
        self._elsewhere = Elsewhere(folder, self._words, about)
        self._numbers = _numbered(folder / "vocabulary.txt")
        self._runs = texts.Runs(self._arrays) if "hashes" in self._arrays else None

    def _answer(self, text: str) -> Row:
        config = self._config
        words = self._words.split(text)[: config["max_words"]]
        given = ["<start>", *words]
        inputs = {"words": np.array([[self._numbers.get(word, 1) for word in given]], np.int32)}
        if "subwords" in self._about["inputs"]:
            settings = (self._about["sizes"], self._about["most"], config["subword_buckets"])
            inputs["subwords"] = np.array([[texts.ngrams(word, *settings) for word in given]], np.int32)
        logits = self._core({**inputs, **self._elsewhere.of(given)})["logits"][0]
        logits = logits / self._about["temperature"]
        if self._runs:
            logits = logits + self._about["share"] * self._runs(words)
        scores = dict(zip(self._about["labels"], search.softmax(logits).tolist(), strict=True))
        label = max(scores, key=lambda name: scores[name])
        return {"label": label, "score": scores[label], "scores": scores}


class Tagging(OfText):
    """A tag for each token of a text."""

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        self._tokens, self._core = texts.Tokens(about["reads"]), self._network("core")
        self._elsewhere = Elsewhere(folder, self._tokens, about)
        self._numbers = _numbered(folder / "vocabulary.txt")
        self._field = search.Field(self._arrays) if "transitions" in self._arrays else None

    def _answer(self, text: str) -> Row:
        tokens, starts, ends = self._tokens.split(text)
        if not tokens:
            return {"tokens": []}
        logits = self._core(self._inputs(tokens))["logits"][0]
        if self._field:
            tags = self._field.best(logits)
            scores, sure = self._field.scores_and_confidences(logits, tags)
        else:
            tags = logits.argmax(axis=1)
            scores, sure = search.softmax(logits).max(axis=1), None
        columns: dict[str, Any] = {
            "token": tokens,
            "tag": [self._about["labels"][tag] for tag in tags],
            "score": scores.tolist(),
            "start": starts,
            "end": ends,
        }
        if sure is not None:
            columns["confidence"] = sure.tolist()
        rows = zip(*columns.values(), strict=True)
        return {"tokens": [dict(zip(columns, row, strict=True)) for row in rows]}

    def _inputs(self, tokens: Sequence[str]) -> dict[str, Array]:
        config, wanted = self._config, self._about["inputs"]
        # A token named <padding> is none.
        words = [max(self._numbers.get(self._tokens.normal(token), 1), 1) for token in tokens]
        inputs: dict[str, list[Any]] = {"words": words}
        if "characters" in wanted:
            folded = (config["characters"], self._about["characters"])
            inputs["characters"] = [self._tokens.characters(token, *folded) for token in tokens]
        if "spelling" in wanted:
            inputs["spelling"] = [
                self._tokens.spelling(token, config["spelling_buckets"]) for token in tokens
            ]
        ready = {name: np.array([rows], np.int32) for name, rows in inputs.items()}
        return {**ready, **self._elsewhere.of(tokens)}


class Translation(OfText):
    """A text for a text, by following the most probable piece."""

    def __init__(self, folder: Path, about: Mapping[str, Any]):
        super().__init__(folder, about)
        self._encoder, self._step = self._network("encoder"), self._network("step")
        self._source, self._target = (
            texts.Pieces(about["reads"], texts.lines_of(folder / f"{side}.txt"), lower)
            for side, lower in (("source", self._config["lower_case"]), ("target", False))
        )
        arrays = self._arrays
        self._habits = search.Habits(arrays.get("begins"), arrays.get("doubles"), arrays["free"])

    def _answer(self, text: str) -> Row:
        config, loud = self._config, False
        if config.get("recased"):
            text = self._source.normalised(text)
            loud = texts.is_loud(text, self._about["loud"])
            text = self._source.lower(text) if loud else text
        numbers = self._source.encoded(text)
        read = numbers[: config["max_pieces"]]
        source = [*read, self._source.END]
        seen = self._encoder({"source": np.array([source], np.int32)})
        state = {name: seen[name] for name in self._about["states"]}
        memory = {name: seen[name] for name in self._about["memory"]}

        def step(piece: int) -> Array:
            told = self._step({"tokens": np.array([piece], np.int32), **state, **memory})
            state.update({name: told[f"next_{name}"] for name in state})
            return told["logits"][0]

        most = 2 * len(read) + 10 if read else 0
        penalty, repeats = config["length_penalty"], search.repeating(source)
        ends = (self._target.START, self._target.END)
        written = search.greedy(step, *ends, most, penalty, self._habits, repeats)
        translation = self._target.decoded(written.tokens)
        return {
            "translation": translation.upper() if loud else translation,
            "score": written.score,
            "finished": written.finished,
            "truncated": len(numbers) > len(read),
        }


def _numbered(path: Path) -> dict[str, int]:
    return {word: number for number, word in enumerate(texts.lines_of(path))}
