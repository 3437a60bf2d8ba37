"""What no test has time for: python -m tests.campaigns --minutes 30.

Fuzzed inputs to every model that is found, kills of every recipe at random moments, hostile models, and
hostile requests to a server. Each campaign takes an equal share of the time and says what it did; the exit
code is 1 if anything was lost. With one seed everything is the same again, as far as the time allows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[1]
SIGNS = [
    *"aZ 0'\"-.,!?<>#@/\\\t\n\r\0\x1b\x9b",
    *(
        "é",
        "e\u0301",
        "ß",
        "İ",
        "漢",
        "ー",
        "ก็",
        "한",
        "😀",
        "👩🏽\u200d🚀",
        "\u202e",
        "\ufeff",
        "\U0010ffff",
    ),
    *("the", "not good", "$14.50", "https://x.y/z", "<unk>", "<start>"),
]


def text_of(draw: random.Random) -> str | bytes:
    """A text as strangers write them: mostly short, sometimes long, sometimes no text at all."""
    kind = draw.random()
    if kind < 0.1:
        return draw.randbytes(draw.randrange(40))
    if kind < 0.15:
        return draw.choice(SIGNS) * draw.choice((1, 50, 2000))
    return "".join(draw.choices(SIGNS, k=draw.randrange(30)))


def picture_of(draw: random.Random) -> bytes:
    """A picture, whole or spoiled."""
    import io

    from PIL import Image

    sides = [draw.choice((1, 7, 40, 300)) for _ in range(2)]
    file = io.BytesIO()
    Image.effect_noise(sides, draw.randrange(100)).convert(draw.choice(("L", "RGB"))).save(
        file, draw.choice(("PNG", "JPEG", "GIF", "BMP"))
    )
    content = bytearray(file.getvalue())
    for _ in range(draw.choice((0, 0, 1, 20))):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content[: draw.choice((len(content), draw.randrange(len(content) + 1)))])


def window_of(draw: random.Random, model) -> object:
    """Observations, some of them no numbers."""
    import numpy as np

    from zoo.tasks import Window

    columns, rows = len(model.manifest.own["series"]["columns"]), model.manifest.config["window"]
    values = np.random.default_rng(draw.randrange(2**32)).normal(15, 10, (rows, columns)).astype(np.float32)
    for _ in range(draw.choice((0, 0, 3))):
        values[draw.randrange(rows), draw.randrange(columns)] = draw.choice((np.nan, np.inf, 3e38, -1e30, 0))
    return Window(values, draw.choice(("2015-01-31", "2024-02-29T23:59", "no date", "", "9999-12-31")))


class Watch:
    """Counts what was tried, and keeps what was lost."""

    def __init__(self, name: str, seconds: float):
        self.name, self.until = name, time.monotonic() + seconds
        self.tried: Counter[str] = Counter()
        self.lost: list[str] = []

    @property
    def over(self) -> bool:
        return time.monotonic() > self.until

    def lose(self, what: str) -> None:
        print(f"LOST: {self.name}: {what[:600]}", flush=True)
        self.lost.append(what)

    def tell(self) -> None:
        print(f"{self.name}: {dict(self.tried)}; lost: {len(self.lost)}", flush=True)


def check_answers(watch: Watch, name: str, given: list, answers: list[dict]) -> None:
    """Every input has an answer, which is valid JSON in UTF-8."""
    if len(answers) != len(given):
        watch.lose(f"{name}: {len(given)} inputs, {len(answers)} answers")
    for one, answer in zip(given, answers, strict=False):
        try:
            json.dumps(answer, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except ValueError as error:
            watch.lose(f"{name}: {one!r}: {error}: {str(answer)[:200]}")


def inputs(watch: Watch, draw: random.Random, each: int) -> None:
    """So many inputs to each model, and the same answers to some of them alone."""
    import zoo

    found = zoo.list_models()
    for place, saved in enumerate(found):
        until = time.monotonic() + max(0, watch.until - time.monotonic()) / (len(found) - place)
        model = zoo.load(saved.name)
        make = {"captioning": picture_of, "series": lambda d: window_of(d, model)}  # noqa: B023 - used at once
        while watch.tried[saved.name] < each and time.monotonic() < until:
            given = [make.get(model.task.name, text_of)(draw) for _ in range(min(100, each))]
            settings = {"length": 10} if model.task.name == "text" else {}
            try:
                answers = model.predict(given, **settings)
            except Exception as error:
                watch.lose(f"{saved.name}: {type(error).__name__}: {error}")
                break
            check_answers(watch, saved.name, given, answers)
            if model.task.name != "text":  # each text of a batch has a seed of its own
                one = draw.randrange(len(given))
                (alone,) = model.predict([given[one]], **settings)
                if not alike(alone, answers[one]):
                    watch.lose(
                        f"{saved.name}: {given[one]!r}: alone {alone}, among others {answers[one]}"[:600]
                    )
            watch.tried[saved.name] += len(given)
        watch.tell()


def alike(one, other) -> bool:
    """Tells whether two answers are the same, numbers to a few digits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float):
        return one == other or abs(one - other) <= 1e-4 * max(1, abs(one), abs(other))
    return one == other


def kills(watch: Watch, draw: random.Random) -> None:
    """Each recipe is killed at random moments and started again, until it ends with the same weights."""
    import tiny
    from cases import CASES

    write = {"sentiment": ("write_reviews", "a.csv"), "tagging": ("write_sentences", "a.conll"),
             "translation": ("write_pairs", "a.tsv"), "captioning": ("write_captions", "a"),
             "generation": ("write_lines", "a.txt"), "forecasting": ("write_series", "a.csv"),
             "recognition": ("write_signals", "a.csv"), "transcription": ("write_print", "b"),
             "drawing": ("write_shapes", "a.jsonl")}  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        whole: dict[str, tuple[str, float]] = {}
        while not watch.over:
            for name, (writer, file) in write.items():
                folder = Path(place) / name
                folder.mkdir(exist_ok=True)
                data = folder / file
                if not data.exists():
                    if not data.suffix:
                        data.mkdir()
                    getattr(tiny, writer)(data)
                command = [
                    sys.executable,
                    "-m",
                    f"zoo.recipes.{name}",
                    "--dataset",
                    str(data),
                    *CASES[name].flags,
                ]
                if name not in whole:
                    began = time.monotonic()
                    run(command, folder, "whole")
                    whole[name] = weights_of(folder, "whole"), time.monotonic() - began
                for times in range(8):
                    if watch.over:
                        return
                    end = None if times == 7 else draw.uniform(1, whole[name][1])
                    if run(command, folder, "killed", end):
                        break
                    watch.tried[f"kills of {name}"] += 1
                if weights_of(folder, "killed") != whole[name][0]:
                    watch.lose(f"{name}: other weights after it was killed")
                for leftover in (*folder.glob("saved_models/.*"), *folder.glob("runs/.*")):
                    if not leftover.name.endswith(".lock"):
                        watch.lose(f"{name}: {leftover} was left behind")
                shutil.rmtree(folder / "runs/killed")
                watch.tried[f"trainings of {name}"] += 1
                watch.tell()


def run(command: list[str], folder: Path, name: str, seconds: float | None = None) -> bool:
    """Runs a training, for so long; tells whether it came to its end."""
    environment = {"ZOO_CACHE": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [*command, "--name", name], cwd=folder, env={**environ(), **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            _, told = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return False
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: {told[-1500:]}")
        return True


def environ() -> dict[str, str]:
    import os

    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}


def weights_of(folder: Path, name: str) -> str:
    """Returns a hash of what a run's checkpoint holds but its clock."""
    import numpy as np

    with np.load(folder / "runs" / name / "checkpoint.npz") as stored:
        arrays = {key: stored[key].tobytes() for key in stored.files if key != "_state"}
    return hashlib.sha256(b"".join(key.encode() + arrays[key] for key in sorted(arrays))).hexdigest()


def hostile(watch: Watch, draw: random.Random) -> None:
    """Random changes of a real model's graph and manifest: refused in one line, or loaded and harmless."""
    from hostile import CHANGES, edit

    import zoo

    with tempfile.TemporaryDirectory() as place:
        base = zoo.models.find("sentiment_tweets").path
        while not watch.over:
            folder = Path(place) / "saved_models" / "changed"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(base, folder)
            name, change = draw.choice(list(CHANGES.items()))
            edit(folder, lambda graph, change=change: change(graph, draw))
            if draw.random() < 0.5:
                (folder / "zoo.json").unlink()
            before = listing(Path(place), folder)
            try:
                with warnings.catch_warnings(action="ignore"):
                    zoo.load(folder).predict(["a text"])
                watch.tried[f"{name}: loaded"] += 1
                if name in MUST_BE_REFUSED:
                    watch.lose(f"{name}: was loaded")
            except zoo.ZooError as error:
                watch.tried[f"{name}: refused"] += 1
                if "\n" in str(error):
                    watch.lose(f"{name}: {error}")
            except Exception as error:
                watch.tried[f"{name}: an answer failed"] += 1
                if name in MUST_BE_REFUSED:
                    watch.lose(f"{name}: {error}")
            if listing(Path(place), folder) != before:
                watch.lose(f"{name}: something was written")


def requests(watch: Watch, draw: random.Random, most: int) -> None:
    """So many hostile requests to one server, sixteen at a time: each is refused, and it stays as it was."""
    from concurrent.futures import ThreadPoolExecutor

    from requests_of_strangers import hostile as one_of
    from requests_of_strangers import status_of
    from servers import serving

    def send(request) -> tuple[str, int]:
        status = status_of(server.port, request)
        return f"{request.kind}: {status or 'closed'}", status in request.allowed

    with serving("sentiment_tweets") as server, ThreadPoolExecutor(16) as pool:
        while watch.tried.total() < most and not watch.over:
            for told, right in pool.map(send, [one_of(draw) for _ in range(500)]):
                watch.tried[told] += 1
                if not right:
                    watch.lose(told)
            if watch.tried.total() == 500:  # by then it has seen all that there is
                before = server.resident()
            status, answer = server.ask("/v1/models/sentiment_tweets:predict", {"instances": ["fine"]})
            if status != 200:
                watch.lose(f"a good request: {status} {answer}")
        print(f"resident: {before:.0f} MB after 500 requests, {server.resident():.0f} MB at the end")
        if server.resident() > 1.1 * before:
            watch.lose("memory leaks")


MUST_BE_REFUSED = ("an operation", "an asset's name", "an object", "no objects")


def listing(place: Path, folder: Path) -> list[str]:
    here = [str(path) for path in Path().glob("*")]
    return sorted([*here, *(str(path) for path in place.rglob("*") if folder not in path.parents)])


def main() -> None:
    """Runs the campaigns."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="for all campaigns together")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random")
    parser.add_argument("--inputs", type=int, default=3000, help="to each model, at most")
    parser.add_argument("--requests", type=int, default=20_000, help="to the server, at most")
    parser.add_argument(
        "--only", choices=("inputs", "kills", "hostile", "requests"), help="this campaign alone"
    )
    chosen = parser.parse_args()
    campaigns: dict[str, Callable[[Watch, random.Random], None]] = {
        "inputs": lambda watch, draw: inputs(watch, draw, chosen.inputs),
        "kills": kills,
        "hostile": hostile,
        "requests": lambda watch, draw: requests(watch, draw, chosen.requests),
    }
    names = [chosen.only] if chosen.only else list(campaigns)
    watches = []
    for name in names:
        watches.append(Watch(name, 60 * chosen.minutes / len(names)))
        campaigns[name](watches[-1], random.Random(f"{chosen.seed} {name}"))
        watches[-1].tell()
    sys.exit(any(watch.lost for watch in watches))


if __name__ == "__main__":
    main()
