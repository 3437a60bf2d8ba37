"""Truncated back-propagation through time: what a network remembers is handed from window to window."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from zoo.text.vocabulary import PADDING
from zoo.training.losses import SequenceCrossentropy

_LOGITS = 4_000_000  # held in memory together
_LOSS = SequenceCrossentropy(PADDING)


class Carried(keras.Model):
    """Trains a model with explicit states over windows of endless text.

    Gradients flow within a window; the states that a window ends with are the ones that the next starts from
    (Mikolov et al. 2010; Sutskever 2013, section 2.8.6). They are kept as variables, beside the weights: so a
    checkpoint holds them, those of all devices that share a batch, and a training that was killed goes on as
    if it had not been. Training and validation have their own.

    Args:
        core: tokens (rows, window), and states (rows, units) under the names `state_0`, `state_1` ... ->
            `logits` (rows, window, classes), and the states behind them under the same names.
        rows: rows of a batch on one device.

    Call arguments:
        inputs: `tokens`, int32 (rows, window), and `start`, int32 (rows,), 1 for rows that start from zeros.

    Returns:
        Logits (rows, window, classes).
    """

    def __init__(self, core: keras.Model, rows: int):
        super().__init__(name=f"carried_{core.name}")
        self.core = core
        self.states = {
            phase: {
                name: keras.Variable(
                    tf.zeros([rows, core.input[name].shape[1]]),
                    trainable=False,
                    autocast=False,
                    # Each device has rows of its own.
                    synchronization="on_read",
                    aggregation="only_first_replica",
                    name=f"{phase}_{name}",
                )
                for name in state_names(core)
            }
            for phase in ("training", "validation")
        }
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Reads a window, and keeps the states behind it."""
        return self.carry(self.core, inputs, "training" if training else "validation")["logits"]

    def carry(self, core: keras.Model, inputs: Any, phase: str) -> dict[str, Any]:
        """Returns what a core gives for a window, and keeps the states behind it among those of a phase."""
        kept = self.states[phase]
        goes_on = 1 - ops.cast(inputs["start"], "float32")[:, None]
        before = {name: goes_on * ops.convert_to_tensor(state) for name, state in kept.items()}
        outputs: dict[str, Any] = core({"tokens": inputs["tokens"], **before}, training=phase == "training")
        for name, state in kept.items():
            state.assign(ops.cast(outputs[name], "float32"))
        return outputs


def state_names(core: keras.Model) -> list[str]:
    """Returns `state_0`, `state_1` ...: the names of the states that a model takes and gives."""
    return [f"state_{i}" for i in range(len(core.input) - 1)]


def zero_states(core: keras.Model, rows: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the states before any text, each (rows, units)."""
    return {name: tf.zeros([rows, core.input[name].shape[1]]) for name in state_names(core)}


def read(
    core: keras.Model, before: tf.RaggedTensor, numbers: tf.RaggedTensor | None = None
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """Reads whole texts window by window, in the graph: memory stays bounded, rows that are over drop out.

    Args:
        core: as `Carried` takes it, and with a mask: behind a padded row stands the state of its last real
            step.
        before: the unit before each one, int32 (batch, time).
        numbers: the units themselves, alike in lengths, if their probability is asked for.

    Returns:
        The log-probability of `numbers`, (batch,), without them zeros or anything; and the states behind
        `before`, each (batch, units).
    """
    order = tf.argsort(before.row_lengths(), direction="DESCENDING", stable=True)
    before, numbers = (tf.gather(rows, order) for rows in (before, before if numbers is None else numbers))
    lengths, rows = before.row_lengths(), tf.size(order)
    size = core.output["logits"].shape[-1]
    window = tf.clip_by_value(_LOGITS // (size * tf.maximum(rows, 1)), 8, 256)

    def go_on(start: Any, total: Any, states: Any) -> Any:
        going = tf.reduce_sum(tf.cast(lengths > tf.cast(start, tf.int64), tf.int32))
        inputs, targets = (part[:going, start : start + window].to_tensor() for part in (before, numbers))
        first = {name: state[:going] for name, state in states.items()}
        outputs = core({"tokens": inputs, **first}, training=False)
        gained = total[:going] - _LOSS.call(targets, outputs.pop("logits"))
        after = {name: tf.concat([outputs[name], state[going:]], 0) for name, state in states.items()}
        return start + window, tf.concat([gained, total[going:]], 0), after

    begin = (0, tf.zeros([rows]), zero_states(core, rows))
    shapes = tf.nest.map_structure(lambda tensor: tf.TensorShape([None, *tensor.shape[1:]]), begin[1:])
    longest = tf.cast(tf.reduce_max(tf.concat([lengths, [0]], 0)), tf.int32)
    _, total, states = tf.while_loop(
        lambda start, *_: start < longest, go_on, begin, (tf.TensorShape([]), *shapes)
    )
    place = tf.argsort(order)
    return tf.gather(total, place), {name: tf.gather(state, place) for name, state in states.items()}
