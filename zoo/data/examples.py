"""What every data set becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
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
    """Label number -> name."""
    source: str
    """Address or path that the data came from."""
    licence: str
    version: str

    def split(self, name: str) -> tf.data.Dataset:
        """Returns `train`, `validation` or `test`."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def fingerprint(self) -> str:
        """Returns a hash of all training and validation rows: other data has another one."""
        digest = hashlib.sha256()
        for dataset in (self.train, self.validation):
            features = sorted(dataset.element_spec)
            for block in columns(dataset, *features):
                for column in block:
                    flat = column.ravel().tolist()
                    digest.update(repr(flat).encode())
        return digest.hexdigest()


def text_and_labels(dataset: tf.data.Dataset) -> tuple[list[str], np.ndarray]:
    """Returns all texts (n,) as strings, and all label numbers (n,) of a classification split."""
    blocks = list(columns(dataset, "text", "label"))
    texts = [text.decode("utf-8", "replace") for block, _ in blocks for text in block]
    return texts, np.concatenate([labels for _, labels in blocks])


def columns(dataset: tf.data.Dataset, *features: str, rows: int = 4096) -> Iterator[tuple[Any, ...]]:
    """Yields NumPy columns of the named features in blocks of up to `rows` rows, strings as bytes."""
    for block in dataset.batch(rows).as_numpy_iterator():
        yield tuple(block[feature] for feature in features)
