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
"""Feature of a sentence: the numbers of its other tags."""
_LAYER = "dropout_1"  # what the first bidirectional layer gives


class Auxiliary:
    """Tags of another column, which the first layer of a tagger learns beside (Søgaard and Goldberg 2016).

    The model that is trained gives the logits of both side by side. The tagger is part of it, and is what is
    decoded and exported.

    Args:
        dataset: whose tokens have them.
        column: of tags, as `--tags` names it.

    Raises:
        ZooError: the data set has no such column.
    """

    def __init__(self, dataset: str, column: str):
        self.column = column
        self.examples: Examples = data.load(dataset, "tagging", tags=column)

    def joined(self, part: Part, split: str) -> Part:
        """Returns the rows of a split with their other tags' numbers, under `ALSO`.

        Raises:
            ZooError: the sentences are not the same.
        """
        number = {tag.encode(): place for place, tag in enumerate(self.examples.label_names)}
        theirs = self.examples.split(split)
        tags, tokens = theirs.column("tags"), theirs.column("tokens")
        if tokens.to_list() != part.column("tokens").to_list():
            raise ZooError(f"--auxiliary {self.column}: has other rows than --tags; choose another column")
        numbers = np.array([number.get(tag, 0) for tag in tags.values.numpy()], np.int32)
        return part.with_column(ALSO, tags.with_values(numbers))

    def learner(
        self, tagger: keras.Model, loss: RowLoss, weight: float, padding: int
    ) -> tuple[keras.Model, RowLoss]:
        """Returns the model that is trained, and its loss.

        Args:
            tagger: inputs -> logits (batch, time, tags).
            loss: its own.
            weight: how much the loss of the others counts.
            padding: number that fills targets up on the right. Targets are pairs: the tag's number, and as
                many times the number of tags as the other one's says.
        """
        size = len(self.examples.label_names)
        others = keras.layers.Dense(size, dtype="float32", name="auxiliary")
        logits = [tagger.output, others(tagger.get_layer(_LAYER).output)]
        both = keras.layers.Concatenate(dtype="float32", name="with_auxiliary")(logits)
        model = keras.Model(tagger.input, both, name=f"{tagger.name}_with_auxiliary")
        return model, _Both(loss, tagger.output.shape[-1], weight, padding)


class _Both(RowLoss):
    """The sum of two losses, of pairs (batch, time) and of logits side by side (batch, time, classes)."""

    def __init__(self, own: Any, tags: int, weight: float, padding: int):
        super().__init__(name="with_auxiliary")
        self.own, self.others = own, SequenceCrossentropy(padding)
        self.tags, self.weight, self.padding = tags, weight, padding

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        real = tf.not_equal(y_true, self.padding)
        pairs = (y_true % self.tags, y_true // self.tags)
        own, others = (tf.where(real, part, self.padding) for part in pairs)
        mine, theirs = y_pred[..., : self.tags], y_pred[..., self.tags :]
        return self.own.call(own, mine) + self.weight * self.others.call(others, theirs)
