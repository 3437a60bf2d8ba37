"""python -m zoo new: a recipe of one's own, as a copy that runs as it is."""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from zoo.errors import ZooError
from zoo.files import write_atomically

# What the test of a copy trains on, and how small; and what it asks the trained model.
_TINY = {
    "sentiment": (
        'rows = [f"{w} day {n},{y}" for n in range(60) for w, y in (("fine", "good"), ("grey", "bad"))]',
        '("rows.csv", "text,label\\n" + "\\n".join(rows))',
        "--units 4 --word-units 4 --subword-units 0",
        '["the day was fine"]',
    ),
    "tagging": (
        'rows = [f"Ada{n} B-person\\nsleeps O\\n" for n in range(60)]',
        '("rows.conll", "\\n".join(rows))',
        "--units 4 --word-units 4 --character-units 0 --spelling-units 0 --steps-per-epoch 4",
        '["Ada sleeps"]',
    ),
    "translation": (
        'rows = [f"day {n}\\tjour {n}" for n in range(60)]',
        '("rows.tsv", "source\\ttarget\\n" + "\\n".join(rows))',
        "--width 4 --encoder-units 4 --decoder-units 4 --decoder-layers 1 --source-pieces 0 "
        "--target-pieces 0 --steps-per-epoch 4",
        '["day 3"]',
    ),
    "generation": (
        'rows = ["the cat sleeps"] * 400',
        '("rows.txt", "\\n".join(rows))',
        "--units 8 --width 4 --batch-size 8 --window 8 --steps-per-epoch 4 --min-count 1 --length 9",
        '["the "]',
    ),
    "forecasting": (
        'rows = [f"2026-01-{day:02},{day % 5}" for day in range(1, 31)]',
        '("rows.csv", "time,value\\n" + "\\n".join(rows))',
        "--units 4 --members 1 --window 4 --horizon 1 --warm-up 1 --year 0 --steps-per-epoch 4",
        '["rows.csv"]',
    ),
    "recognition": (
        'rows = [f"{n},{n % 2},{n % 2 + step}" for n in range(60) for step in range(3)]',
        '("rows.csv", "id,label,value\\n" + "\\n".join(rows))',
        "--units 4 --filters 4 --stride 1 --steps-per-epoch 4",
        "[[[0.0], [1.0], [2.0]]]",
    ),
    "drawing": (
        'rows = [f\'{{"text": "v", "strokes": [[[0, 0], [1, {n}], [2, 0]]]}}\' for n in range(1, 61)]',
        '("rows.jsonl", "\\n".join(rows))',
        "--units 8 --width 4 --components 2 --steps-per-epoch 4",
        '["v"]',
    ),
}
_TEST = '''"""Trains {name} for a moment on a few made-up rows, and asks what it exports."""

import subprocess
import sys
from pathlib import Path

import zoo

RECIPE = Path(__file__).with_name("{name}.py")
FLAGS = "{flags} --epochs 1"


def test_it_trains_exports_and_answers(tmp_path, monkeypatch):
    """A moment of training is enough for that."""
    monkeypatch.chdir(tmp_path)
    {rows}
    file, content = {content}
    (tmp_path / file).write_text(content + "\\n", encoding="utf-8")
    subprocess.run([sys.executable, RECIPE, "--dataset", file, *FLAGS.split()], check=True)
    model = zoo.load("saved_models/{name}")
    assert model.manifest.recipe == "{name}"
    assert len(model.predict({asked})) == 1
'''


@dataclass(frozen=True)
class New:
    """Writes a recipe of your own: a copy of one of the zoo's, which runs as it is."""

    recipe: Annotated[str, tyro.conf.Positional]
    """Which to copy: sentiment, tagging, translation, captioning, generation, forecasting,
    recognition, transcription, drawing."""
    file: Annotated[str, tyro.conf.Positional]
    """File to write, as mine.py; its name is that of the runs and models."""
    test: bool = False
    """Write a test beside it, too: test_mine.py."""

    def run(self) -> None:
        """Writes the files, and says what to do with them."""
        import zoo.recipes

        known = zoo.recipes.names()
        if self.recipe not in known:
            raise ZooError(f"{self.recipe}: there is no such recipe; choose {', '.join(known)}")
        path = Path(self.file)
        if path.suffix != ".py" or not path.stem.isidentifier():
            raise ZooError(f"{path}: give a file like mine.py, whose name is one word of letters and _")
        if self.test and self.recipe not in _TINY:
            raise ZooError(f"--test: a test is written for {', '.join(_TINY)} only; leave it out")
        test = path.with_name(f"test_{path.name}")
        for file in (path, *([test] if self.test else [])):
            if file.exists():
                raise ZooError(f"{file}: exists; choose another name, or move it away")
            if not file.absolute().parent.is_dir():
                raise ZooError(f"{file}: no such folder; make it first")
        spec = importlib.util.find_spec(f"zoo.recipes.{self.recipe}")
        assert spec is not None and spec.origin is not None
        shutil.copyfile(spec.origin, path)
        print(f"{path}: change what you like, then: python {path} --help")
        if self.test:
            rows, content, flags, asked = _TINY[self.recipe]
            text = _TEST.format(name=path.stem, rows=rows, content=content, flags=flags, asked=asked)
            write_atomically(test, text.encode())
            print(f"{test}: python -m pytest {test}")
