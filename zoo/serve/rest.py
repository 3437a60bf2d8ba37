"""TensorFlow Serving's REST as an ASGI application.

The interface: https://www.tensorflow.org/tfx/serving/api_rest
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from zoo.errors import ZooError, one_line
from zoo.serve import json_tensors
from zoo.serve.errors import Refused, TooLarge, Unknown
from zoo.serve.metadata import signature_def
from zoo.serve.served import VERSION, Served

_MODEL = "/v1/models/{model}"
_VERSION = _MODEL + "/versions/{version:int}"


def application(served: Served, further: Sequence[BaseRoute] = ()) -> Starlette:
    """Returns the application.

    Args:
        served: the models.
        further: what else is to be found, such as a page.
    """
    routes: list[BaseRoute] = []
    for place in (_MODEL, _VERSION):
        routes += [
            Route(f"{place}:predict", _counted(served, _predict), methods=["POST"]),
            Route(f"{place}/metadata", _counted(served, _metadata)),
            Route(f"{place}:{{verb}}", _counted(served, _no_verb), methods=["POST"]),
            Route(place, _counted(served, _status)),
        ]
    routes += [
        Route("/v1/models", lambda asked: _json({"models": list(served.models)})),
        Route("/health", lambda asked: _json({"state": "AVAILABLE"})),
        *(
            Route(
                path, lambda asked: Response(served.metrics.written(), media_type=served.metrics.content_type)
            )
            for path in ("/metrics", "/monitoring/prometheus/metrics")
        ),
    ]
    handlers: Any = {ZooError: _refused, HTTPException: _not_found, Exception: _failed}
    return Starlette(routes=[*routes, *further], exception_handlers=handlers)


_Handler = Callable[[Asked, Served, str], Awaitable[Response]]


def _counted(served: Served, handler: _Handler) -> Callable[[Asked], Awaitable[Response]]:
    """Returns a handler that is told the models and the one that is asked, and whose answers are counted."""

    async def answer(asked: Asked) -> Response:
        began = time.perf_counter()
        model = asked.path_params["model"]
        try:
            served.of(model, asked.path_params.get("version"))
            response = await handler(asked, served, model)
        except ZooError as error:
            response = _refused(asked, error)
        except ClientDisconnect:
            response = Response(status_code=499)  # which nobody reads
        if model in served.models:
            served.metrics.answered(model, response.status_code, time.perf_counter() - began)
        return response

    return answer


async def _predict(asked: Asked, served: Served, model: str) -> Response:
    async with body_of(asked, served) as body:
        request = json_tensors.read(body, served.signatures[model], model)
        outputs = await served.ask(model, request)
    return Response(json_tensors.written(outputs, request), media_type="application/json")


async def _status(asked: Asked, served: Served, model: str) -> Response:
    status = {"error_code": "OK", "error_message": ""}
    return _json(
        {"model_version_status": [{"version": str(VERSION), "state": "AVAILABLE", "status": status}]}
    )


async def _metadata(asked: Asked, served: Served, model: str) -> Response:
    signatures = {
        name: MessageToDict(
            signature_def(signature),
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for name, signature in served.signatures[model].items()
    }
    spec = {"name": model, "signature_name": "", "version": str(VERSION)}
    return _json({"model_spec": spec, "metadata": {"signature_def": {"signature_def": signatures}}})


async def _no_verb(asked: Asked, served: Served, model: str) -> Response:
    raise Refused(f":{asked.path_params['verb'][:50]} is not served; ask with :predict")


@contextlib.asynccontextmanager
async def body_of(asked: Asked, served: Served) -> AsyncIterator[bytes]:
    """Reads the body of a request, for which there is room as long as it is held.

    Raises:
        TooLarge: it has more bytes than are read.
        Busy: bodies of others take up all the room.
    """
    most, room, taken = served.limits.body, served.bodies, 0
    told = asked.headers.get("content-length", "")
    parts: list[bytes] = []
    try:
        _check_size(int(told) if told.isdecimal() and len(told) < 20 else 0, most)
        async for part in asked.stream():
            _check_size(taken + len(part), most)
            room.take(len(part))
            taken += len(part)
            parts.append(part)
        yield b"".join(parts)
    finally:
        room.give(taken)


def _check_size(many: int, most: int) -> None:
    if many > most:
        raise TooLarge(f"the body has more than {most:,} bytes; send less at a time")


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(value), status, headers, media_type="application/json")


def _refused(asked: Asked, error: Exception) -> Response:
    refused = error if isinstance(error, Refused) else Refused(one_line(str(error)))
    headers = {"retry-after": str(refused.retry_after)} if refused.retry_after else {}
    return _json({"error": one_line(str(refused))}, refused.status, headers)


def _not_found(asked: Asked, error: HTTPException) -> Response:
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        said = f"{asked.method} is not for this address; use {allowed}"
        return _json({"error": said}, 405, dict(error.headers or {}))
    return _refused(asked, Unknown("nothing is here; models are at /v1/models"))


def _failed(asked: Asked, error: Exception) -> Response:
    return _json({"error": f"a fault of the server ({type(error).__name__}); its log says more"}, 500)
