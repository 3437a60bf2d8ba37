"""HTTP as uvicorn reads it, with a bound on what a client may make it wait for or hold."""

from __future__ import annotations

import asyncio
import http
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = 64 * 1024  # bytes: what other servers read of a request's first lines


class BoundedProtocol(HttpToolsProtocol):
    """A connection that ends when a request does not arrive in time, or its answer is not taken.

    uvicorn waits for ever for the rest of a request, and keeps headers of any length.

    Attributes:
        seconds: for a request to arrive, and for a client to take its answer.
        most: connections at a time.
    """

    seconds = 30.0
    most = 1000
    _timer: asyncio.TimerHandle | None = None
    _head = 0  # bytes of headers that are not complete
    _in_head = True
    _had_all = False  # whether headers or a body were completed by what came last

    def connection_made(self, transport: Any) -> None:
        """Waits for a first request."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            self._refuse(503, f"{self.most:,} connections are open already; try again later")

    def connection_lost(self, error: Exception | None) -> None:
        """Waits no longer."""
        self._stop()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Reads on."""
        if self._timer is None:
            self._wait()
        self._had_all = False
        super().data_received(data)
        if self._in_head:
            self._head = 0 if self._had_all else self._head + len(data)
            if self._head > _HEAD:
                self._refuse(431, "the request's headers are too large; send less")

    def on_headers_complete(self) -> None:
        """The body comes next."""
        self._had_all, self._in_head = True, False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here; what it came with is none of the next one's headers."""
        self._had_all, self._in_head = True, True
        self._stop()
        super().on_message_complete()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """A client that has said all it wants to say still gets its answer."""
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            return None
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        super().pause_writing()
        self._wait()

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._stop()

    def send_400_response(self, msg: str) -> None:
        """Says in JSON, like all errors, that this is no HTTP."""
        self._refuse(400, "this is no request of HTTP/1.1; send one")

    def _wait(self) -> None:
        self._stop()
        self._timer = self.loop.call_later(self.seconds, self._late)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        began = self._head or (self.cycle is not None and self.cycle.more_body)
        if not began or (self.cycle is not None and self.cycle.response_started):
            self.transport.abort()
        else:
            self._refuse(408, f"the request did not arrive within {self.seconds:g} s; send it faster")

    def _refuse(self, status: int, message: str) -> None:
        if self.transport.is_closing():
            return
        body = json.dumps({"error": message}).encode()
        lines = [
            f"HTTP/1.1 {status} {http.HTTPStatus(status).phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
            *(["retry-after: 1"] if status == http.HTTPStatus.SERVICE_UNAVAILABLE else []),
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()
