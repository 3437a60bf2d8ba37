"""Networks as ONNX: what is computed with numbers, without a string in it."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo import export
from zoo.errors import ZooError

_OPSET = 18
_GATES = {"lstm": 4, "gru": 3}
# Where each of ONNX's gates stands among those that cuDNN has: input, output, forget, candidate of an LSTM;
# update, reset, candidate of a GRU.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}


def for_converter(model: keras.Model) -> keras.Model:
    """Clones a model into one whose recurrent layers are single operations, for `write`."""
    clone = export.portable(model)
    for layer in export.recurrent_layers(clone):
        layer.use_cudnn = layer.converted = True
    return clone


def specs_of(model: keras.Model) -> list[tf.TensorSpec]:
    """Returns what a model takes, by name."""
    return [tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs]


def write(
    path: Path, function: Callable[..., Mapping[str, tf.Tensor]], specs: Sequence[tf.TensorSpec]
) -> None:
    """Writes a function of tensors as an ONNX model, with their names.

    Args:
        path: of the file.
        function: takes tensors in the order of the specs, and gives tensors by name.
        specs: with names.

    Raises:
        ZooError: tf2onnx is not installed, or cannot convert it.
    """
    try:
        import tf2onnx
    except ImportError:
        raise ZooError('convert: needs tf2onnx and onnxruntime; pip install "sequence-zoo[edge]"') from None

    traced = tf.function(function, input_signature=list(specs), autograph=False)
    with _quiet("tf2onnx", "tensorflow"):  # of tables, which no network has
        model, _ = tf2onnx.convert.from_function(
            traced,
            input_signature=list(specs),
            opset=_OPSET,
            custom_op_handlers={"CudnnRNNV3": (_recurrent, []), "UniqueV2": (_distinct, [])},
        )
    path.write_bytes(model.SerializeToString())
    _check_that_it_loads(path)


def _check_that_it_loads(path: Path) -> None:
    import onnxruntime

    try:
        onnxruntime.InferenceSession(path)
    except Exception as error:  # of a kind that its own C code makes
        raise ZooError(f"convert: ONNX has no such network ({str(error).splitlines()[0][:200]})") from None


@contextlib.contextmanager
def _quiet(*names: str) -> Iterator[None]:
    """Within it, loggers tell of errors alone."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def quantize(path: Path) -> None:
    """Rounds the weights of a written model to 8 bits, and computes with them (dynamic quantisation)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        rounded = Path(folder) / path.name
        with _quiet("root"):
            quantize_dynamic(path, rounded, weight_type=QuantType.QInt8)
        shutil.move(rounded, path)


def _recurrent(graph: Any, node: Any, name: str, _: Any) -> None:
    """Replaces a kernel of cuDNN by the layer of ONNX that computes the same."""
    inputs, first_h, first_c, packed, lengths = node.input
    mode = node.get_attr_value("rnn_mode")
    mode = mode.decode() if isinstance(mode, bytes) else mode
    weights = graph.get_node_by_output(packed)
    if not weights.is_const():
        raise ZooError(f"convert: the weights of {name} are not constant")
    features, units = graph.get_shape(inputs)[2], graph.get_shape(first_h)[2]
    parts = unpacked(mode, weights.get_tensor_value(as_list=False), features, units)

    def made(kind: str, given: Sequence[str], **options: Any) -> Any:
        return graph.make_node(kind, list(given), **options)

    def time_first(tensor: str) -> str:
        return made("Transpose", [tensor], attr={"perm": [1, 0, 2]}).output[0]

    constants = [
        graph.make_const(f"{name}_{part}", array[None].astype(np.float32)).output[0]
        for part, array in zip("WRB", parts, strict=True)
    ]
    lstm = mode == "lstm"
    states = [time_first(first_h), *([time_first(first_c)] if lstm else [])]
    layer = made(
        mode.upper(),
        [time_first(inputs), *constants, lengths, *states],
        attr={"hidden_size": units, **({} if lstm else {"linear_before_reset": 1})},
        output_count=3 if lstm else 2,
    )
    axis = graph.make_const(f"{name}_axis", np.array([1], np.int64)).output[0]
    steps = time_first(made("Squeeze", [layer.output[0], axis]).output[0])
    found = [steps, *(time_first(state) for state in layer.output[1:])]
    old = list(node.output)
    graph.remove_node(node.name)
    for before, after in zip(old, found, strict=False):
        graph.replace_all_inputs(before, after)


def _distinct(graph: Any, node: Any, name: str, _: Any) -> None:
    """Replaces what finds distinct rows by ONNX's own, which wants 64 bits."""

    def cast(tensor: str, kind: int) -> str:
        return graph.make_node("Cast", [tensor], attr={"to": kind}).output[0]

    from onnx import TensorProto

    wide = cast(node.input[0], TensorProto.INT64)
    rows, _, places, _ = graph.make_node("Unique", [wide], attr={"axis": 0}, output_count=4).output
    found = [cast(tensor, TensorProto.INT32) for tensor in (rows, places)]
    old = list(node.output)
    graph.remove_node(node.name)
    for before, after in zip(old, found, strict=True):
        graph.replace_all_inputs(before, after)


def unpacked(
    mode: str, packed: np.ndarray, features: int, units: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns W, R and B of a layer of ONNX, from what `zoo.layers.cudnn.packed` made.

    Args:
        mode: `"lstm"` or `"gru"`.
        packed: the weights, one after another.
        features: of its inputs.
        units: of its state.
    """
    gates = _GATES[mode] * units
    sizes = [gates * features, gates * units, gates, gates]
    kernel, recurrent, *biases = np.split(packed, np.cumsum(sizes)[:-1])
    order = np.concatenate([np.arange(gate * units, (gate + 1) * units) for gate in _ORDER[mode]])
    return (
        kernel.reshape(gates, features)[order],
        recurrent.reshape(gates, units)[order],
        np.concatenate([bias[order] for bias in biases]),
    )
