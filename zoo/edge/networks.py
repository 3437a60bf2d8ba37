"""Networks as ONNX, or for LiteRT: what is computed with numbers, without a string in it."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from zoo import export, layers
from zoo.errors import ZooError

To = Literal["onnx", "litert"]
SUFFIXES = {"onnx": ".onnx", "litert": ".tflite"}
_WAYS: dict[str, Literal["kernel", "loop"]] = {"onnx": "kernel", "litert": "loop"}
_SIGNATURE = "numbers"
_OPSET = 18
_GATES = {"lstm": 4, "gru": 3}
# Where each of ONNX's gates stands among those that cuDNN has: input, output, forget, candidate of an LSTM;
# update, reset, candidate of a GRU.
_ORDER = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}


def for_converter(model: keras.Model, to: To) -> keras.Model:
    """Clones a model into one that `write` can convert."""
    clone = export.portable(model)
    for layer in clone._flatten_layers():
        if hasattr(layer, "converted"):
            layer.converted = _WAYS[to]
        if isinstance(layer, keras.layers.RNN):
            layer.use_cudnn = to == "onnx"  # what it then finds is a layer of ONNX
        if isinstance(layer, layers.CharacterRNN) and to == "litert":
            # Its rows are as many as there are words: LiteRT has loops over one row alone.
            for way in (layer.both_ways.forward_layer, layer.both_ways.backward_layer):
                way.unroll = True
    return clone


def specs_of(model: keras.Model) -> list[tf.TensorSpec]:
    """Returns what a model takes, by name."""
    return [tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs]


def write(
    to: To,
    path: Path,
    function: Callable[..., Mapping[str, tf.Tensor]],
    specs: Sequence[tf.TensorSpec],
    variables: Sequence[Any],
    int8: bool,
) -> None:
    """Writes a function of tensors as a network, with their names.

    Args:
        to: what it becomes: ONNX takes any number of rows, LiteRT one.
        path: of the file, to which the suffix is added.
        function: takes tensors in the order of the specs, and gives tensors by name.
        specs: with names.
        variables: that it reads.
        int8: whether weights are rounded to 8 bits, and products computed with them.

    Raises:
        ZooError: what converts is not installed, or cannot convert it.
    """
    try:
        if to == "onnx":
            import onnxruntime  # noqa: F401 - which opens what is written
            import tf2onnx  # noqa: F401
        else:
            import ai_edge_litert  # noqa: F401
    except ImportError as error:
        raise ZooError(f'convert: {error.name} is not installed; pip install "sequence-zoo[edge]"') from None
    file = path.with_suffix(SUFFIXES[to])
    with _quiet("tf2onnx", "tensorflow", "absl", "root"):  # of tables, which no network has
        if to == "onnx":
            _write_onnx(file, function, specs, int8)
        else:
            _write_litert(file, function, specs, variables, int8)


def _write_onnx(file: Path, function: Callable[..., Any], specs: Sequence[tf.TensorSpec], int8: bool) -> None:
    import tf2onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    traced = tf.function(function, input_signature=list(specs), autograph=False)
    model, _ = tf2onnx.convert.from_function(
        traced,
        input_signature=list(specs),
        opset=_OPSET,
        custom_op_handlers={"CudnnRNNV3": (_recurrent, [])},
    )
    file.write_bytes(model.SerializeToString())
    _check_that_it_loads(file)
    if int8:
        with tempfile.TemporaryDirectory() as folder:
            rounded = Path(folder) / file.name
            quantize_dynamic(file, rounded, weight_type=QuantType.QInt8)
            shutil.move(rounded, file)


def _write_litert(
    file: Path,
    function: Callable[..., Any],
    specs: Sequence[tf.TensorSpec],
    variables: Sequence[Any],
    int8: bool,
) -> None:
    one_row = [tf.TensorSpec([1, *spec.shape[1:]], spec.dtype, spec.name) for spec in specs]
    module = tf.Module()
    module.variables_ = [variable.value for variable in variables]  # as TensorFlow knows them
    module.run = tf.function(function, input_signature=one_row, autograph=False)
    # By itself a traced function is converted with its tensors in another order.
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={_SIGNATURE: module.run})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[_SIGNATURE])
        if int8:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        try:
            file.write_bytes(converter.convert())
        except Exception as error:  # of a kind that its own C code makes
            raise ZooError(f"convert: LiteRT has no such network ({str(error)[:200]})") from None


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
