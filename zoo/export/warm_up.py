"""Requests by which TensorFlow Serving warms a model up, so that the first that asks need not wait."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

WARM_UP = "assets.extra/tf_serving_warmup_requests"
"""Where TensorFlow Serving looks for them, in a model's folder."""


def write_requests(directory: Path, name: str, given: Mapping[str, Mapping[str, tf.Tensor]]) -> None:
    """Writes a request to each signature, of two rows at most: a TFRecord of `PredictionLog`.

    Args:
        directory: the SavedModel.
        name: of the model.
        given: signature -> name -> tensor (batch, ...), of which the first and the last row are asked.
    """
    path = directory / WARM_UP
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as file:
        for signature, tensors in sorted(given.items()):
            few = {key: tf.concat([rows[:1], rows[1:][-1:]], axis=0) for key, rows in tensors.items()}
            file.write(_prediction_log(name, signature, few))


def _prediction_log(name: str, signature: str, tensors: Mapping[str, tf.Tensor]) -> bytes:
    """Returns what `tensorflow_serving.apis` would, which is too large to depend on for so little."""
    model_spec = _field(1, name.encode()) + _field(3, signature.encode())
    request = _field(1, model_spec)
    for key, tensor in sorted(tensors.items()):
        value = tf.make_tensor_proto(tensor).SerializeToString(deterministic=True)
        request += _field(2, _field(1, key.encode()) + _field(2, value))  # an entry of the map `inputs`
    predict_log = _field(1, request)
    return _field(6, predict_log)


def _field(number: int, content: bytes) -> bytes:
    """Returns a field of a protocol buffer that is a string, bytes or a message; `number` is below 16."""
    written, left = bytearray([number << 3 | 2]), len(content)
    while left > 127:  # seven bits a byte, the lowest first; the eighth says that more follow
        written.append(left & 127 | 128)
        left >>= 7
    return bytes([*written, left]) + content
