"""One-to-many: a language model writes on, and tells how probable a text is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.text import Text as Coloured

from zoo import baselines, metrics
from zoo.data import Adapter, Examples, Part, of_rows, of_user
from zoo.data.own import plain_text, tables
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.show import print_scores
from zoo.show.answers import safe
from zoo.tasks import tries
from zoo.tasks.base import Answered, Evaluation, Model, Reordered, Row, Task, warn_of_cut, with_seeds
from zoo.tasks.manifest import Manifest
from zoo.tasks.remembering import Cache, check, read

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_WRITES = 100  # texts that are written on, where what is written can be judged
_FIRST_LINES, _MOST_LINES = 10, 80  # of each, that are given
_LENGTH = 300  # characters that are written
_MOST_COUNTED = 4_000_000  # units of a baseline's, where a part is too large to be held
_PASSAGE = {"char": 300, "word": 60, "token": 60}  # of a long text; short enough that many texts are seen


@dataclass(frozen=True, kw_only=True)
class Running(Adapter):
    """Of a stored set, running text."""

    line_breaks: str = ""
    """What stands for line breaks and headings in the stored text: a regular expression."""
    code: bool = False
    """Whether it is Python."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping; those without text are left out."""
        import tensorflow as tf

        def rename(example: Row) -> Row:
            text = example["text"]
            return {
                "text": tf.strings.regex_replace(text, self.line_breaks, "\n") if self.line_breaks else text
            }

        return dataset.map(rename, num_parallel_calls=2, deterministic=True).filter(
            lambda example: tf.strings.length(example["text"]) > 0
        )


class Text(Task):
    """Features: `text` string. The user's own: a text file, or a folder of them."""

    name = "text"
    pipeline = "text-generation"
    tries = tries.TEXT
    kind = "a text file, or a folder of text files"
    suffixes = (".txt",)  # and any other
    settings = ("length", "temperature", "top_k", "top_p", "seed")
    sets = {  # noqa: RUF012 - as Task says
        "python_source": Running(own="python_source.PythonModules", embedded=True, code=True),
        # Of the test part few are enough; of the unlabelled texts none that stands in any of it is read.
        "imdb_reviews": Running(
            test="test[:10%]",
            unlabelled="unsupervised",
            licence="none stated; for research, by Maas et al. 2011",
        ),
        # What others call the validation part of this text is its last tenth: both parts here.
        "tiny_shakespeare": Running(
            train="train", validation="validation", extra=("validation+test",), licence="public domain"
        ),
        "ptb": Running(own="ptb.Ptb"),
        "lm1b": Running(
            train="train[:99%]",
            validation="train[99%:]",
            licence="none stated; the text is news, given for research",
            streamed=True,
        ),
        "wiki40b/*": Running(
            train="train",
            validation="validation",
            streamed=True,
            line_breaks="_NEWLINE_|\\n?_START_[A-Z]+_\\n",
            licence="CC BY-SA 3.0; the text is Wikipedia's",
            example="wiki40b/en",
        ),
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads a file, split by place, or a folder, as `zoo.data.own.plain_text.read_parts` does.

        Of a large file nothing is held in memory.
        """
        if plain_text.is_large(path):
            return of_user(path, plain_text.stream_parts(path))
        parts = plain_text.read_parts(path)
        return of_user(path, {split: Part({"text": texts}) for split, texts in parts.items()})

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads a whole file as one text of a test part."""
        text = tables.read_text(path)
        if not text.strip():
            raise ZooError(f"{path}: the file is empty; it needs text")
        return of_rows(path, Part({"text": [text]}))

    def chosen(self, flags: Mapping[str, Any], signature: str, rows: int, manifest: Manifest) -> Row:
        """Returns the settings by which texts are drawn; each text has a seed one higher."""
        settings = super().chosen(flags, signature, rows, manifest)
        return {} if signature else with_seeds(settings, rows, manifest)

    def lines(self, answered: Answered) -> str | None:
        """Returns what was written with the prompt before it, and a blank line between texts."""
        if "continuation" not in answered.rows[0]:
            return None
        return "\n".join(f"{row['text']}\n" for row in answered.rows)

    def painted(self, answered: Answered) -> list[Any]:
        """Returns texts, what the model wrote of them in colour."""
        if "continuation" not in answered.rows[0]:
            return super().painted(answered)
        backwards = answered.manifest.config.get("backwards", False)
        painted = []
        for row in answered.rows:
            whole, new = row["text"], row["continuation"]
            given = whole.removeprefix(new) if backwards else whole.removesuffix(new)
            pieces = [(safe(given), "bold"), (safe(new), "cyan")]
            painted.append(Coloured.assemble(*(pieces[::-1] if backwards else pieces), "\n"))
        return painted

    # Scores ----------------------------------------------------------------------------------------------

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores how probable a model finds texts that others wrote."""
        texts = [text for text in examples.split(split).strings("text") if text]
        # Rows of unequal length drop out one by one: a block of them takes as long as its longest.
        answers = model.predict(texts, "score")
        warn_of_cut(model.name, answers)
        score = metrics.generation(
            [row["log_probability"] for row in answers], [row["units"] for row in answers], _level(model)
        )
        adapter = self.sets.get(examples.name)
        reads = model.manifest.config  # words and tokens have no indentation
        forwards = reads["level"] == "char" and not reads.get("backwards")
        if isinstance(adapter, Running) and adapter.code and forwards:
            score = replace(score, figures={**score.figures, "parses": _parsing(model, texts)})

        def show_scores(scores: Scores, title: str) -> None:
            print_scores(scores, f"Scores ({title})")

        rows = [
            {"text": text, "units": row["units"], "score": row["log_probability"]}
            for text, row in zip(texts, answers, strict=True)
        ]
        return Evaluation(score, show_scores, rows=rows)

    def remembering(self, model: Any, examples: Examples, split: str, size: int) -> tuple[str, Score]:
        """Scores a model that remembers the last units of each text: see `zoo.tasks.remembering`.

        How much it hears what it remembers is fitted on the validation part. A file has none: then it is
        fitted on the file itself, whose score is a little too good.

        Returns:
            What the model is then called, and its score, whose details tell `weight` and `flatness`.
        """
        parts = {name: examples.split(name) for name in dict.fromkeys((split, "validation"))}
        texts = {name: [text for text in part.strings("text") if text] for name, part in parts.items()}
        told = {name: read(model, of_part) for name, of_part in texts.items() if of_part}
        fitted_on = "validation" if told.get("validation") and split != "validation" else "what is scored"
        cache = Cache.fitted(size, told["validation"] if fitted_on == "validation" else told[split])
        sums = [float(cache.log_probabilities(text).sum()) for text in told[split]]
        score = metrics.generation(sums, [len(text.tokens) for text in told[split]], _level(model))
        details = {"weight": cache.weight, "flatness": cache.flatness, "fitted_on": fitted_on}
        print(f"cache: weight {cache.weight:g}, flatness {cache.flatness:g}, fitted on {fitted_on}")
        return f"{model.name}, cache of {size:,}", replace(score, details=details)

    def check_cache(self, model: Any) -> None:
        """Refuses generators whose steps cannot be taken."""
        check(model)

    def size(self, part: Part) -> int:
        """Returns how many texts there are that are not empty."""
        return sum(1 for _ in part.one_by_one("text"))

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores runs of characters or words that were counted, numbered as the model does.

        Of a training part that is not held they are counted in its first four million.
        """
        numbers = {
            split: _held(model.units.arrays(part.one_by_one("text")), part)
            for split, part in {"train": examples.train, **examples.tests}.items()
        }
        train, size, start = numbers.pop("train"), len(model.units), model.units.vocabulary.START
        return baselines.generation(train, numbers, size, _level(model), start)

    def reordered(self, model: Model, part: Part) -> Reordered:
        """Returns the characters or words of passages."""
        from zoo.text import parted

        level = _level(model)
        units = [parted(text, level) for text in part.strings("text")]
        rows: list[tuple[list[Any], Any]] = [
            (passage, None) for text in units for passage in _passages(text, _PASSAGE[level])
        ]

        def score(rows: list[tuple[list[Any], Any]]) -> Score:
            answers = model.predict([("" if level == "char" else " ").join(row) for row, _ in rows], "score")
            return metrics.generation(
                [row["log_probability"] for row in answers], [row["units"] for row in answers], level
            )

        return Reordered("characters" if level == "char" else "words", "perplexity", rows, score)


def _parsing(model: Model, modules: Sequence[str]) -> float:
    """Returns how many of a hundred texts parse that a model writes on from the first lines of modules.

    These end where nothing is open: in a docstring any words would do. What has no line break is no answer.
    """
    first = [prompt for text in modules if (prompt := _whole(text.splitlines(keepends=True)))]
    prompts = list(islice(cycle(first), _WRITES)) if first else []
    rows = model.predict(prompts, length=[_LENGTH] * len(prompts), seed=list(range(len(prompts))))
    return metrics.parsing([row["text"] if "\n" in row["continuation"] else ")\n" for row in rows])


def _whole(lines: Sequence[str]) -> str:
    """Returns the first lines of a module, ten or some more, that are Python by themselves; or nothing."""
    for count in range(_FIRST_LINES, min(len(lines), _MOST_LINES) + 1):
        if metrics.parses(text := "".join(lines[:count]), whole=True):
            return text
    return ""


def generation_samples(
    manifest: Manifest, signatures: Sequence[str], start: int, state: int
) -> dict[str, Any]:
    """Returns inputs of a generator's signatures: no prompt, short ones, and characters of several bytes.

    Args:
        manifest: with the settings of `serving_default`.
        signatures: of which all but `serving_default` and `step` take texts.
        start: number that every text follows; that of a unit comes behind it.
        state: size of the state that is handed from step to step.
    """
    prompts = ["", "The ", "a\nb", "Ж\r\n"]
    settings = {name: [value] * len(prompts) for name, value in manifest.defaults.items()}
    return {
        **dict.fromkeys(signatures, prompts),
        "serving_default": {"prompt": prompts, **settings},
        "step": {
            "tokens": [start, start, start + 1, start + 1],
            "state": np.zeros([len(prompts), state], np.float32),
        },
    }


def _held(arrays: Iterable[np.ndarray], part: Part) -> list[np.ndarray]:
    """Returns the numbers of texts; of more than can be held, the first."""
    held, total = [], 0
    for array in arrays:
        held.append(array)
        total += len(array)
        if part.streamed and total > _MOST_COUNTED:
            break
    return held


def _level(model: Model) -> str:
    return str(model.manifest.config["level"])


def _passages(units: Sequence[str], size: int) -> list[list[str]]:
    return [list(units[start : start + size]) for start in range(0, len(units), size)]
