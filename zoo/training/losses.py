"""Losses of sequences: one number for each row, so that devices can share a batch of unequal rows."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo import drawings


class RowLoss(keras.losses.Loss):
    """Base of losses that give one number for each row, (batch,), and know themselves which steps are real.

    The mean over rows, weighted by `zoo.data.Batches`, is the same on one device and on several. A mean over
    tokens is not: each device has its own number of them.
    """

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Returns the weighted mean over rows; a Keras mask that `y_pred` may carry is left aside."""
        return super().__call__(y_true, tf.identity(y_pred), sample_weight)


class CRFLoss(RowLoss):
    """Negative log-likelihood of a sequence of tags under a conditional random field.

    Args:
        crf: a `zoo.layers.CRF`.
        padding: number that fills tags up on the right.

    Call arguments:
        y_true: tags (batch, time).
        y_pred: logits (batch, time, tags).
    """

    def __init__(self, crf: Any, padding: int = -1):
        super().__init__(name="negative_log_likelihood")
        self.crf, self.padding = crf, padding

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Returns (batch,)."""
        return -self.crf.log_likelihood(y_pred, y_true, tf.not_equal(y_true, self.padding))


class SequenceCrossentropy(RowLoss):
    """Negative log-likelihood of a whole sequence: cross-entropies added up over its real steps.

    Args:
        padding: number that fills the targets up on the right.
        smoothing: share of the right answer's probability that is spread evenly over all classes, which keeps
            a model from growing too sure of itself (Szegedy et al. 2016, section 7).

    Call arguments:
        y_true: numbers (batch, time).
        y_pred: logits (batch, time, classes).
    """

    def __init__(self, padding: int = -1, smoothing: float = 0.0):
        super().__init__(name="sequence_crossentropy")
        self.padding, self.smoothing = padding, smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        real = tf.not_equal(y_true, self.padding)
        targets = tf.where(real, tf.cast(y_true, tf.int32), 0)
        logits = tf.cast(y_pred, tf.float32)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        if self.smoothing:
            # The cross-entropy with all classes alike is that with one of them and a difference of logits.
            right = tf.gather(logits, targets, batch_dims=2)
            losses += self.smoothing * (right - tf.reduce_mean(logits, axis=2))
        return tf.reduce_sum(losses * tf.cast(real, tf.float32), axis=1)


class WindowCrossentropy(SequenceCrossentropy):
    """The same for a step of a window, on average: nats, by which language models are compared.

    Steps that are not there count as 0; `zoo.data.Streams` weighs rows so that a whole pass is right.
    """

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        return super().call(y_true, y_pred) / tf.cast(tf.shape(y_true)[1], tf.float32)


class PinballLoss(RowLoss):
    """Pinball loss of quantiles, of which the true ones have the least (Koenker and Bassett 1978).

    The mean over levels and over the targets that are there; that of level 0.5 alone is half the absolute
    error, which the median minimises.

    Args:
        levels: share of the truth that lies below each quantile, in (0, 1).

    Call arguments:
        y_true: numbers (batch, time, ...); NaN where none is asked for. A row of nothing else has no loss.
        y_pred: quantiles (batch, time, members, ..., levels), of members of an ensemble that learn alone.
    """

    def __init__(self, levels: Sequence[float]):
        super().__init__(name="pinball")
        self.levels = tuple(levels)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        levels = tf.constant(self.levels, tf.float32)
        truth = tf.cast(y_true, tf.float32)[:, :, None, ..., None]
        real = tf.math.is_finite(truth)
        # Zero where there is none: a NaN would come back in the gradient.
        errors = tf.where(real, truth, 0.0) - tf.cast(y_pred, tf.float32)
        losses = tf.where(real, tf.maximum(levels * errors, (levels - 1) * errors), 0.0)
        others = list(range(1, losses.shape.rank))
        counted = tf.broadcast_to(tf.cast(real, tf.float32), tf.shape(losses))
        return tf.reduce_sum(losses, others) / tf.maximum(tf.reduce_sum(counted, others), 1)


class MixtureLoss(RowLoss):
    """Negative log-likelihood of moves of a pen and its states, for a point of a drawing on average: nats.

    Call arguments:
        y_true: moves and states (batch, time, 5), as `zoo.drawings.learned` gives them; 0 behind the end.
        y_pred: numbers of a `zoo.drawings.Mixture` (batch, time, size).
    """

    def __init__(self) -> None:
        super().__init__(name="mixture")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        total = tf.reduce_sum(drawings.log_probability(y_pred, y_true), axis=1)
        return -total / tf.maximum(tf.reduce_sum(y_true[..., 2:], axis=[1, 2]), 1.0)


class CTCLoss(RowLoss):
    """Negative log-likelihood of a text over all of its alignments (Graves et al. 2006).

    Call arguments:
        y_true: symbols (batch, longest), from 1 on, 0 behind the end; a text needs a step for each of
            its symbols, and one more between two that are alike.
        y_pred: logits (batch, time, symbols), 0 being the blank, which is all that is said behind a row's
            end: `zoo.layers.blank_behind`.
    """

    def __init__(self) -> None:
        super().__init__(name="ctc")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns (batch,)."""
        targets = tf.cast(y_true, tf.int32)
        logits = tf.cast(y_pred, tf.float32)
        batch, time = tf.shape(logits)[0], tf.shape(logits)[1]
        # Of dense labels TensorFlow makes loops of small operations; of sparse ones a kernel.
        return tf.nn.ctc_loss(
            tf.sparse.from_dense(targets),
            logits,
            label_length=None,
            logit_length=tf.fill([batch], time),
            logits_time_major=False,
            blank_index=0,
        )
