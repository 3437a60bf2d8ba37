"""Many-to-one: a text goes in, one label comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo import baselines, metrics
from zoo.data import Adapter, Examples, Part, of_rows, of_user
from zoo.data.own import tables
from zoo.data.own.labels import label_names
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.tasks import tries
from zoo.tasks.base import Evaluation, Model, Reordered, Row, Task
from zoo.tasks.manifest import Manifest

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_COLUMNS = ("text", "label")
_POLARITY = {0: "negative", 1: "positive"}


@dataclass(frozen=True, kw_only=True)
class Labelled(Adapter):
    """Of a stored set, a text and its label."""

    text: str = "text"
    label: str = "label"
    labels: Mapping[int, str] | None = None
    """Stored label -> its name; rows with another label are left out. None: TFDS's own names."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        import tensorflow as tf

        values = tf.constant(list(self._stored(info)), tf.int64)

        def known(example: Row) -> tf.Tensor:
            return tf.reduce_any(tf.cast(example[self.label], tf.int64) == values)

        def rename(example: Row) -> Row:
            label = tf.cast(example[self.label], tf.int64)
            return {"text": example[self.text], "label": tf.argmax(tf.cast(label == values, tf.int32))}

        return dataset.filter(known).map(rename, num_parallel_calls=2, deterministic=True)

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns the labels' names by their number."""
        return list(self._stored(info).values())

    def _stored(self, info: tfds.core.DatasetInfo) -> Mapping[int, str]:
        return self.labels or dict(enumerate(info.features[self.label].names))


class Classification(Task):
    """Features: `text` string, `label` int64. The user's own: a table with the columns text and label."""

    name = "classification"
    asks: ClassVar[str] = "text"
    """What tables call what goes in."""
    pipeline = "text-classification"
    kind = "a CSV, TSV, JSONL or Parquet file"
    tries = tries.CLASSIFICATION
    suffixes: ClassVar[tuple[str, ...]] = tables.SUFFIXES
    sets = {  # noqa: RUF012 - as Task says
        "tweets": Labelled(own="tweets.Tweets"),
        "imdb_reviews": Labelled(labels=_POLARITY, licence="none stated; for research, by Maas et al. 2011"),
        # The labels of GLUE's test part are secret: its validation part is what everybody reports.
        "glue/sst2": Labelled(text="sentence", test="validation"),
        "yelp_polarity_reviews": Labelled(labels=_POLARITY),
        # The training part knows 0 and 4 only; the neutral rows (2) of the test part cannot be learned.
        "sentiment140": Labelled(label="polarity", labels={0: "negative", 4: "positive"}),
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads a table, or a folder of tables; labels may be any strings, and are numbered in sorted order.

        Raises:
            ZooError: a file is missing, empty or malformed, a cell is blank, or one label stands alone.
        """
        parts = tables.split_parts(path, self.suffixes, _read, lambda row: row[0])
        names = label_names(path, {split: [label for _, label in rows] for split, rows in parts.items()})
        return of_user(path, {split: _part(rows, names) for split, rows in parts.items()}, names)

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all rows of a table as a test part."""
        rows = _read(path)
        names = sorted({label for _, label in rows})
        return of_rows(path, _part(rows, names), names)

    def answers(self, outputs: Mapping[str, np.ndarray], block: list[Any], manifest: Manifest) -> list[Row]:
        """Returns `label`, `score` and `scores`, label -> probability."""
        rows = super().answers(outputs, block, manifest)
        for row in rows:
            if "labels" in row and "scores" in row:
                row["scores"] = dict(zip(row.pop("labels"), row["scores"], strict=True))
        return rows

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores labels; prints a confusion matrix and the surest mistakes.

        Raises:
            ZooError: a label is not one of the model's.
        """
        names, part = list(model.manifest.labels), examples.split(split)
        asked, named = self.asked(part)
        labels = [examples.label_names[i] for i in part.column("label")]
        unknown = sorted(set(labels) - set(names))
        if unknown:
            known = ", ".join(names)
            raise ZooError(f"{examples.name}: label {unknown[0]!r} is not one of {model.name} ({known})")
        truth = np.array([names.index(label) for label in labels])
        answers = model.predict(asked)
        chances = np.array([[answer["scores"][name] for name in names] for answer in answers])
        if unread := [
            name for name, answer in zip(named, answers, strict=True) if not answer.get("valid", True)
        ]:
            raise ZooError(f"{examples.name}: {unread[0]} cannot be read; mend or remove it")
        score = metrics.classification(truth, chances.argmax(axis=1), names)

        def show_scores(scores: Scores, title: str) -> None:
            from zoo.show.labels import print_classification

            print_classification(scores, named, truth, chances, names, what=self.asks)

        rows = [
            {self.asks: name, "truth": label, "answer": answer["label"], "score": answer["score"]}
            for name, label, answer in zip(named, labels, answers, strict=True)
        ]
        return Evaluation(score, show_scores, chances, rows)

    def asked(self, part: Part) -> tuple[Sequence[Any], list[str]]:
        """Returns what a model is asked of a part, and what stands for each in tables."""
        texts = part.strings("text")
        return texts, texts

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the commonest label, and logistic regression on words and word pairs."""
        parts = {
            split: (examples.split(split).strings("text"), examples.split(split).column("label"))
            for split in ("train", "validation", "test")
        }
        return {"test": baselines.text_classification(parts, examples.label_names)}

    def reordered(self, model: Model, part: Part) -> Reordered:
        """Returns the words of texts."""
        names = list(model.manifest.labels)

        def score(rows: list[tuple[list[Any], Any]]) -> Score:
            answers = model.predict([" ".join(words) for words, _ in rows])
            predicted = [names.index(answer["label"]) for answer in answers]
            return metrics.classification([number for _, number in rows], predicted, names)

        pairs = zip(part.strings("text"), part.column("label"), strict=True)
        return Reordered("words", "accuracy", [(text.split(), number) for text, number in pairs], score)


def _read(path: Path) -> list[tuple[str, ...]]:
    return tables.filled(path, _COLUMNS, texts=("text",))


def _part(rows: list[tuple[str, ...]], names: list[str]) -> Part:
    number = {name: index for index, name in enumerate(names)}
    labels = np.array([number[label] for _, label in rows], np.int64)
    return Part({"text": [text for text, _ in rows], "label": labels})
