"""How probable it is that what was written is right."""

from __future__ import annotations

import tensorflow as tf


class Confidence(tf.Module):
    """Turns the score of a text, its length and that of what it is about into a chance of being right.

    A logistic regression, with weights of its own that `zoo.training.fit_confidence` finds; before, all is as
    probable as not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([0.0] * 4, trainable=False, name="confidence")

    @staticmethod
    def features(texts: tf.Tensor, scores: tf.Tensor, about: tf.Tensor) -> tf.Tensor:
        """Returns what is known of texts, float32 (..., 4).

        Args:
            texts: strings that were written (...).
            scores: theirs (...); minus infinity where there is none.
            about: characters of what each is about (...).
        """
        lengths = tf.strings.length(texts, unit="UTF8_CHAR")
        logarithms = [tf.math.log1p(tf.cast(count, tf.float32)) for count in (lengths, about)]
        # A score that is no longer a number of any use is a very bad one.
        scores = tf.clip_by_value(tf.cast(scores, tf.float32), -100.0, 0.0)
        return tf.stack([tf.ones_like(scores), scores, *logarithms], axis=-1)

    def __call__(self, texts: tf.Tensor, scores: tf.Tensor, about: tf.Tensor) -> tf.Tensor:
        """Returns the chances of texts (...), from 0 to 1; of a text that is none 0. See `features`."""
        chances = tf.sigmoid(tf.linalg.matvec(self.features(texts, scores, about), self.weights))
        return tf.where(tf.math.is_inf(scores), 0.0, chances)
