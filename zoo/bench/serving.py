"""A server of the zoo beside what one would write in ten lines: FastAPI around `predict`, row by row."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from zoo import export
from zoo.bench.timing import print_table
from zoo.data import load
from zoo.errors import ZooError

_CLIENTS, _TEXTS = 32, 2_000
_SECONDS, _FULL_SECONDS = 10, 60
_MODEL = "sentiment_tweets"
_NAIVE = """
import sys
import fastapi, pydantic, uvicorn
import zoo

model, app = zoo.load(sys.argv[1]), fastapi.FastAPI()

class Asked(pydantic.BaseModel):
    text: str

@app.post("/predict")
def predict(asked: Asked):
    return model.predict([asked.text])[0]

uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
"""
_SCRIPT = """
local bodies, at = {}, 0
for line in io.lines(%(file)s) do bodies[#bodies + 1] = line end
request = function()
  at = at %% #bodies + 1
  return wrk.format("POST", nil, {["content-type"] = "application/json"}, bodies[at])
end
"""


class Load(NamedTuple):
    """What wrk saw.

    Attributes:
        answers: a second.
        median, slowest: milliseconds of an answer; the slowest of 100.
        errors: answers that were none.
    """

    answers: float
    median: float
    slowest: float
    errors: int


def main(full: bool = False, model: str = _MODEL) -> None:
    """Prints texts a second and milliseconds of both servers under 32 clients, and of the first answer.

    Args:
        full: for 60 seconds each, not 10.
        model: of texts.

    Raises:
        ZooError: wrk is not installed, or a server does not start.
    """
    if not shutil.which("wrk"):
        raise ZooError("wrk is needed, which asks as 32 clients do; install it (Debian: apt-get install wrk)")
    print(export.hardware())
    texts = [text.decode() for text in load("tweets", "classification").test.column("text")[:_TEXTS]]
    seconds = _FULL_SECONDS if full else _SECONDS
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        port, other = _free_ports()
        own = [sys.executable, "-m", "zoo", "serve", model, "--port", str(port)]
        (folder / "naive.py").write_text(_NAIVE)
        naive = [sys.executable, str(folder / "naive.py"), model, str(other)]
        address, plain = (
            f"http://127.0.0.1:{port}/v1/models/{model}:predict",
            f"http://127.0.0.1:{other}/predict",
        )
        stack.enter_context(_running(own, port))
        first = _first_answer(address, {"instances": texts[:1]})
        stack.enter_context(_running(naive, other))
        _first_answer(plain, {"text": texts[0]})
        rows = {
            "zoo serve": _loaded(folder, address, [{"instances": [text]} for text in texts], seconds),
            "FastAPI, row by row": _loaded(folder, plain, [{"text": text} for text in texts], seconds),
        }
    base = rows["FastAPI, row by row"].answers
    table = [
        (who, f"{load.answers:,.0f}", f"{load.answers / base:.1f}x", f"{load.median:.0f} ms",
         f"{load.slowest:.0f} ms", str(load.errors))
        for who, load in rows.items()
    ]  # fmt: skip
    headings = ("", "texts/s", "", "median", "99 of 100 within", "errors")
    print_table(f"{model}, {_CLIENTS} clients, one text a request, {seconds} s each", headings, table)
    print(f"first answer of zoo serve: {1000 * first:.0f} ms")


def _free_ports() -> tuple[int, int]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    """Runs a server, from its first open port on."""
    import socket

    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                raise ZooError(f"{' '.join(command[1:4])} does not start; run it by itself to see why")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _first_answer(address: str, body: dict[str, object]) -> float:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"content-type": "application/json"})
    began = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        answer.read()
    return time.perf_counter() - began


def _loaded(folder: Path, address: str, bodies: list[dict[str, object]], seconds: int) -> Load:
    """Asks as many clients at once, for so many seconds."""
    file, script = folder / "bodies", folder / "ask.lua"
    file.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    script.write_text(_SCRIPT % {"file": json.dumps(str(file))})
    command = ["wrk", "-t1", f"-c{_CLIENTS}", f"-d{seconds}s", "--latency", "-s", str(script), address]
    # Its first seconds do not count: all that is new in a process happens in them.
    subprocess.run([*command[:3], "-d3s", *command[4:]], check=True, capture_output=True)
    return read(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def read(report: str) -> Load:
    """Reads what wrk prints."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", report)
    shares = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))\s", report))
    failed = [
        int(count)
        for count in re.findall(r"(?:Non-2xx or 3xx responses:|connect|read|write|timeout) (\d+)", report)
    ]
    assert rate, report
    return Load(float(rate[1]), _milliseconds(shares["50"]), _milliseconds(shares["99"]), sum(failed))


def _milliseconds(told: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", told).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
