"""Other tags that are learned beside those that a model gives: what helps with them helps with these, too."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import data
from zoo.data import Examples, Part
from zoo.errors import ZooError
from zoo.training.losses import RowLoss, SequenceCrossentropy

ALSO = "also"


class Auxiliary:
    """Tags of another column, which the first layer of a tagger learns beside (Søgaard and Goldberg 2016).

    Targets are pairs in one number, the tag's and the other one's; the model that is trained gives the
    logits of both side by side. The tagger is part of it, and is what is decoded and exported.

    Args:
        dataset: whose tokens have them.
        column: of tags, as `--tags` names it.
        weight: of their loss.

    Raises:
        ZooError: the data set has no such column.
    """

    def __init__(self, dataset: str, column: str, weight: float):
        self.column, self.weight = column, weight
        self.examples: Examples = data.load(dataset, "tagging", tags=column)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.examples.label_names)

    def joined(self, part: Part, split: str) -> Part:
        """Returns the rows of a split with their other tags' numbers, under `also`."""
        number = {tag.encode(): place for place, tag in enumerate(self.examples.label_names)}
        tags = self.examples.split(split).column("tags")
        if tags.row_lengths().numpy().tolist() != part.column("tags").row_lengths().numpy().tolist():
            raise ZooError(f"--auxiliary {self.column}: has other rows than --tags; choose another column")
        numbers = np.array([number.get(tag, 0) for tag in tags.values.numpy()], np.int32)
        return part.with_column(ALSO, tags.with_values(numbers))

    def paired(self, tags: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
        """Returns a number for each pair of numbers."""
        return tags * self.size + others

    def beside(self, tagger: keras.Model, layer: str) -> keras.Model:
        """Returns the model that is trained: the tagger, and what tells others by a layer of it."""
        others = keras.layers.Dense(self.size, dtype="float32", name="auxiliary")
        logits = [tagger.output, others(tagger.get_layer(layer).output)]
        both = keras.layers.Concatenate(dtype="float32", name="with_auxiliary")(logits)
        return keras.Model(tagger.input, both, name=f"{tagger.name}_beside")

    def loss(self, own: RowLoss, padding: int) -> RowLoss:
        """Returns the loss of pairs: the tagger's own, and so much of the others'."""
        return _Both(own, SequenceCrossentropy(padding), self.size, self.weight, padding)


class _Both(RowLoss):
    """The sum of two losses, of pairs (batch, time) and of logits side by side (batch, time, classes)."""

    def __init__(self, own: Any, others: Any, size: int, weight: float, padding: int):
        super().__init__(name="with_auxiliary")
        self.own, self.others, self.size, self.weight, self.padding = own, others, size, weight, padding

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        real = tf.not_equal(y_true, self.padding)
        own, others = (
            tf.where(real, part, self.padding) for part in (y_true // self.size, y_true % self.size)
        )
        mine, theirs = y_pred[..., : -self.size], y_pred[..., -self.size :]
        return self.own.call(own, mine) + self.weight * self.others.call(others, theirs)
