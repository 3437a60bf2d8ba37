"""A server in a process of its own, as tests start it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT = 5.0


def awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine in a thread of its own: in that of the tests a browser's loop may be running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class Server(NamedTuple):
    """A server that answers.

    Attributes:
        process: it.
        port: of REST.
        grpc_port: of gRPC.
    """

    process: subprocess.Popen[str]
    port: int
    grpc_port: int

    def ask(
        self, path: str, body: Any = None, method: str | None = None, seconds: float = 60
    ) -> tuple[int, Any]:
        """Returns the status and what the JSON of the answer says."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", content, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def resident(self) -> float:
        """Returns the megabytes of memory that the process holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6


@contextlib.contextmanager
def serving(*names: str, flags: tuple[str, ...] = ("--timeout", str(TIMEOUT))) -> Iterator[Server]:
    """Starts a server of models, and ends it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        grpc_port = free.getsockname()[1]
    with started("serve", *names, "--grpc-port", str(grpc_port), *flags) as server:
        yield server._replace(grpc_port=grpc_port)


@contextlib.contextmanager
def started(command: str, *arguments: str) -> Iterator[Server]:
    """Starts a command that serves at a free port, which its first line tells, and ends it."""
    program = [sys.executable, "-m", "zoo", command, *arguments, "--port", "0"]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline()
        assert "http://127.0.0.1:" in first, (first, process.wait(60))
        yield Server(process, int(first.split("http://127.0.0.1:")[1].split("/")[0]), 0)
    finally:
        process.kill()
        process.wait()
