"""Requests that no friend would send."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Callable
from typing import Any, NamedTuple


class Hostile(NamedTuple):
    """Bytes on a connection.

    Attributes:
        kind: for reports.
        sent: the bytes.
        then: what comes after them: "wait" for an answer, "half" closes this side first, "leave" goes away.
        allowed: statuses that may come; 0: the connection is closed without one.
    """

    kind: str
    sent: bytes
    then: str = "wait"
    allowed: tuple[int, ...] = (400,)


def post(body: bytes, path: str = "/v1/models/sentiment_tweets:predict", length: int | None = None) -> bytes:
    """Returns a request with a body."""
    told = len(body) if length is None else length
    return b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (path.encode(), told) + body


def _broken(draw: random.Random) -> Hostile:
    whole = json.dumps({"instances": ["a text"], "signature_name": "serving_default"}).encode()
    body = draw.choice(
        (
            whole[: draw.randrange(len(whole))],
            draw.randbytes(draw.randrange(200)),
            b"[" * draw.randrange(1, 200_000),
            b'{"instances": [' + b"9" * 5000 + b"]}",
            b'{"instances": "\xff"}',
            b"null",
            b"\0",
            b'{"a":' * 5000,
        )
    )
    return Hostile("broken JSON", post(body))


def _wrong(draw: random.Random) -> Hostile:
    leaf: Callable[[], Any] = lambda: draw.choice(  # noqa: E731
        (
            1,
            1.5,
            None,
            True,
            {},
            [],
            {"b64": 1},
            {"b64": "?"},
            [["a"]],
            {"text": 3},
            {"other": "a"},
            -(10**30),
        )
    )
    asked = draw.choice(
        (
            {"instances": leaf()},
            {"inputs": leaf()},
            {"instances": [leaf(), "a"]},
            {"instances": ["a", leaf()]},
            {"instances": ["a"], "inputs": ["a"]},
            {"instances": ["a"], "signature_name": leaf() or 7},
            {"inputs": {"text": leaf()}},
            {"inputs": {"text": ["a"], "more": leaf()}},
            leaf(),
            {},
            {"instances": ["a"] * 1025},
        )
    )
    return Hostile("wrong types", post(json.dumps(asked).encode()), "wait", (400, 404, 413))


def _elsewhere(draw: random.Random) -> Hostile:
    path = draw.choice(
        (
            "/",
            "/v1/models/no:predict",
            "/v1/models/../../etc/passwd",
            "/v1/models/sentiment_tweets:classify",
            "/v1/models/sentiment_tweets/versions/9:predict",
            "/%ff%00",
            "/" + "a" * 5000,
            "/v1/models/%2e%2e/metadata",
        )
    )
    verb = draw.choice((b"GET", b"POST", b"DELETE", b"PATCH", b"OPTIONS"))
    return Hostile(
        "elsewhere",
        b"%s %s HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n" % (verb, path.encode()),
        "wait",
        (
            400,
            404,
            405,
        ),
    )


def _large(draw: random.Random) -> Hostile:
    body = b'{"instances": ["' + b"a" * 10_000_000 + b'"]}'
    if draw.random() < 0.5:
        return Hostile("10 MB", post(body), "wait", (413,))
    head = (
        b"POST /v1/models/sentiment_tweets:predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    return Hostile("10 MB in chunks", head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), "wait", (413,))


def _no_http(draw: random.Random) -> Hostile:
    sent = draw.choice(
        (
            draw.randbytes(draw.randrange(1, 300)) + b"\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
            b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            b"GET /\x80 HTTP/1.1\r\nhost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\n" + b"".join(b"x-%d: %s\r\n" % (i, b"y" * 1000) for i in range(200)),
        )
    )
    return Hostile("no HTTP", sent, "wait", (400, 404, 405, 408, 431))


def _slow(draw: random.Random) -> Hostile:
    whole = post(b'{"instances": ["a"]}')
    return Hostile("slow", whole[: draw.randrange(1, len(whole))], "wait", (408,))


def _half(draw: random.Random) -> Hostile:
    if draw.random() < 0.5:
        return Hostile("half-closed", post(b'{"instances": [1]}'), "half", (400,))
    return Hostile("half-closed early", post(b'{"instances": ["a"]}', length=400), "half", (0, 400))


def _gone(draw: random.Random) -> Hostile:
    return Hostile("gone", post(b'{"instances": ["a"]}')[: draw.randrange(200)], "leave", (0,))


_KINDS = (
    (_broken, 30),
    (_wrong, 30),
    (_elsewhere, 15),
    (_no_http, 10),
    (_half, 6),
    (_gone, 5),
    (_slow, 3),
    (_large, 1),
)


def hostile(draw: random.Random) -> Hostile:
    """Returns something that no friend would send."""
    kinds, weights = zip(*_KINDS, strict=True)
    return draw.choices(kinds, weights)[0](draw)


def status_of(port: int, request: Hostile) -> int:
    """Sends it, and returns the status of the answer; 0: there was none."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        with contextlib.suppress(ConnectionError):  # an answer may come before all is sent
            connection.sendall(request.sent)
            if request.then == "leave":
                return 0
            if request.then == "half":
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while b"\r\n" not in answer and (more := connection.recv(4096)):
                answer += more
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0
