"""A page for people, over the models of a server."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from zoo.data.packages import files_of
from zoo.models import Saved, recipes_file
from zoo.serve.errors import Refused, Unknown
from zoo.serve.rest import body_of
from zoo.serve.served import Served

_FILES = Path(__file__).parent / "page_files"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    # Nothing from elsewhere, and nothing that a text might smuggle in.
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_LINES = 121  # of an example that is a table: its heading, and what a forecaster looks back on
_SECONDS = 0.04  # of pieces that go to the page together


def routes(served: Served, saved: Mapping[str, Saved]) -> list[BaseRoute]:
    """Returns what the page consists of, and what it asks.

    Args:
        served: the models that are loaded, and loads more.
        saved: name -> model that the page offers.
    """
    page = _Page(served, saved)
    return [
        Route("/", lambda asked: _file("index.html")),
        Route("/page/{name}", lambda asked: _file(asked.path_params["name"])),
        Route("/zoo/models", page.models),
        Route("/zoo/models/{model}", page.answer, methods=["POST"]),
        Route("/zoo/models/{model}/stream", page.stream, methods=["POST"]),
    ]


def _file(name: str) -> Response:
    path = _FILES / name
    if path.suffix not in _KINDS or path.parent != _FILES or not path.is_file():
        raise Unknown(f"no file {name[:100]!r}")
    return FileResponse(path, media_type=_KINDS[path.suffix], headers=_HEADERS)


class _Page:
    def __init__(self, served: Served, saved: Mapping[str, Saved]):
        self._served, self._saved = served, saved
        self._about = [about(model, _overview().get(name, {})) for name, model in saved.items()]

    async def models(self, asked: Request) -> Response:
        return JSONResponse({"models": self._about})

    async def answer(self, asked: Request) -> Response:
        """Answers `{"inputs": [...], "signature": "", ...settings}` with the rows of `predict`."""
        model, given = await self._asked(asked)
        inputs, signature = given.pop("inputs", None), given.pop("signature", "")
        if not isinstance(inputs, list) or not inputs or len(inputs) > self._served.limits.rows:
            raise Refused(f'"inputs" must be a list of 1 to {self._served.limits.rows:,}')
        rows = await self._served.run(predicted, model, inputs, str(signature), given)
        return JSONResponse({"rows": rows})

    async def stream(self, asked: Request) -> Response:
        """Answers `{"prompt": "...", ...settings}` with what a generator writes, as it does."""
        model, given = await self._asked(asked)
        prompt = given.pop("prompt", "")
        pieces = await self._served.run(_stream, model, str(prompt), given)
        return StreamingResponse(
            _as_written(pieces, self._served.run), media_type="text/plain; charset=utf-8"
        )

    async def _asked(self, asked: Request) -> tuple[Any, dict[str, Any]]:
        name = asked.path_params["model"]
        if name not in self._saved:
            raise Unknown(f"no model {name[:100]!r} on this page; there are: {', '.join(self._saved)}")
        async with body_of(asked, self._served) as body:
            try:
                given = json.loads(body)
            except (ValueError, RecursionError):
                raise Refused("the body is no JSON") from None
        if not isinstance(given, dict):
            raise Refused("the body must be an object")
        return await self._served.loaded(self._saved[name]), given


def predicted(
    model: Any, inputs: list[Any], signature: str, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Asks a model with what came as JSON: of pictures their base64, of a table its text.

    Raises:
        ZooError: as `Model.predict`, or an input is none of that kind.
    """
    if not all(isinstance(value, str) for value in inputs):
        raise Refused("inputs must be strings")
    if model.task.reads == "pictures":
        return model.predict([_picture(value) for value in inputs], signature, **settings)
    if model.task.reads != "series":
        return model.predict(inputs, signature, **settings)
    with tempfile.TemporaryDirectory() as folder:
        tables = []
        for number, text in enumerate(inputs):
            suffix = ".tsv" if "\t" in text.partition("\n")[0] else ".csv"
            tables.append(Path(folder) / f"table {number + 1}{suffix}")
            tables[-1].write_text(text, encoding="utf-8", errors="replace")
        try:
            return model.predict(tables, signature, **settings)
        except Refused:
            raise
        except Exception as error:
            raise Refused(str(error).replace(f"{folder}/", "")) from None


def _picture(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("a picture must come as base64") from None


def _stream(model: Any, prompt: str, settings: Mapping[str, Any]) -> Iterator[str]:
    pieces: Iterator[str] = model.stream(prompt, **settings)
    return pieces


async def _as_written(pieces: Iterator[str], run: Callable[..., Awaitable[str]]) -> AsyncIterator[str]:
    while text := await run(_some, pieces):
        yield text


def _some(pieces: Iterator[str]) -> str:
    """Returns what is written in a moment; nothing at the end."""
    until, text = time.perf_counter() + _SECONDS, ""
    for piece in pieces:
        text += piece
        if time.perf_counter() > until:
            break
    return text


def about(saved: Saved, overview: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the page says of a model.

    Args:
        saved: it.
        overview: what `recipes/overview.toml` says of it.
    """
    from zoo.tasks import of

    manifest = saved.manifest
    task = of(manifest)
    return {
        "name": saved.name,
        "mapping": manifest.mapping,
        "drawing": overview.get("drawing", ""),
        "what": overview.get("what", ""),
        "reads": task.reads,
        "labels": list(manifest.labels),
        "settings": dict(manifest.defaults),
        "signatures": sorted(manifest.signatures),
        "own": dict(manifest.own),
        "code": manifest.config.get("style") == "code",
        "data": {"name": manifest.dataset.name, "licence": manifest.dataset.licence},
        "examples": list(_examples(overview.get("examples", ()), task.reads)),
    }


def _examples(told: Sequence[str], reads: str) -> Iterator[dict[str, str]]:
    """Yields name and value of what overview.toml offers to try: texts, or files of packages."""
    for example in told:
        if reads == "texts":
            yield {"name": example, "value": example}
            continue
        package, _, name = example.partition("/")
        for file in files_of(package):
            if file.name == name:
                content = Path(str(file.locate())).read_bytes()
                yield {"name": name, "value": _as_given(content, reads)}


def _as_given(content: bytes, reads: str) -> str:
    if reads == "pictures":
        return base64.b64encode(content).decode()
    head, *lines = content.decode("utf-8").splitlines()
    return "\n".join([head, *lines[1 - _LINES :]]) + "\n"


def _overview() -> dict[str, Any]:
    """Returns model -> what `recipes/overview.toml` says of it, and the drawing of its mapping."""
    file = recipes_file("overview.toml")
    told = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    named = (
        (name, {**model, "drawing": m["drawing"]})
        for m in told.values()
        for name, model in m.items()
        if name != "drawing"
    )
    return dict(itertools.chain(named))
