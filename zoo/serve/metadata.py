"""What a signature takes and gives, in TensorFlow Serving's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.serve.signatures import Signature

if TYPE_CHECKING:
    import tensorflow as tf

_METHOD = "tensorflow/serving/predict"


def signature_def(signature: Signature) -> Any:
    """Returns a signature as TensorFlow's message `SignatureDef`."""
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

    return SignatureDef(
        inputs={
            key: _tensor_info(f"{signature.name}_{key}:0", spec) for key, spec in signature.inputs.items()
        },
        outputs={key: _tensor_info(f"{key}:0", spec) for key, spec in signature.outputs.items()},
        method_name=_METHOD,
    )


def _tensor_info(name: str, spec: tf.TensorSpec) -> Any:
    from tensorflow.core.protobuf.meta_graph_pb2 import TensorInfo

    return TensorInfo(name=name, dtype=spec.dtype.as_datatype_enum, tensor_shape=spec.shape.as_proto())
