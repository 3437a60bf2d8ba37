"""Data sets small enough for tests, and how tests run programs and look into what they made."""

import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from zoo.text import Vocabulary


def stored(kind, lines, path: Path, *more):
    """Returns a vocabulary, pieces or units that stand in a file, as an export wants them."""
    inventory = kind(list(lines), *more)
    inventory.write(path)
    return inventory


def learned(recipe, config, part) -> list[str]:
    """Returns the words that a recipe which counts words keeps of a part."""
    counts = recipe.count_words(part)
    return Vocabulary.learn(counts, config.vocabulary_size, config.min_count)


def rows_of(examples, split: str):
    """Yields the rows of a split as dicts of arrays."""
    return examples.split(split).dataset.as_numpy_iterator()


def labelled(part) -> tuple[list[str], np.ndarray]:
    """Returns the texts and label numbers of a part."""
    return part.strings("text"), part.column("label")


def sentences_of(part) -> tuple[list[list[str]], list[list[str]]]:
    """Returns the tokens and tags of a part."""
    return part.rows_of_strings("tokens"), part.rows_of_strings("tags")


def pairs_of(part) -> tuple[list[str], list[str]]:
    """Returns the sources and targets of a part."""
    return part.strings("source"), part.strings("target")


_GOOD = ("lovely", "delicious", "friendly", "bright", "calm", "clever")
_BAD = ("dreadful", "stale", "rude", "gloomy", "noisy", "clumsy")
_THINGS = ("soup", "waiter", "garden", "train", "room", "film", "song", "bridge", "market", "lamp")
_FRAMES = ("the {} was {}", "such a {}: {} again", "our {} felt {} today", "{}? so {}!", "i call this {} {}")


def write_reviews(path: Path) -> Path:
    """Writes 600 made-up reviews of two kinds."""
    rows = ["text,label"]
    for words, label in ((_GOOD, "praise"), (_BAD, "blame")):
        rows += [f'"{f.format(t, w)}",{label}' for f, t, w in product(_FRAMES, _THINGS, words)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


_NAMES = {
    "person": ("Ada", "Bo", "Cleo", "Ada Falk", "Bo Grant", "Cleo Hale", "Dario Falk", "Enid van Hale"),
    "place": ("Rome", "Oslo", "Lima", "New Oslo", "Port Lima", "Upper Rome"),
}
_SENTENCES = (
    "person met person in place .",
    "place welcomed person and person .",
    "yesterday person person left place",  # two names side by side
    "did person see place place ?",
    "nobody , not even person , likes place !",
    "the train waits again",
)


def write_sentences(path: Path) -> Path:
    """Writes 400 made-up sentences in three columns: token, kind of word, entity in IOB1."""
    draw = random.Random(1)
    sentences = []
    for _ in range(400):
        lines, before = [], ""
        for word in draw.choice(_SENTENCES).split():
            names = draw.choice(_NAMES[word]).split() if word in _NAMES else []
            for i, token in enumerate(names):
                # In IOB1 only a span that follows another of its type begins with B.
                lines.append(f"{token} name {'B' if i == 0 and word == before else 'I'}-{word}")
            if not names:
                lines.append(f"{word} {'word' if word.isalpha() else 'mark'} O")
            before = word
        sentences.append("\n".join(lines))
    path.write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    return path


_BEASTS = {"dog": "chien", "cat": "chat", "horse": "cheval", "bird": "oiseau"}
_LOOKS = {"red": "rouge", "green": "vert", "black": "noir", "yellow": "jaune"}
_DEEDS = {"sees": "voit", "follows": "suit", "hears": "entend"}


def write_pairs(path: Path) -> Path:
    """Writes 300 made-up sentences in English and French: adjectives change places, articles are elided."""
    draw = random.Random(1)
    rows = ["source\ttarget"]
    every = list(product(_LOOKS, _BEASTS, _DEEDS, _BEASTS, (*_LOOKS, "")))
    for look, beast, deed, other, its in draw.sample(every, 300):
        subject, seen = (f"le {_BEASTS[noun]}".replace("le o", "l'o") for noun in (beast, other))
        french = f"{subject} {_LOOKS[look]} {_DEEDS[deed]} {seen} {_LOOKS.get(its, '')}".strip().capitalize()
        rows.append(f"The {look} {beast} {deed} the {its} {other}.\t{french}.".replace("  ", " "))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


_COLOURS = {"red": (220, 30, 40), "green": (30, 160, 60), "blue": (40, 70, 210)}
_PLACES = {"top left": (0, 0), "top right": (0, 16), "bottom left": (16, 0), "bottom right": (16, 16)}


def write_captions(folder: Path) -> Path:
    """Writes 48 pictures of 32 x 32, a coloured square in one corner of each, with what they show."""
    from matplotlib.image import imsave

    draw = np.random.default_rng(1)
    rows = ["image,caption,split"]
    for number, (look, place, _) in enumerate(product(_COLOURS, _PLACES, range(4))):
        (top, left), side = _PLACES[place] + draw.integers(0, 4, 2), draw.integers(8, 13)
        picture = np.full((32, 32, 3), draw.integers(200, 256), np.uint8)
        picture[top : top + side, left : left + side] = _COLOURS[look]
        imsave(folder / f"{number:02}.png", picture)
        split = ("train", "train", "validation", "test")[number % 4]
        rows.append(f"{number:02}.png,{look} square at the {place},{split}")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def write_films(folder: Path) -> Path:
    """Writes 48 clips of 32 x 32, 6 frames each: a coloured square goes one way; with what happens."""
    from PIL import Image

    draw = np.random.default_rng(1)
    rows = ["image,caption,split"]
    ways = {"goes left": (0, -1), "goes right": (0, 1), "rises": (-1, 0), "falls": (1, 0)}
    for number, (look, way, _) in enumerate(product(_COLOURS, ways, range(4))):
        paper, start, side = draw.integers(200, 256), draw.integers(2, 6), draw.integers(7, 10)
        frames = []
        for step in np.arange(6) - 2.5:
            top, left = np.round(16 - start + 3.5 * step * np.array(ways[way])).astype(int)
            frame = np.full((32, 32, 3), paper, np.uint8)
            frame[top : top + side, left : left + side] = _COLOURS[look]
            frames.append(Image.fromarray(frame))
        frames[0].save(folder / f"{number:02}.gif", save_all=True, append_images=frames[1:], duration=80)
        split = ("train", "train", "validation", "test")[number % 4]
        rows.append(f"{number:02}.gif,{look} square {way},{split}")
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def films(tmp_path_factory) -> Path:
    """The folder of clips of squares, with captions.csv."""
    return write_films(tmp_path_factory.mktemp("films"))


def write_lines(path: Path) -> Path:
    """Writes 501 made-up lines: about 12,000 characters, 17 of them different and two, f and é, once only."""
    draw = random.Random(1)
    beasts, deeds = list(_BEASTS), list(_DEEDS)
    lines = [f"the {draw.choice(beasts)} {draw.choice(deeds)} the {draw.choice(beasts)}" for _ in range(500)]
    path.write_text("\n".join(["café", *lines]) + "\n", encoding="utf-8")
    return path


def run(*arguments: str, cwd: Path, code: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Runs `python ARGUMENTS` in a folder and checks its exit code."""
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == code, result.stdout[-2000:] + result.stderr[-2000:]
    return result


def tensorflow_alone(model: Path, name: str, given, folder: Path) -> dict[str, dict[str, np.ndarray]]:
    """Asks every signature of a saved model in a process without Keras.

    `name` is that of the one input. Where there are several it is empty, and `given`, which is then signature
    -> input -> values, says which are asked.
    """
    program = """
import pickle, sys
sys.modules["keras"] = None
import tensorflow as tf
with open("given", "rb") as file:
    given = pickle.load(file)
model = tf.saved_model.load(sys.argv[1])
outputs = {}
for name in given if not sys.argv[2] else model.signatures:
    signature = model.signatures[name]
    specs = signature.structured_input_signature[1]
    inputs = {sys.argv[2]: given} if sys.argv[2] else given[name]
    found = signature(**{key: tf.constant(values, specs[key].dtype) for key, values in inputs.items()})
    outputs[name] = {key: value.numpy() for key, value in found.items()}
with open("outputs", "wb") as file:
    pickle.dump(outputs, file)
"""
    (folder / "given").write_bytes(pickle.dumps(given))
    run("-c", program, str(model), name, cwd=folder)
    return pickle.loads((folder / "outputs").read_bytes())


def assert_same_answers(found: dict[str, np.ndarray], expected: dict[str, tf.Tensor]) -> None:
    """Checks outputs of a signature: scores to 1e-5, attention to 1e-6, all else exactly."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if name in ("score", "scores"):
            np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-5)
        elif name == "attention":
            np.testing.assert_allclose(found[name], value, atol=1e-6)
        else:
            np.testing.assert_array_equal(found[name], value, err_msg=name)


def stop_when(condition: Callable[[], bool], command, folder: Path, how=signal.SIGKILL) -> int:
    """Runs `python COMMAND`, sends a signal as soon as the condition holds, and returns the exit code."""
    # Tests that a script runs in the background inherit that Ctrl-C is ignored.
    process = subprocess.Popen([sys.executable, *command], cwd=folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # fmt: skip
    limit = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.send_signal(how)
    return process.wait()


def assert_refused(call, program, folder: Path, arguments, *words: str) -> None:
    """Checks that a command line ends with code 2 and one line that holds the words, and writes nothing."""
    before = sorted(folder.rglob("*"))
    (line,) = call(program, folder, *arguments, code=2).err.strip().splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line
    assert sorted(folder.rglob("*")) == before


def operations(function) -> list[str]:
    """Names the operations of a concrete function's graph, bodies of loops and calls included."""
    graph = function.graph.as_graph_def()
    bodies = (graph.node, *(body.node_def for body in graph.library.function))
    return [node.op for body in bodies for node in body]


def placed(graph) -> list[str]:
    """Names the operations for which a machine must have kernels: not those of functions that a `Case` calls,
    which are placed when it is run."""
    bodies = {body.signature.name: body.node_def for body in graph.library.function}
    left, seen, found = [graph.node], set(), []
    while left:
        for node in left.pop():
            found.append(node.op)
            held = [value.func for value in node.attr.values() if value.HasField("func")]
            if node.op != "Case":
                held += [function for value in node.attr.values() for function in value.list.func]
            names = {node.op, *(function.name for function in held)} & set(bodies) - seen
            seen |= names
            left += [bodies[name] for name in names]
    return found


@pytest.fixture(scope="session")
def reviews(tmp_path_factory) -> Path:
    """The made-up reviews as a CSV file."""
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.csv")


@pytest.fixture(scope="session")
def sentences(tmp_path_factory) -> Path:
    """The made-up sentences as a column file."""
    return write_sentences(tmp_path_factory.mktemp("data") / "sentences.conll")


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    """The made-up sentences in two languages as a TSV file."""
    return write_pairs(tmp_path_factory.mktemp("data") / "pairs.tsv")


@pytest.fixture(scope="session")
def squares(tmp_path_factory) -> Path:
    """The folder of pictures of squares, with captions.csv."""
    return write_captions(tmp_path_factory.mktemp("squares"))


def write_series(path: Path, rows: int = 300, **changes: str) -> Path:
    """Writes daily numbers: a weekly cycle, and deviations that fade slowly; `at_ROW_COLUMN` is a cell."""
    draw, level, lines = np.random.default_rng(1), 0.0, []
    for row in range(rows):
        level = 0.8 * level + draw.normal()
        day = np.datetime64("2020-02-20") + row
        cells = [str(day), f"{10 + 3 * np.sin(2 * np.pi * row / 7) + level:.3f}", f"{draw.normal():.3f}"]
        lines.append(cells)
    for place, cell in changes.items():
        row, column = map(int, place.removeprefix("at_").split("_"))
        lines[row][column] = cell
    text = "\n".join(",".join(line) for line in [["day", "load", "noise"], *lines])
    path.write_text(text + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def series(tmp_path_factory) -> Path:
    """The made-up series as a CSV file."""
    return write_series(tmp_path_factory.mktemp("data") / "series.csv")


_PATHS = {"circle": (1, 1), "eight": (1, 2), "line": (0, 1)}  # waves of x and of y


def write_signals(path: Path, each: int = 24) -> Path:
    """Writes paths of a pen, 15 to 30 steps long, from wherever it stood; now and then a number lacks."""
    draw = np.random.default_rng(1)
    lines = ["id,label,x,y"]
    for number in range(each * len(_PATHS)):
        label, (across, down) = list(_PATHS.items())[number % len(_PATHS)]
        steps = draw.integers(15, 31)
        turn = 2 * np.pi * (np.linspace(0, 1, steps) + draw.uniform())
        for x, y in zip(np.sin(across * turn), np.cos(down * turn), strict=True):
            cells = [
                f"{value + draw.normal(0, 0.1):.3f}" if draw.uniform() > 0.02 else "" for value in (x, y)
            ]
            lines.append(f"{label} {number},{label},{','.join(cells)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def paths(tmp_path_factory) -> Path:
    """The made-up paths of a pen as a CSV file."""
    return write_signals(tmp_path_factory.mktemp("data") / "paths.csv")


def write_print(folder: Path, rows: int = 144) -> Path:
    """Writes pictures of strings of a few letters, set in one font, with what is written in them."""
    from PIL import Image, ImageDraw, ImageFont

    from zoo.data.sets.printed_lines import read_fonts

    draw, font = np.random.default_rng(1), read_fonts()["DejaVuSans-Bold"]
    lines = ["file,text,split"]
    for number in range(rows):
        text = "".join(draw.choice(list("OTIX"), draw.integers(2, 5)))
        face = ImageFont.truetype(io.BytesIO(font), int(draw.integers(13, 16)))
        page = Image.new("L", (round(face.getlength(text)) + int(draw.integers(4, 10)), 20), 240)
        ImageDraw.Draw(page).text((2, 1), text, fill=int(draw.integers(0, 60)), font=face)
        page.save(folder / f"{number:03}.png")
        split = ("train", "train", "train", "train", "validation", "test")[number % 6]
        lines.append(f"{number:03}.png,{text},{split}")
    (folder / "transcripts.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def prints(tmp_path_factory) -> Path:
    """The folder of printed letters, with transcripts.csv."""
    return write_print(tmp_path_factory.mktemp("prints"))


SHAPES = {
    "cross": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "square": [[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]],
    "roof": [[(0, 1), (0.5, 0), (1, 1)]],
    "equals": [[(0, 0.2), (1, 0.2)], [(0, 0.8), (1, 0.8)]],
}


def write_shapes(path: Path, rows: int = 80) -> Path:
    """Writes shapes that a hand that shakes a little has drawn, as JSON lines."""
    draw = np.random.default_rng(1)
    written = []
    for number in range(rows):
        name = list(SHAPES)[number % len(SHAPES)]
        shaken = [np.round(line + draw.normal(0, 0.03, (len(line), 2)), 3).tolist() for line in SHAPES[name]]
        written.append(json.dumps({"text": name, "strokes": shaken}) + "\n")
    path.write_text("".join(written), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def shapes(tmp_path_factory) -> Path:
    """The made-up shapes as a file of JSON lines."""
    return write_shapes(tmp_path_factory.mktemp("data") / "shapes.jsonl")


@pytest.fixture(scope="session")
def lines(tmp_path_factory) -> Path:
    """The made-up lines as a text file."""
    return write_lines(tmp_path_factory.mktemp("data") / "lines.txt")
