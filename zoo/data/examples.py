"""What every data set becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf


@dataclass(frozen=True)
class Examples:
    """Three splits of feature dicts, and what a model's card must tell about them."""

    name: str
    """The name or path that was asked for."""
    train: tf.data.Dataset
    validation: tf.data.Dataset
    test: tf.data.Dataset
    label_names: tuple[str, ...]
    """Label number -> name; of tagging, every tag that a model may give; of translation, none."""
    source: str
    """Address or path that the data came from."""
    licence: str
    version: str
    languages: tuple[str, ...] = ()
    """Of translation, the codes of source and target, where the data set knows them."""
    extra: Mapping[str, tf.data.Dataset] = field(default_factory=dict)
    """Further test parts by name, where there are any: `test_terms` of `cldr_phrases`."""

    def split(self, name: str) -> tf.data.Dataset:
        """Returns `train`, `validation`, `test` or one of the `extra` parts."""
        return {"train": self.train, "validation": self.validation, "test": self.test, **self.extra}[name]

    def fingerprint(self, known: Sequence[str] = (), splits: Sequence[str] = ("train", "validation")) -> str:
        """Returns a hash of all rows of some splits: other data has another one.

        Args:
            known: words of a vocabulary that training starts from, which count as data too.
            splits: what is hashed; what training sees, unless said otherwise.
        """
        digest = hashlib.sha256("".join(f"{word}\n" for word in known).encode())
        for dataset in map(self.split, splits):
            features = sorted(dataset.element_spec)
            if "image" in features:  # one by one: a block of large pictures would fill the memory
                for row in dataset.as_numpy_iterator():
                    digest.update(repr((row["image"].shape, row["captions"].tolist())).encode())
                    digest.update(row["image"].tobytes())
                continue
            for block in columns(dataset, *features):
                for column in block:
                    digest.update(repr(_flat(column)).encode())
        return digest.hexdigest()


def of_user(path: Path, parts: Mapping[str, tf.data.Dataset], label_names: Sequence[str] = ()) -> Examples:
    """Returns the examples of the user's own file or folder; `parts` are train, validation and test."""
    return Examples(
        name=str(path),
        **parts,
        label_names=tuple(label_names),
        source=path.name,
        licence="the user's own",
        version="",
    )


def texts_of(dataset: tf.data.Dataset) -> list[str]:
    """Returns the texts of a split that has the feature `text`."""
    return [text.decode("utf-8", "replace") for (block,) in columns(dataset, "text") for text in block]


def text_and_labels(dataset: tf.data.Dataset) -> tuple[list[str], np.ndarray]:
    """Returns all texts (n,) as strings, and all label numbers (n,) of a classification split."""
    blocks = list(columns(dataset, "text", "label"))
    texts = [text.decode("utf-8", "replace") for block, _ in blocks for text in block]
    return texts, np.concatenate([labels for _, labels in blocks])


def tokens_and_tags(dataset: tf.data.Dataset) -> tuple[list[list[str]], list[list[str]]]:
    """Returns the tokens and the tags of every sentence of a tagging split."""
    sentences = [], []
    for block in columns(dataset, "tokens", "tags"):
        for column, rows in zip(block, sentences, strict=True):
            rows += strings(column)
    return sentences


def captions_of(dataset: tf.data.Dataset) -> list[list[str]]:
    """Returns the captions of every picture of a captioning split."""
    captions = []
    # A block of whole pictures would fill the memory.
    for (block,) in columns(dataset.map(lambda row: {"captions": row["captions"]}), "captions"):
        captions += strings(block)
    return captions


def sources_and_targets(dataset: tf.data.Dataset) -> tuple[list[str], list[str]]:
    """Returns all sources and all targets (n,) of a translation split as strings."""
    pairs = [], []
    for block in columns(dataset, "source", "target"):
        for column, rows in zip(block, pairs, strict=True):
            rows += [string.decode("utf-8", "replace") for string in column]
    return pairs


def count_rows(dataset: tf.data.Dataset) -> int:
    """Returns how many rows a split has, one after another: none is kept."""
    return int(dataset.reduce(np.int64(0), lambda count, _: count + 1))


def sources_and_references(dataset: tf.data.Dataset) -> tuple[list[str], list[list[str]]]:
    """Returns the distinct sources of a translation split, and of each all targets that it has there."""
    return references_of(*sources_and_targets(dataset))


def references_of(sources: Sequence[str], targets: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Returns the distinct sources, in the order in which they first stand, and all targets of each."""
    references: dict[str, list[str]] = {}
    for source, target in zip(sources, targets, strict=True):
        references.setdefault(source, []).append(target)
    return list(references), list(references.values())


def columns(dataset: tf.data.Dataset, *features: str, rows: int = 4096) -> Iterator[tuple[Any, ...]]:
    """Yields columns of the named features in blocks of up to `rows` rows.

    Columns are NumPy arrays (rows, ...), strings as bytes; a feature whose length varies gives a
    `tf.RaggedTensor` (rows, time).
    """
    for block in dataset.ragged_batch(rows):
        yield tuple(_numpy(block[feature]) for feature in features)


def strings(column: Any) -> list[list[str]]:
    """Returns the rows of a column of `columns`, each a list of strings."""
    found = column.tolist() if isinstance(column, np.ndarray) else column.to_list()
    return [[string.decode("utf-8", "replace") for string in row] for row in found]


def _numpy(column: Any) -> Any:
    import tensorflow as tf

    return column if isinstance(column, tf.RaggedTensor) else column.numpy()


def _flat(column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return column.ravel().tolist()
    return column.row_lengths().numpy().tolist(), column.flat_values.numpy().tolist()
