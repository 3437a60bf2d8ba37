"""A page for people, over the models of a server."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import math
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from zoo import metrics
from zoo.errors import ZooError
from zoo.models import Saved, recipes_file
from zoo.serve.errors import Refused, Unknown
from zoo.serve.rest import body_of
from zoo.serve.served import Served
from zoo.tasks import of

_FILES = Path(__file__).parent / "page_files"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    # Nothing from elsewhere, and nothing that a text might smuggle in.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src data:; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_FIGURES = 1  # of a model's test scores
_MOST_WRITTEN, _LONGEST_PROMPT = 20_000, 20_000  # units and characters: each takes a step
_SECONDS = 0.04  # of pieces that go to the page together


def routes(served: Served, offered: Mapping[str, Saved]) -> list[BaseRoute]:
    """Returns what the page consists of, and what it asks.

    Args:
        served: the models that are loaded; it loads more.
        offered: name -> model that the page shows.
    """
    page = _Page(served, offered)
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
    def __init__(self, served: Served, offered: Mapping[str, Saved]):
        overview = _overview()
        self._served, self._offered = served, offered
        self._about = [about(saved, overview.get(name, {})) for name, saved in offered.items()]

    async def models(self, asked: Request) -> Response:
        """Tells what the page says of each model."""
        return JSONResponse({"models": self._about})

    async def answer(self, asked: Request) -> Response:
        """Answers `{"inputs": [...], "signature": "", ...settings}` with the rows of `predict`."""
        model, given = await self._asked(asked)
        inputs, signature = given.pop("inputs", None), given.pop("signature", "")
        most = self._served.limits.rows
        if not isinstance(inputs, list) or not 1 <= len(inputs) <= most:
            raise Refused(f'"inputs" must be a list of 1 to {most:,}')
        if not all(isinstance(value, str) for value in inputs) or not isinstance(signature, str):
            raise Refused('"inputs" must be strings, and "signature" one')
        settings = _settings(given, model)
        return JSONResponse({"rows": await self._served.run(_predicted, model, inputs, signature, settings)})

    async def stream(self, asked: Request) -> Response:
        """Answers `{"prompt": "...", ...settings}` with what a generator writes, as it does."""
        model, given = await self._asked(asked)
        prompt = given.pop("prompt", "")
        if not isinstance(prompt, str) or len(prompt) > _LONGEST_PROMPT:
            raise Refused(f'"prompt" must be a string of at most {_LONGEST_PROMPT:,} characters')
        pieces = await self._served.run(_stream, model, prompt, _settings(given, model))
        written = _as_written(pieces, self._served.run)
        return StreamingResponse(written, media_type="text/plain; charset=utf-8")

    async def _asked(self, asked: Request) -> tuple[Any, dict[str, Any]]:
        """Returns the model, and what it was given."""
        name = asked.path_params["model"]
        if name not in self._offered:
            raise Unknown(f"no model {name[:100]!r} on this page; there are: {', '.join(self._offered)}")
        async with body_of(asked, self._served) as body:
            try:
                given = json.loads(body)
            except (ValueError, RecursionError):
                raise Refused("the body is no JSON; send an object") from None
        if not isinstance(given, dict):
            raise Refused("the body is no object; send one")
        return await self._served.loaded(self._offered[name]), given


def _settings(given: Mapping[str, Any], model: Any) -> dict[str, float]:
    """Returns what is left of a request, as settings of a generator."""
    known = model.manifest.defaults
    for name, value in given.items():
        if name not in known:
            what = f"takes {', '.join(known)}" if known else "takes no settings"
            raise Refused(f"{name[:50]!r} is no setting of {model.name}, which {what}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise Refused(f"{name[:50]!r} must be a number")
    if given.get("length", 0) > _MOST_WRITTEN:
        raise Refused(f"length must be at most {_MOST_WRITTEN:,}; go on from what was written")
    return dict(given)


def _predicted(model: Any, inputs: list[str], signature: str, settings: Mapping[str, float]) -> list[Any]:
    with _READ[model.task.reads](inputs) as read:
        rows: list[Any] = model.predict(read, signature, **settings)
    return rows


@contextlib.contextmanager
def _texts(inputs: list[str]) -> Iterator[Sequence[str]]:
    yield inputs


@contextlib.contextmanager
def _files(inputs: list[str]) -> Iterator[Sequence[bytes]]:
    """Yields files that came as base64."""
    try:
        yield [base64.b64decode(value, validate=True) for value in inputs]
    except binascii.Error:
        raise Refused("a file must come as base64") from None


@contextlib.contextmanager
def _tables(inputs: list[str]) -> Iterator[Sequence[Path]]:
    """Yields files of tables that came as text; messages name them without their folder."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(inputs):
            kind = "tsv" if "\t" in text.partition("\n")[0] else "csv"
            paths.append(Path(folder) / f"table {number + 1}.{kind}")
            paths[-1].write_text(text, encoding="utf-8", errors="replace")
        try:
            yield paths
        except ZooError as error:
            raise Refused(str(error).replace(f"{folder}/", "")) from None


_READ: dict[str, Callable[[list[str]], contextlib.AbstractContextManager[Sequence[Any]]]] = {
    "texts": _texts,
    "pictures": _files,
    "series": _tables,
    "signals": _tables,
    "files": _files,
}


def _stream(model: Any, prompt: str, settings: Mapping[str, float]) -> Iterator[str]:
    pieces: Iterator[str] = model.stream(prompt, **settings)
    return pieces


async def _as_written(pieces: Iterator[str], run: Callable[..., Awaitable[str]]) -> AsyncIterator[str]:
    """Yields what is written until the client goes away: then nobody asks for more."""
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
    manifest = saved.manifest
    task, score = of(manifest), manifest.metrics.get("test")
    return {
        "name": saved.name,
        "mapping": manifest.mapping,
        "shape": overview.get("shape", ""),
        "drawing": overview.get("drawing", ""),
        "what": overview.get("what", ""),
        "reads": task.reads,
        "labels": list(manifest.labels),
        "languages": list(manifest.dataset.languages),
        "settings": dict(manifest.defaults),
        "signatures": sorted(manifest.signatures),
        "series": manifest.own.get("series", {}),
        "channels": manifest.own.get("signals", {}).get("channels", []),
        "sound": manifest.config.get("reads") == "sound",
        "frames": manifest.config.get("frames", 1),
        "window": manifest.config.get("window", 0),
        "style": manifest.config.get("style", ""),
        "level": manifest.config.get("level", ""),
        "scores": metrics.listed(score.figures, _FIGURES) if score else {},
        "data": {"name": manifest.dataset.name, "licence": manifest.dataset.licence},
        "examples": [
            {"name": name, "given": given if isinstance(given, str) else base64.b64encode(given).decode()}
            for name, given in task.to_try(manifest)
        ],
    }


def _overview() -> dict[str, Any]:
    """Returns model -> what `recipes/overview.toml` says of it and of the shape of its mapping."""
    file = recipes_file("overview.toml")
    told = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    return {
        name: {**model, "shape": shape, "drawing": entries["drawing"]}
        for shape, entries in told.items()
        for name, model in entries.items()
        if name != "drawing"
    }
