"""Inference over rows of unequal length, inside the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from zoo.export.bounds import columns


def by_length(
    function: Callable[[dict[str, tf.Tensor]], Any],
    features: Mapping[str, tf.RaggedTensor],
    specs: Any,
    rows: int = 64,
) -> Any:
    """Runs a model over rows sorted by length, some at a time, inside the graph.

    A short row then never pays for a long neighbour, memory stays bounded, and no rows at all are no special
    case.

    Args:
        function: takes a dict of padded features, gives a nest of (batch, ...): a tensor, a dict, a tuple.
        features: name -> ragged rows (batch, time, ...), alike in length.
        specs: the same nest of shapes (None, ...) and types.
        rows: most rows at a time.

    Returns:
        The nest, in the order of the rows.
    """
    order, outputs = _in_blocks(lambda padded, _: function(padded), features, specs, rows)
    place = tf.argsort(order)
    return tf.nest.map_structure(lambda values: tf.gather(values, place), outputs)


def with_a_row(model: keras.Model, batch: tf.Tensor) -> tf.Tensor:
    """Calls a model of (batch, ...) that fails on no rows at all, as fused convolutions do."""
    rows = tf.shape(batch)[0]
    missing = [[0, tf.maximum(0, 1 - rows)], *[[0, 0]] * (len(batch.shape) - 1)]
    return model(tf.pad(batch, missing), training=False)[:rows]


def in_blocks(function: Callable[[tf.Tensor], Any], inputs: tf.Tensor, specs: Any, rows: int = 32) -> Any:
    """Runs a model over rows that are all alike in length, some at a time: memory stays bounded.

    Args:
        function: takes some of the inputs, gives a nest of (rows, ...).
        inputs: (batch,), of any type.
        specs: the same nest of shapes (None, ...) and types.
        rows: most rows at a time.

    Returns:
        The nest of (batch, ...).
    """
    numbers = tf.RaggedTensor.from_tensor(tf.range(tf.shape(inputs)[0])[:, None])
    return by_length(
        lambda padded: function(tf.gather(inputs, padded["row"][:, 0])), {"row": numbers}, specs, rows
    )


def steps_by_length(
    function: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]],
    features: Mapping[str, tf.RaggedTensor],
    dtypes: Mapping[str, tf.DType],
    rows: int = 256,
) -> dict[str, tf.RaggedTensor]:
    """As `by_length`, for outputs that have one value for each step.

    Args:
        function: takes a dict of padded features, gives a dict of (batch, time).
        features: name -> ragged rows (batch, time, ...), alike in length; a row may be empty.
        dtypes: name -> type of each output.
        rows: most rows at a time.

    Returns:
        Name -> ragged (batch, time), in the order and the lengths of the rows.
    """

    def real_steps(inputs: dict[str, tf.Tensor], lengths: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = function(inputs)
        time = tf.shape(next(iter(inputs.values())))[1]
        real = tf.sequence_mask(lengths, time)
        return {name: tf.boolean_mask(outputs[name], real) for name in dtypes}

    specs = {name: tf.TensorSpec([None], dtype) for name, dtype in dtypes.items()}
    order, outputs = _in_blocks(real_steps, features, specs, rows)
    lengths = tf.gather(next(iter(features.values())).row_lengths(), order)
    place = tf.argsort(order)
    return {
        name: tf.gather(tf.RaggedTensor.from_row_lengths(values, lengths), place)
        for name, values in outputs.items()
    }


def in_windows(
    function: Callable[[dict[str, tf.RaggedTensor]], dict[str, tf.RaggedTensor]],
    features: Mapping[str, tf.RaggedTensor],
    window: int = 1_000,
    beside: int = 200,
) -> dict[str, tf.RaggedTensor]:
    """Runs what has one value for each step on overlapping windows of long rows: side by side, and sooner.

    Rows of up to a window are read as they are. A longer one is read in windows, of each of which the steps
    far enough from where it was cut are kept, so that each has been seen with what stands around it.

    Args:
        function: takes ragged features (rows, time, ...), gives ragged (rows, time).
        features: name -> ragged rows (batch, time, ...), alike in length.
        window: steps in a window.
        beside: steps at a cut that are read, but not kept.

    Returns:
        Name -> ragged (batch, time), alike in length with the features.
    """
    first = next(iter(features.values()))
    lengths, stride = first.row_lengths(), window - 2 * beside
    counts = 1 + tf.maximum(-(-(lengths - window) // stride), 0)
    starts = tf.ragged.range(counts) * stride  # (batch, windows)
    rows = tf.repeat(tf.range(tf.size(lengths, tf.int64)), counts)
    begin = starts.values
    end = tf.minimum(begin + window, tf.gather(lengths, rows))
    places = tf.ragged.range(begin, end) + tf.gather(first.row_starts(), rows)[:, None]
    read = {
        name: places.with_values(tf.gather(ragged.values, places.values)) for name, ragged in features.items()
    }
    outputs = function(read)

    # Of each window what the one before it has not kept already.
    kept_from = tf.where(begin == 0, tf.zeros_like(begin), begin + beside)
    kept_to = tf.where(end == tf.gather(lengths, rows), end, end - beside)
    kept = tf.ragged.range(kept_from - begin, kept_to - begin) + places.row_starts()[:, None]
    return {
        name: first.with_values(tf.gather(ragged.values, kept.values)) for name, ragged in outputs.items()
    }


def dense(outputs: Mapping[str, tf.RaggedTensor], truncated: tf.Tensor) -> dict[str, tf.Tensor]:
    """Fills ragged outputs (batch, time) up: each row of a batch then has a row of every output.

    Args:
        outputs: by name.
        truncated: which rows were cut before they were read, bool (batch,).

    Returns:
        Each name padded, (batch, time), with empty strings or zeros, no wider than `columns` allows; `length`
        int64 (batch,), how many steps of each row are none of the padding; and `truncated`, which rows lack
        steps.
    """
    first = next(iter(outputs.values()))
    width, lengths = columns(first.nrows()), first.row_lengths()
    filled = {name: ragged[:, :width].to_tensor() for name, ragged in outputs.items()}
    return {**filled, "length": tf.minimum(lengths, width), "truncated": truncated | (lengths > width)}


def dense_and_flat(outputs: Mapping[str, tf.RaggedTensor], truncated: tf.Tensor) -> dict[str, tf.Tensor]:
    """Spreads ragged outputs (batch, time) into what a signature can return.

    Args:
        outputs: by name.
        truncated: which rows were cut before they were read, bool (batch,).

    Returns:
        Each name padded, as of `dense`; `flat_<name>`, the values of all rows one after another; `row_splits`
        int64 (batch + 1,): row i has values `row_splits[i]` to `row_splits[i + 1]`; and `truncated`, which
        rows lack steps in what is padded.
    """
    filled = dense(outputs, truncated)
    return {**{name: filled[name] for name in outputs}, **flat(outputs, filled["truncated"])}


def flat(outputs: Mapping[str, tf.RaggedTensor], truncated: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the second half of `dense_and_flat`, which is as large as the text, not rows x longest row."""
    values = {f"flat_{name}": ragged.values for name, ragged in outputs.items()}
    return {**values, "row_splits": next(iter(outputs.values())).row_splits, "truncated": truncated}


def _in_blocks(
    function: Callable[[dict[str, tf.Tensor], tf.Tensor], Any],
    features: Mapping[str, tf.RaggedTensor],
    specs: Any,
    rows: int,
    steps: int = 20_000,
) -> tuple[tf.Tensor, Any]:
    """Calls `function(padded, lengths)` on blocks of at most so many rows and, padding included, steps.

    Returns:
        The order of the rows, shortest first, and the outputs of all blocks, concatenated.
    """
    lengths = next(iter(features.values())).row_lengths()
    order = tf.argsort(lengths, stable=True)
    ordered = tf.gather(lengths, order)
    total = tf.size(order)

    def step(start: tf.Tensor, before: Any) -> tuple[tf.Tensor, Any]:
        # As many rows as fit when padded to the longest of them; one, however long it is.
        ahead = ordered[start : start + rows]
        sizes = ahead * tf.range(1, tf.size(ahead) + 1, dtype=ahead.dtype)
        count = tf.maximum(1, tf.reduce_sum(tf.cast(sizes <= steps, tf.int32)))
        chosen = order[start : start + count]
        inputs = {name: padded(tf.gather(ragged, chosen)) for name, ragged in features.items()}
        outputs = function(inputs, tf.gather(lengths, chosen))
        both = tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), before, outputs)
        return start + count, both

    nothing = tf.nest.map_structure(lambda spec: tf.zeros([0, *spec.shape[1:]], spec.dtype), specs)
    shapes = tf.nest.map_structure(lambda spec: spec.shape, specs)
    _, outputs = tf.while_loop(
        lambda start, _: start < total, step, (0, nothing), shape_invariants=(tf.TensorShape([]), shapes)
    )
    return order, outputs


def padded(rows: tf.RaggedTensor) -> tf.Tensor:
    """Returns ragged rows (batch, time, ...) filled up with zeros, one step long at least."""
    dense = rows.to_tensor()
    missing = tf.maximum(0, 1 - tf.shape(dense)[1])  # Keras's loops need one step at least
    return tf.pad(dense, [[0, 0], [0, missing], *([[0, 0]] * (len(dense.shape) - 2))])
