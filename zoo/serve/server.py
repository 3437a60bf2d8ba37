"""A server from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn

from zoo.errors import ZooError
from zoo.serve.protocol import BoundedProtocol

_CONNECTIONS, _OTHER_FILES = 1000, 124
_LAST_SECONDS = 10  # for answers that are under way when the server is told to end


class _Server(uvicorn.Server):
    """uvicorn's, which says when it takes requests, and ends quietly on a signal: that is no failure."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]):
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes requests from its end on."""
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


def serve(
    application: Any,
    bound: socket.socket,
    seconds: float = 30.0,
    ready: Callable[[int], None] = lambda port: None,
    beside: Callable[[], Awaitable[Callable[[], Awaitable[None]]]] | None = None,
) -> None:
    """Serves an ASGI application until SIGINT or SIGTERM; answers that are under way are still given.

    Args:
        application: what answers.
        bound: where, as `bind` gives it; it is closed in the end.
        seconds: for a request to arrive, and for a client to take its answer.
        ready: is told the port, when requests are taken.
        beside: starts what else is to run in the same loop, and returns what ends it.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(_CONNECTIONS, max(1, files - _OTHER_FILES))
    protocol = type("Protocol", (BoundedProtocol,), {"seconds": seconds, "most": most})
    config = uvicorn.Config(
        application, http=protocol, ws="none", lifespan="off", log_level="error", access_log=False,
        server_header=False, proxy_headers=False, date_header=False, timeout_graceful_shutdown=_LAST_SECONDS,
    )  # fmt: skip

    async def run() -> None:
        end = await beside() if beside else None
        try:
            await _Server(config, lambda: ready(bound.getsockname()[1])).serve([bound])
        finally:
            if end:
                await end()

    with contextlib.closing(bound), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


def bind(host: str, port: int) -> socket.socket:
    """Takes a port, so that it is known to be free before what takes long; nobody can connect to it yet.

    Args:
        host: address to listen at.
        port: of it; 0 for one that is free.

    Raises:
        ZooError: it is taken.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        why = os.strerror(error.errno) if error.errno else error
        raise ZooError(f"{host}:{port}: cannot be listened at ({why}); give another --port") from None
    return bound
