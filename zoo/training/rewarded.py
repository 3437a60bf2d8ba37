"""Training on what a model writes itself, by how good that is."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from zoo import decoding
from zoo.text.pieces import PADDING, Pieces

Draw = Callable[[Any, tf.Tensor], tuple[decoding.Decoded, tf.Tensor]]
Reward = Callable[..., Any]


class Rewarded(keras.Model):
    """A model that writes, and learns from several texts that it draws about the same thing.

    Each counts by how much better it is than the others are on average: the gradient of the expected reward
    (REINFORCE; Williams 1992), with the model's own texts as what is compared with (self-critical sequence
    training, Rennie et al. 2017), and the mean of the others in the place of the greedy one (Luo 2020). So a
    training step is that of a likelihood, on other texts and with weights that may be negative. What is drawn
    is drawn without dropout; with dropout the gradient is a little beside it.

    Its weights are those of the model that `inputs` and `outputs` belong to. Validation is by likelihood.

    Args:
        inputs, outputs: of a model that is given `caption` beside other inputs, as `keras.Model` takes them.
        draw: the other inputs, and seeds int64 (batch * samples,) -> texts that were drawn, (batch * samples,
            ...), those about one row next to each other, and their strings.
        reward: numbers of rows (batch,), strings and whether these are finished (batch, samples) -> float32
            (batch, samples); called outside the graph.
        samples: texts drawn about each row.
        seed: of the drawing.
        **options: as `keras.Model` takes them.

    Batches:
        inputs with a `caption` that is not read, numbers of rows in the place of targets, weights.
    """

    def __init__(
        self, inputs: Any, outputs: Any, draw: Draw, reward: Reward, samples: int, seed: int, **options: Any
    ):
        super().__init__(inputs, outputs, **options)
        self._draw, self._reward, self._samples, self._seed = draw, reward, samples, seed
        self._earned = keras.metrics.Mean(name="reward")

    @property
    def metrics(self) -> list[Any]:
        """The rewards of training beside all else."""
        return [*super().metrics, self._earned]

    def train_step(self, data: Any) -> dict[str, Any]:
        """Draws, and learns from what was drawn."""
        inputs, rows, weights = keras.utils.unpack_x_y_sample_weight(data)
        seen = {name: value for name, value in inputs.items() if name != "caption"}
        shape = [tf.shape(rows)[0], self._samples]
        drawn, strings = self._draw(seen, self._seeds(tf.reduce_prod(shape)))
        finished = tf.reshape(drawn.finished, shape)
        rewards = tf.numpy_function(
            self._reward, [rows, tf.reshape(strings, shape), finished], tf.float32, stateful=False
        )
        rewards = tf.ensure_shape(rewards, [None, self._samples])
        better = better_than_others(rewards) * weights[:, None]
        given, asked = as_taught(drawn)
        self._earned.update_state(tf.reduce_mean(rewards, axis=1), weights)
        repeated = tf.nest.map_structure(lambda part: tf.repeat(part, self._samples, axis=0), seen)
        logs: dict[str, Any] = super().train_step(
            ({**repeated, "caption": given}, asked, tf.reshape(better, [-1]))
        )
        return logs

    def _seeds(self, count: tf.Tensor) -> tf.Tensor:
        """Returns seeds, int64 (count,), that are others at each step, and on each device."""
        context = tf.distribute.get_replica_context()
        place = tf.cast(self.optimizer.iterations, tf.int64) * context.num_replicas_in_sync
        place += tf.cast(context.replica_id_in_sync_group, tf.int64)
        lowest, highest = tf.int64.min, tf.int64.max
        pair = tf.stack([tf.constant(self._seed, tf.int64), place])
        return tf.random.stateless_uniform([count], pair, lowest, highest, tf.int64)


def better_than_others(rewards: tf.Tensor) -> tf.Tensor:
    """Returns by how much each of some (batch, samples), two or more, is above the mean of the others."""
    others = tf.cast(tf.shape(rewards)[1] - 1, tf.float32)
    return rewards - (tf.reduce_sum(rewards, axis=1, keepdims=True) - rewards) / others


def as_taught(drawn: decoding.Decoded) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what was drawn (batch, time) as a teacher gives it: the pieces before each, and each.

    The end is among the latter where it was drawn.
    """
    tokens = tf.pad(drawn.tokens, [[0, 0], [0, 1]], constant_values=PADDING)
    place = tf.range(tf.shape(tokens)[1])
    end = drawn.finished[:, None] & (place == drawn.lengths[:, None])
    asked = tf.where(end, Pieces.END, tokens)
    given = tf.concat([tf.fill([tf.shape(tokens)[0], 1], Pieces.START), tokens[:, :-1]], axis=1)
    return given, asked
