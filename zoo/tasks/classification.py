"""Many-to-one: a text goes in, one label comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
_LABELS = 3  # that are named of those that a model does not know
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
    mixes = "text"
    sets = {  # noqa: RUF012 - as Task says
        "tweets": Labelled(own="tweets.Tweets"),
        "semeval2017": Labelled(own="semeval2017.Semeval2017"),
        "imdb_reviews": Labelled(
            labels=_POLARITY,
            unlabelled="unsupervised",
            licence="none stated; for research, by Maas et al. 2011",
        ),
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

        The model chooses among its labels that the data has; rows whose label it does not know are left out.
        Where that is so, the score's details tell `choosing_among`, these labels, and `left_out`, label ->
        rows.

        Raises:
            ZooError: no label is one of the model's.
        """
        known, part = list(model.manifest.labels), examples.split(split)
        names = self.choices(known, examples.label_names)
        labels = [examples.label_names[i] for i in part.column("label")]
        kept = [i for i, label in enumerate(labels) if label in names]
        if not kept:
            raise ZooError(
                f"{examples.name}: label {min(labels)!r} is not one of {model.name} ({', '.join(known)})"
            )
        left_out = Counter(label for label in labels if label not in names)
        asked, named, labels = ([column[i] for i in kept] for column in (*self.asked(part), labels))
        truth = np.array([names.index(label) for label in labels])
        answers = model.predict(asked)
        chances = np.array([[answer["scores"][name] for name in names] for answer in answers])
        if unread := [
            name for name, answer in zip(named, answers, strict=True) if not answer.get("valid", True)
        ]:
            raise ZooError(f"{examples.name}: {unread[0]} cannot be read; mend or remove it")
        predicted = chances.argmax(axis=1)
        chosen = [names[number] for number in predicted]
        # Of a choice among some labels the probabilities are those given that it is one of them.
        sure = chances.max(axis=1) / np.maximum(chances.sum(axis=1), 1e-9)
        score = metrics.classification(truth, predicted, names, sure)
        among = {"choosing_among": names} if len(names) < len(known) else {}
        without = {"left_out": dict(sorted(left_out.items()))} if left_out else {}
        score = replace(score, details={**score.details, **among, **without})
        about = ", ".join(filter(None, ("Scores", self.how_scored(score))))

        def show_scores(scores: Scores, title: str) -> None:
            from zoo.show.labels import print_classification

            print_classification(scores, named, truth, chances, names, what=self.asks, title=about)

        rows = [
            {self.asks: name, "truth": label, "answer": answer, "score": scores["scores"][answer]}
            for name, label, answer, scores in zip(named, labels, chosen, answers, strict=True)
        ]
        return Evaluation(score, show_scores, chances, rows)

    def choices(self, known: Sequence[str], present: Sequence[str]) -> list[str]:
        """Returns the labels that a model chooses among, in its order: those that the data has too.

        Of a single one there is no choice: then, and where none is shared, they are all that it knows.
        """
        shared = [name for name in known if name in present]
        return shared if len(shared) > 1 else list(known)

    def how_scored(self, score: Score) -> str:
        """Says what a model chose among, and which rows were left out."""
        said = []
        if among := score.details.get("choosing_among"):
            said.append(f"choosing among {', '.join(among)}")
        if without := score.details.get("left_out"):
            names = ", ".join(list(without)[:_LABELS]) + (" ..." if len(without) > _LABELS else "")
            rows = sum(without.values())
            said.append(f"without {rows:,} row{'s' * (rows > 1)} of other labels ({names})")
        return ", ".join(said)

    def asked(self, part: Part) -> tuple[Sequence[Any], list[str]]:
        """Returns what a model is asked of a part, and what stands for each in tables."""
        texts = part.strings("text")
        return texts, texts

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the commonest label, and logistic regression on words and word pairs."""

        def texts_and_labels(part: Part) -> tuple[Sequence[str], np.ndarray]:
            return part.strings("text"), part.column("label")

        train, validation = map(texts_and_labels, (examples.train, examples.validation))
        tests = {name: texts_and_labels(part) for name, part in examples.tests.items()}
        return baselines.text_classification(train, validation, tests, examples.label_names)

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
