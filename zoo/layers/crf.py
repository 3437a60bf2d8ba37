"""Linear-chain conditional random field: the best sequence of tags, instead of the best tag at each step."""

from collections.abc import Sequence
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

# Added to what may not be. In training a finite price, so that a gradient never becomes infinite.
_FORBIDDEN, _NEVER = -1e4, -1e9


@keras.saving.register_keras_serializable("zoo")
class CRF(keras.layers.Layer):
    """Adds scores of neighbouring tags to the scores of each step (Lafferty et al. 2001; Lample et al. 2016).

    A sequence of tags y has the score `starts[y1] + sum(logits[t, yt]) + sum(transitions[yt, yt+1]) +
    ends[yn]`, and its probability is the exponential of it over the sum for all sequences. Called as a layer
    it passes the logits on; train with `loss`, then ask `decode` and `marginals`. All is computed in float32,
    time in graph loops, and steps beyond the mask count for nothing.

    Args:
        tags: number of tags, numbered from 0.
        follow: (tags, tags), whether tag j may follow tag i; None: any. What is forbidden has no probability,
            and `decode` never yields it.
        start: (tags,), whether a sequence may start with a tag; None: any.

    Call arguments:
        inputs: logits (batch, time, tags).

    Returns:
        The logits.

    Attributes:
        label_axes: weight -> its axes with an entry for each tag, where these are not the last one alone.
    """

    label_axes: ClassVar = {"transitions": (0, 1)}

    def __init__(
        self,
        tags: int,
        follow: Sequence[Sequence[bool]] | None = None,
        start: Sequence[bool] | None = None,
        **options,
    ):
        super().__init__(**{**options, "dtype": "float32"})
        self.tags, self.follow, self.start = tags, follow, start
        self.supports_masking = True

    def build(self, shape):
        """Makes the scores of transitions, starts and ends."""
        small = keras.initializers.RandomUniform(-0.1, 0.1)
        self.transitions = self.add_weight(
            shape=(self.tags, self.tags), initializer=small, name="transitions"
        )
        self.starts = self.add_weight(shape=(self.tags,), initializer="zeros", name="starts")
        self.ends = self.add_weight(shape=(self.tags,), initializer="zeros", name="ends")

    def call(self, inputs):
        """Returns the logits."""
        return inputs

    def log_likelihood(self, logits, tags, mask) -> tf.Tensor:
        """Returns log p(tags | logits), (batch,).

        Args:
            logits: (batch, time, tags).
            tags: numbers int32 (batch, time); what stands beyond the mask is not looked at.
            mask: (batch, time), true for real steps, which stand on the left; at least one in each row.
        """
        forward, scale = self._forward(logits, mask)
        total = tf.reduce_logsumexp(forward[-1] + self._scores()[2], axis=1) + scale
        return self._score(logits, tags, mask) - total

    def decode(self, logits, mask) -> tf.Tensor:
        """Returns the most probable sequence of tags, int32 (batch, time), by Viterbi's algorithm.

        Beyond the mask stands 0. Arguments as in `log_likelihood`.
        """
        scores = self._scores(_NEVER)
        transitions, _, ends = scores
        best, _ = self._forward(logits, mask, tf.reduce_max, scores)
        last = _last(mask)

        def step(t, following, written):
            # At a row's last step the end decides, before it the tag that follows.
            onward = tf.where((t == last)[:, None], ends, tf.gather(tf.transpose(transitions), following))
            tag = tf.argmax(best[t] + onward, axis=1, output_type=tf.int32)
            tag = tf.where(t <= last, tag, 0)
            return t - 1, tag, written.write(t, tag)

        time = tf.shape(logits)[1]
        tags = tf.TensorArray(tf.int32, time, element_shape=[None])
        *_, tags = tf.while_loop(lambda t, *_: t >= 0, step, (time - 1, tf.zeros_like(last), tags))
        return tf.transpose(tags.stack())

    def marginals(self, logits, mask) -> tf.Tensor:
        """Returns the probability of each tag at each step, (batch, time, tags); anything beyond the mask."""
        return self._marginals(logits, mask, self._backward(logits, mask))

    def scores_and_confidences(self, logits, mask, tags) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the probabilities of tags, and of the span of each being right, float32 (batch, time) both.

        A span is a tag and those that follow it which no sequence may start with, as B-X and the I-X behind
        it; right is it where all its tags are and none continues it. A tag that no other one may continue
        stands for itself, and its confidence is its score. Beyond the mask stands anything.

        Args:
            logits: (batch, time, tags).
            mask: (batch, time), true for real steps.
            tags: what `decode` chose, int32 (batch, time).
        """
        backward, (inside, continuing) = self._backward(logits, mask), self._spans()
        scores = tf.gather(self._marginals(logits, mask, backward), tags, axis=2, batch_dims=2)
        if not inside.any():  # as of parts of speech
            return scores, scores
        # What follows a step depends on its tag alone: p(next | tag) is a softmax over the next ones.
        transitions, time = self._scores()[0], tf.shape(tags)[1]
        onward = tf.pad(backward[:, 1:], [[0, 0], [0, 1], [0, 0]])
        following = tf.nn.log_softmax(tf.gather(transitions, tags) + onward)
        chosen = tf.gather(following, _shifted(tags, 0), axis=2, batch_dims=2)
        last = tf.logical_not(_shifted(mask, False))
        goes_on = tf.gather(inside, _shifted(tags, 0)) & ~last
        more = tf.gather(continuing, tags)  # the tag that would continue the span
        ends = -tf.math.expm1(tf.gather(following, tf.maximum(more, 0), axis=2, batch_dims=2))
        ends = tf.where((more < 0) | last, 0.0, tf.math.log(tf.maximum(ends, 1e-30)))
        # Of the first step its own probability, of each later one that it follows, of the last that it is so.
        before = tf.pad(tf.where(goes_on, chosen, 0.0), [[0, 0], [1, 0]])[:, :-1]
        within = tf.pad(goes_on, [[0, 0], [1, 0]])[:, :-1]
        steps = tf.where(within, before, tf.math.log(tf.maximum(scores, 1e-30))) + tf.where(
            goes_on, 0.0, ends
        )
        numbers = tf.cumsum(tf.cast(tf.reshape(~within, [-1]), tf.int32)) - 1  # a row begins a new span
        size = tf.shape(numbers)[0]
        sums = tf.math.unsorted_segment_sum(tf.reshape(steps, [-1]), numbers, size)
        return scores, tf.exp(tf.reshape(tf.gather(sums, numbers), [-1, time]))

    def _marginals(self, logits, mask, backward) -> tf.Tensor:
        forward = tf.transpose(self._forward(logits, mask)[0], [1, 0, 2])
        return tf.nn.softmax(forward + backward - tf.cast(logits, tf.float32))

    def _backward(self, logits, mask) -> tf.Tensor:
        """As `_forward`, from the other end: time reversed, start and end exchanged. (batch, time, tags)."""
        transitions, starts, ends = self._scores()
        lengths = _last(mask) + 1
        turned = tf.reverse_sequence(logits, lengths, seq_axis=1)
        backward, _ = self._forward(turned, mask, scores=(tf.transpose(transitions), ends, starts))
        return tf.reverse_sequence(tf.transpose(backward, [1, 0, 2]), lengths, seq_axis=1)

    def _spans(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns which tags continue spans, and for each tag the one that continues it; -1: none does."""
        inside = ~np.array(self.start if self.start is not None else [True] * self.tags, bool)
        follow = np.array(self.follow if self.follow is not None else np.ones((self.tags, self.tags)), bool)
        may = follow & inside
        return inside, np.where(may.any(axis=1), may.argmax(axis=1), -1).astype(np.int32)

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Returns all that decodes without TensorFlow.

        Returns:
            `transitions`, `starts` and `ends`, with what is forbidden in training; `never_follows` (tags,
            tags) and `never_starts` (tags,), what is added so that `decode` has none of it; `inside`, which
            tags continue spans, and `continuing`, for each tag the one that continues it, -1 if none does.
        """
        names = ("transitions", "starts", "ends")
        arrays = {name: scores.numpy() for name, scores in zip(names, self._scores(), strict=True)}
        never = {
            "never_follows": np.where(self.follow if self.follow is not None else True, 0.0, _NEVER),
            "never_starts": np.where(self.start if self.start is not None else True, 0.0, _NEVER),
        }
        inside, continuing = self._spans()
        return {
            **arrays,
            **{name: np.asarray(values, np.float32) for name, values in never.items()},
            "inside": inside,
            "continuing": continuing,
        }

    def compute_output_shape(self, shape):
        """Returns the input's shape."""
        return shape

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "tags": self.tags, "follow": self.follow, "start": self.start}

    def _scores(self, forbidden: float = _FORBIDDEN):
        """Returns transitions (tags, tags), starts and ends (tags,), with what is forbidden."""
        transitions, starts, ends = map(tf.convert_to_tensor, (self.transitions, self.starts, self.ends))
        if self.follow is not None:
            transitions += np.where(self.follow, 0.0, forbidden).astype("float32")
        if self.start is not None:
            starts += np.where(self.start, 0.0, forbidden).astype("float32")
        return transitions, starts, ends

    def _forward(self, logits, mask, reduce=tf.reduce_logsumexp, scores=None) -> tuple[tf.Tensor, tf.Tensor]:
        """Adds up (or finds the best of) all sequences up to each step and tag.

        Returns:
            (time, batch, tags), less the highest of the tags at each step, since float32 has no digits for
            the small differences of large sums; and what was taken off up to the last real step, (batch,).
            Beyond the mask the values of the last real step are repeated.
        """
        transitions, starts, _ = scores or self._scores()
        steps = tf.transpose(tf.cast(logits, tf.float32), [1, 0, 2])
        real = tf.transpose(mask)[:, :, None]

        def lowered(state, scale):
            highest = tf.stop_gradient(tf.reduce_max(state, axis=1, keepdims=True))
            return state - highest, scale + highest[:, 0]

        def step(t, state, scale, written):
            reached, further = lowered(reduce(state[:, :, None] + transitions, axis=1) + steps[t], scale)
            state = tf.where(real[t], reached, state)
            scale = tf.where(real[t][:, 0], further, scale)
            return t + 1, state, scale, written.write(t, state)

        time = tf.shape(steps)[0]
        state, scale = lowered(starts + steps[0], tf.zeros_like(steps[0, :, 0]))
        states = tf.TensorArray(tf.float32, time, element_shape=[None, self.tags]).write(0, state)
        *_, scale, states = tf.while_loop(lambda t, *_: t < time, step, (1, state, scale, states))
        return states.stack(), scale

    def _score(self, logits, tags, mask) -> tf.Tensor:
        transitions, starts, ends = self._scores()
        real = tf.cast(mask, tf.float32)
        tags = tf.where(mask, tf.cast(tags, tf.int32), 0)
        at_steps = tf.gather(tf.cast(logits, tf.float32), tags, axis=2, batch_dims=2)
        between = tf.gather_nd(transitions, tf.stack([tags[:, :-1], tags[:, 1:]], axis=2))
        final = tf.gather(tags, _last(mask), axis=1, batch_dims=1)
        return (
            tf.reduce_sum(at_steps * real, axis=1)
            + tf.reduce_sum(between * real[:, 1:], axis=1)
            + tf.gather(starts, tags[:, 0])
            + tf.gather(ends, final)
        )


def _shifted(steps, filling) -> tf.Tensor:
    """Returns what stands at the next step of each, (batch, time)."""
    return tf.concat([steps[:, 1:], tf.fill([tf.shape(steps)[0], 1], filling)], axis=1)


def _last(mask) -> tf.Tensor:
    return tf.maximum(tf.reduce_sum(tf.cast(mask, tf.int32), axis=1), 1) - 1
