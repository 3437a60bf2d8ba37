"""What an exported model's graph is made of: a portable clone, and inference over rows of unequal length."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf


class Serving(tf.Module):
    """Base of what recipes export: holds a portable clone of a trained model.

    A subclass defines signatures, which take raw inputs: see `signature`.

    Args:
        model: the trained model.
        storage: type in which the weights are stored. float16 halves the files; the weights are rounded here,
            once, so that the module in memory gives the very answers of the exported one.

    Attributes:
        model: float32 clone of the trained model that runs on CPU and GPU.
        weight_names: paths of the trained model's weights; the clone's own lack the outer layers' names.
    """

    def __init__(self, model: keras.Model, storage: str = "float32"):
        super().__init__()
        # Untracked: TensorFlow takes a Keras variable for another than the one it wraps, and saves both.
        object.__setattr__(self, "model", portable(model))
        object.__setattr__(self, "weight_names", [weight.path for weight in model.weights])
        # saved_model_cli finds variables only where the module holds them itself.
        self._variables_ = [weight.value for weight in self.model.weights]
        if storage != "float32":
            self._variables_ = [
                tf.Variable(tf.cast(value, storage)) if value.dtype.is_floating else value
                for value in self._variables_
            ]
            for weight, stored in zip(self.model.weights, self._variables_, strict=True):
                weight.assign(tf.cast(stored, weight.dtype))

    def weights_as_stored(self) -> contextlib.AbstractContextManager:
        """Returns a context in which `model` computes with the stored weights, cast to float32 on entry."""
        return keras.StatelessScope(
            [
                (weight, tf.cast(stored, weight.dtype))
                for weight, stored in zip(self.model.weights, self._variables_, strict=True)
            ]
        )

    def exported(self, method: Callable, **tensors: tf.TensorSpec) -> Callable:
        """Makes a bound method a function of the export, where its shapes are known only with the model.

        Args:
            method: takes tensors, in the order in which they are named.
            **tensors: as `signature` takes them.
        """

        def run(*inputs):
            with self.weights_as_stored():
                return method(*inputs)

        return tf.function(run, input_signature=_named(tensors))


def _named(tensors: Mapping[str, tf.TensorSpec]) -> list[tf.TensorSpec]:
    return [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in tensors.items()]


def signature(name: str = "", shape: Sequence[int | None] = (None,), **tensors: tf.TensorSpec) -> Callable:
    """Decorates a method of `Serving`: makes it a function of the export.

    Args:
        name: what the one tensor of strings is called that it takes.
        shape: of that tensor.
        **tensors: where it takes others or several, their names, in the order of the method's, and what they
            are.
    """
    specs = tensors or {name: tf.TensorSpec(shape, tf.string)}

    def decorate(method):
        @functools.wraps(method)
        def run(self, *inputs):
            # Here, outside of all loops, weights are cast once for each call.
            with self.weights_as_stored():
                return method(self, *inputs)

        return tf.function(run, input_signature=_named(specs))

    return decorate


def portable(model: keras.Model) -> keras.Model:
    """Clones a model into float32 without fused cuDNN kernels, which a CPU cannot run.

    Keras chooses these kernels when a graph is traced, so the clone, not the trained model, is exported.
    """

    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    try:
        with tf.device("CPU:0"):  # the one place where every machine computes alike; it is not stored
            copy = keras.Model.from_config(_float32(model.get_config()))
    finally:
        keras.config.set_dtype_policy(policy)
    copy.set_weights(model.get_weights())
    for layer in recurrent_layers(copy):
        layer.use_cudnn = False
    return copy


def recurrent_layers(model: keras.Model) -> Iterator[keras.layers.RNN]:
    """Yields every recurrent layer, both directions of a Bidirectional one by one."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.RNN):
            yield layer


def by_length(
    function: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]],
    features: Mapping[str, tf.RaggedTensor],
    specs: Mapping[str, tf.TensorSpec],
    rows: int = 64,
) -> dict[str, tf.Tensor]:
    """Runs a model over rows sorted by length, some at a time, inside the graph.

    A short row then never pays for a long neighbour, memory stays bounded, and no rows at all are no special
    case.

    Args:
        function: takes a dict of padded features, gives a dict of (batch, ...).
        features: name -> ragged rows (batch, time, ...), alike in length.
        specs: name -> shape (None, ...) and type of each output.
        rows: most rows at a time.

    Returns:
        Name -> (batch, ...), in the order of the rows.
    """
    order, found = _in_blocks(lambda padded, _: function(padded), features, specs, rows)
    place = tf.argsort(order)
    return {name: tf.gather(values, place) for name, values in found.items()}


def in_blocks(
    function: Callable[[tf.Tensor], dict[str, tf.Tensor]],
    inputs: tf.Tensor,
    specs: Mapping[str, tf.TensorSpec],
    rows: int = 32,
) -> dict[str, tf.Tensor]:
    """Runs a model over rows that are all alike in length, some at a time: memory stays bounded.

    Args:
        function: takes some of the inputs, gives a dict of (rows, ...).
        inputs: (batch,), of any type.
        specs: name -> shape (None, ...) and type of each output.
        rows: most rows at a time.

    Returns:
        Name -> (batch, ...).
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

    def real_steps(inputs, lengths):
        outputs = function(inputs)
        time = tf.shape(next(iter(inputs.values())))[1]
        real = tf.sequence_mask(lengths, time)
        return {name: tf.boolean_mask(outputs[name], real) for name in dtypes}

    specs = {name: tf.TensorSpec([None], dtype) for name, dtype in dtypes.items()}
    order, found = _in_blocks(real_steps, features, specs, rows)
    lengths = tf.gather(next(iter(features.values())).row_lengths(), order)
    place = tf.argsort(order)
    return {
        name: tf.gather(tf.RaggedTensor.from_row_lengths(values, lengths), place)
        for name, values in found.items()
    }


def dense_and_flat(outputs: Mapping[str, tf.RaggedTensor]) -> dict[str, tf.Tensor]:
    """Spreads ragged outputs (batch, time) into what a signature can return.

    Returns:
        Each name padded, (batch, time), with empty strings or zeros; `flat_<name>`, the values of all rows
        one after another; and `row_splits` int64 (batch + 1,): row i has values `row_splits[i]` to
        `row_splits[i + 1]`.
    """
    return {**{name: ragged.to_tensor() for name, ragged in outputs.items()}, **flat(outputs)}


def flat(outputs: Mapping[str, tf.RaggedTensor]) -> dict[str, tf.Tensor]:
    """Returns the second half of `dense_and_flat`, which is as large as the text, not rows x longest row."""
    values = {f"flat_{name}": ragged.values for name, ragged in outputs.items()}
    return {**values, "row_splits": next(iter(outputs.values())).row_splits}


def _in_blocks(function, features, specs: Mapping[str, tf.TensorSpec], rows: int, steps: int = 20_000):
    """Calls `function(padded, lengths)` on blocks of at most so many rows and, padding included, steps.

    Returns:
        The order of the rows, shortest first, and name -> the outputs of all blocks, concatenated.
    """
    lengths = next(iter(features.values())).row_lengths()
    order = tf.argsort(lengths, stable=True)
    ordered = tf.gather(lengths, order)
    total = tf.size(order)

    def step(start, found):
        # As many rows as fit when padded to the longest of them; one, however long it is.
        ahead = ordered[start : start + rows]
        sizes = ahead * tf.range(1, tf.size(ahead) + 1, dtype=ahead.dtype)
        count = tf.maximum(1, tf.reduce_sum(tf.cast(sizes <= steps, tf.int32)))
        chosen = order[start : start + count]
        inputs = {name: padded(tf.gather(ragged, chosen)) for name, ragged in features.items()}
        outputs = function(inputs, tf.gather(lengths, chosen))
        return start + count, {name: tf.concat([found[name], outputs[name]], axis=0) for name in specs}

    nothing = {name: tf.zeros([0, *spec.shape[1:]], spec.dtype) for name, spec in specs.items()}
    shapes = {name: spec.shape for name, spec in specs.items()}
    _, found = tf.while_loop(
        lambda start, _: start < total, step, (0, nothing), shape_invariants=(tf.TensorShape([]), shapes)
    )
    return order, found


def padded(rows: tf.RaggedTensor) -> tf.Tensor:
    """Returns ragged rows (batch, time, ...) filled up with zeros, one step long at least."""
    dense = rows.to_tensor()
    missing = tf.maximum(0, 1 - tf.shape(dense)[1])  # Keras's loops need one step at least
    return tf.pad(dense, [[0, 0], [0, missing], *([[0, 0]] * (len(dense.shape) - 2))])


def _float32(config: Any) -> Any:
    """Replaces every dtype policy in a layer's config, nested layers included; how to train is left out."""
    if isinstance(config, dict):
        if config.get("class_name") in ("DTypePolicy", "DTypePolicyMap"):
            return "float32"
        return {key: _float32(value) for key, value in config.items() if key != "compile_config"}
    if isinstance(config, list):
        return [_float32(value) for value in config]
    return config
