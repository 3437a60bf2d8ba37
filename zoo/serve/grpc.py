"""TensorFlow Serving's gRPC: `PredictionService` and the state of `ModelService`."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from zoo.errors import ZooError, one_line
from zoo.serve.errors import Refused, Unknown
from zoo.serve.json_tensors import DEFAULT, Request, checked, completed, named
from zoo.serve.metadata import signature_def
from zoo.serve.served import VERSION, Served

_LAST_SECONDS = 10


def beside(served: Served, host: str, port: int) -> Callable[[], Awaitable[Callable[[], Awaitable[None]]]]:
    """Returns what starts a gRPC server in a running loop, and then gives what ends it.

    Args:
        served: the models.
        host: address to listen at.
        port: of it.
    """

    async def start() -> Callable[[], Awaitable[None]]:
        limit = served.limits.body
        server = grpc.aio.server(
            options=[("grpc.max_receive_message_length", limit), ("grpc.so_reuseport", 0)]
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Prediction(served), server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(_State(served), server)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            server.add_insecure_port(address)
        except RuntimeError:
            raise ZooError(f"{address}: cannot be listened at; give another --grpc-port") from None
        await server.start()
        return lambda: server.stop(_LAST_SECONDS)

    return start


_Method = Callable[[Any, Any], Awaitable[Any]]


def _answering(method: _Method) -> Callable[[Any, Any, Any], Awaitable[Any]]:
    """Returns a method that says what it refuses as gRPC does."""

    async def answer(self: Any, request: Any, context: Any) -> Any:
        try:
            return await method(self, request)
        except ZooError as error:
            code = error.code if isinstance(error, Refused) else Refused.code
            await context.abort(grpc.StatusCode[code], one_line(str(error)))

    return answer


class _Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, served: Served):
        self._served = served

    @_answering
    async def Predict(self, request: Any) -> Any:  # noqa: N802 - as it is called there
        spec = request.model_spec
        signatures = self._served.of(spec.name, _version(spec))
        signature = named(spec.signature_name or DEFAULT, signatures, spec.name)
        protos = checked(dict(request.inputs), signature)
        columns = {key: _array(key, proto, signature.inputs[key]) for key, proto in protos.items()}
        if unknown := [key for key in request.output_filter if key not in signature.outputs]:
            raise Refused(f"no output {unknown[0][:100]!r}; there are: {', '.join(signature.outputs)}")
        asked = Request(signature, *completed(columns, signature), by_row=False)
        outputs = await self._served.ask(spec.name, asked)
        answer = predict_pb2.PredictResponse(model_spec=_spec(spec.name, signature.name))
        for key in request.output_filter or outputs:
            answer.outputs[key].CopyFrom(tf.make_tensor_proto(outputs[key]))
        return answer

    @_answering
    async def GetModelMetadata(self, request: Any) -> Any:  # noqa: N802
        spec = request.model_spec
        signatures = self._served.of(spec.name, _version(spec))
        if unknown := [field for field in request.metadata_field if field != "signature_def"]:
            raise Refused(f"no metadata {unknown[0][:100]!r}; there is signature_def")
        described = get_model_metadata_pb2.SignatureDefMap(
            signature_def={name: signature_def(signature) for name, signature in signatures.items()}
        )
        answer = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=_spec(spec.name))
        answer.metadata["signature_def"].Pack(described)
        return answer


class _State(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, served: Served):
        self._served = served

    @_answering
    async def GetModelStatus(self, request: Any) -> Any:  # noqa: N802
        self._served.of(request.model_spec.name, _version(request.model_spec))
        answer = get_model_status_pb2.GetModelStatusResponse()
        answer.model_version_status.add(
            version=VERSION, state=get_model_status_pb2.ModelVersionStatus.State.AVAILABLE
        )
        return answer


def _version(spec: Any) -> int | None:
    if spec.WhichOneof("version_choice") == "version_label":
        raise Unknown(f"no version is labelled {spec.version_label[:100]!r}; leave the label out")
    return spec.version.value if spec.HasField("version") else None


def _spec(name: str, signature: str = "") -> Any:
    spec = model_pb2.ModelSpec(name=name, signature_name=signature)
    spec.version.value = VERSION
    return spec


def _array(key: str, proto: Any, spec: tf.TensorSpec) -> np.ndarray:
    """Reads a tensor.

    Raises:
        Refused: it is of another type or shape.
    """
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if (
        proto.dtype != spec.dtype.as_datatype_enum
        or min(shape, default=0) < 0
        or not spec.shape.is_compatible_with(shape)
    ):
        raise Refused(f"{key} must be {spec.dtype.name} of shape {spec.shape}")
    # A message of a few bytes may speak of any number of values that are all the same.
    if math.prod(shape) > proto.ByteSize():
        raise Refused(f"{key}: {shape} is more than the message holds; send each value")
    return tf.make_ndarray(proto)
