"""python -m zoo launch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

import tyro

from zoo.cli.parse import DEBUG, one_line_errors
from zoo.errors import ZooError

_CONTINUES = "the same command continues where the last whole epoch ended"
_PATIENCE = 20.0  # seconds for the others to say themselves that one is gone


@dataclass(frozen=True)
class Launch:
    """Trains a recipe by several processes on this machine, as several machines would.

    Each of them takes its share of every batch, and all take the same step; worker 0 writes, evaluates and
    exports. On several machines run the recipe itself on each, with --strategy workers, and with TF_CONFIG in
    the environment, as TensorFlow documents it: who all are, and which of them this one is.
    """

    command: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Recipe, or a copy of one, and its flags, behind --: -- sentiment --epochs 3, or -- mine.py."""
    workers: int = 2
    """How many processes."""

    def run(self) -> None:
        """Starts them, and waits for all."""
        if not 1 <= self.workers <= 64:
            raise ZooError(f"--workers {self.workers}: must be at least 1 and at most 64")
        program = _program(self.command)
        processes: list[subprocess.Popen[bytes]] = []
        with one_line_errors(_CONTINUES), _ended(processes):
            for number, place in enumerate(_places(self.workers)):
                processes.append(_started(program, place))
                if number:
                    _tell(processes[-1], number)
            failed = _waited(processes)
            if failed is not None:
                print(flush=True)  # behind the progress bar, which ends no line
                raise ZooError(f"worker {failed} {_ending(processes[failed])}")


class _Stopped(KeyboardInterrupt):
    """Somebody has asked this process alone to end."""


@contextlib.contextmanager
def _ended(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Leaves none of the processes behind, whatever ends this one."""

    def end(number: int, frame: Any) -> None:
        raise _Stopped

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            if number := getattr(signal, name, None):  # not each system has them all
                signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if isinstance(interrupt, _Stopped):  # Ctrl-C has reached them by itself
            for process in processes:
                process.send_signal(signal.SIGINT)
        _waited(processes)  # until what one is writing is whole
        raise
    finally:
        for process in processes:
            process.kill()  # those that are still there
        for process in processes:
            process.wait()


def _program(command: Sequence[str]) -> list[str]:
    """Returns what each worker runs."""
    if not command:
        raise ZooError("launch: give a recipe and its flags behind --, as in: launch -- sentiment --epochs 3")
    import zoo.recipes

    recipe, *flags = command
    known = zoo.recipes.names()
    if any(flag.split("=")[0] == "--strategy" for flag in flags):
        raise ZooError("--strategy: is workers here; leave it out")
    if recipe.endswith(".py"):
        if not Path(recipe).is_file():
            raise ZooError(f"{recipe}: there is no such file")
        what = [recipe]
    elif recipe in known:
        what = ["-m", f"zoo.recipes.{recipe}"]
    else:
        raise ZooError(f"{recipe}: is no recipe; choose {', '.join(known)}, or give the file of a copy")
    return [sys.executable, *what, *flags, "--strategy", "workers", *DEBUG[:1]]


def _places(workers: int) -> list[dict[str, str]]:
    """Returns what is different in the environment of each."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(workers)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    return [
        {
            "TF_CONFIG": json.dumps(
                {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
            ),
            # One machine's cores are shared, where several machines have their own.
            "TF_NUM_INTRAOP_THREADS": os.environ.get("TF_NUM_INTRAOP_THREADS", threads),
        }
        for number in range(workers)
    ]


def _started(program: Sequence[str], place: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts a worker; what the first one prints is seen as it is."""
    first = json.loads(place["TF_CONFIG"])["task"]["index"] == 0
    output = None if first else subprocess.PIPE
    return subprocess.Popen(
        program,
        env={**os.environ, **place},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output and subprocess.STDOUT,
    )


def _tell(process: subprocess.Popen[bytes], number: int) -> None:
    """Prints what a worker says, with its number before each line."""

    def tell(said: IO[bytes]) -> None:
        for line in said:
            print(f"worker {number}: {line.decode('utf-8', 'replace').rstrip()}", file=sys.stderr)

    assert process.stdout
    threading.Thread(target=tell, args=[process.stdout]).start()  # ends with the worker


def _waited(processes: Sequence[subprocess.Popen[bytes]]) -> int | None:
    """Waits until all are done, or some time after one has failed; returns which one did, first."""
    failed, since = None, 0.0
    while any(process.poll() is None for process in processes):
        if failed is None:
            failed = _first_failed(processes)
            since = time.monotonic()
        elif time.monotonic() - since > _PATIENCE:
            return failed
        time.sleep(0.1)
    return _first_failed(processes) if failed is None else failed


def _first_failed(processes: Sequence[subprocess.Popen[bytes]]) -> int | None:
    return next((number for number, process in enumerate(processes) if process.poll()), None)


def _ending(process: subprocess.Popen[bytes]) -> str:
    """Says how a process ended, and the mend."""
    if process.returncode < 0:
        return f"was killed (signal {-process.returncode}); {_CONTINUES}"
    return f"ended with exit code {process.returncode}; mend what it says above"
