"""One-to-many over real numbers: a description goes in, strokes of a pen come out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from zoo import baselines, metrics
from zoo.data import Adapter, Examples, Part, of_rows, of_user
from zoo.data.own import drawings
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.show import print_scores
from zoo.tasks.base import Answered, Evaluation, Model, Row, Task, filled_up, in_blocks, with_seeds
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import DRAWINGS, Tries

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_ROWS = 64  # drawings that go through a model together
_DRAWN, _TEMPERATURE = 100, 0.1  # by which a model's own drawings are scored
_KNOWN = 10_000  # drawings among which these are looked for
_GIVEN = ("continue", "score")  # signatures that read strokes


@dataclass(frozen=True, kw_only=True)
class Stroked(Adapter):
    """Of a stored set, a drawing, what it is called, and its description."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        return dataset.map(lambda row: {name: row[name] for name in ("name", "text", "strokes")})


class Drawing(Task):
    """Features: `name` and `text`, its description, strings; `strokes` float32 (time, 3): x, y, lift.

    The user's own: a folder of SVG files, or a file of strokes, as `zoo.data.own.drawings` reads it.
    """

    name = "drawing"
    pipeline = "other"
    settings = ("temperature", "seed")
    tries: ClassVar[Tries] = DRAWINGS
    kind = "a folder of SVG files, or a .jsonl, .ndjson or .npz file of strokes"
    suffixes = drawings.SUFFIXES
    sets: ClassVar[dict[str, Adapter]] = {
        "kanji_strokes": Stroked(own="kanji_strokes.KanjiStrokes", embedded=True),
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads drawings."""
        parts = drawings.read_parts(path)
        return of_user(path, {split: _part(rows) for split, rows in parts.items()})

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all drawings as a test part."""
        return of_rows(path, _part(drawings.read_all(path)))

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Turns descriptions, and for `continue` and `score` pairs of one and strokes, into rows.

        Args:
            inputs: strings, or (string, array (time, 3)).
            model: what draws.

        Raises:
            ZooError: one is neither.
        """
        return [_row(row, model.name) for row in super().rows(inputs, model)]

    def given_tensors(self, signature: str) -> tuple[str, ...]:
        """Returns what rows fill."""
        return ("text", "strokes") if signature in _GIVEN else ("text",)

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[Any]]:
        """Yields some drawings at a time."""
        yield from in_blocks(rows, _ROWS)

    def tensors(self, block: list[Any], signature: str) -> dict[str, Any]:
        """Returns texts, and where they are read strokes, filled up with NaN."""
        texts = [text for text, _ in block]
        if signature not in _GIVEN:
            return {"text": texts}
        return {"text": texts, "strokes": filled_up([strokes for _, strokes in block])}

    def readable(self, row: Row) -> Row:
        """Leaves out what stands behind the end of a drawing."""
        if "strokes" not in row:
            return super().readable(row)
        return {**row, "strokes": row["strokes"][np.isfinite(row["strokes"]).all(axis=1)]}

    # The command line ------------------------------------------------------------------------------------

    def chosen(self, flags: Mapping[str, Any], signature: str, rows: int, manifest: Manifest) -> Row:
        """Returns the settings by which drawings are drawn; each has a seed one higher."""
        if signature in _GIVEN:
            raise ZooError(f"{manifest.name}: its {signature} reads strokes, by a program")
        return with_seeds(super().chosen(flags, signature, rows, manifest), rows, manifest)

    def notes(self, row: Row, answered: Answered) -> list[str]:
        """Says what a reader should know of a drawing."""
        unknown = [] if row.get("known", True) else ["has signs that were never seen, which are left out"]
        return unknown + ([] if row.get("finished", True) else ["was not finished: it was stopped"])

    def painted(self, answered: Answered) -> list[Any]:
        """Returns drawings for a terminal."""
        from zoo.show.drawings import painted

        return [painted(row["text"], _points(row)) for row in answered.rows]

    def picture(self, answered: Answered) -> str:
        """Returns drawings that draw themselves, as an SVG file."""
        from zoo.show.drawings import sheet

        return sheet([(row["svg"], row["text"]) for row in answered.rows])

    # Scores ----------------------------------------------------------------------------------------------

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores how probable a model finds what others drew, and whether what it draws is recognised."""
        part = examples.split(split)
        texts, lines = part.strings("text"), _lines(part)
        answers = model.predict(list(zip(texts, lines, strict=True)), "score")
        drawn = model.predict(texts[:_DRAWN], temperature=_TEMPERATURE, seed=list(range(len(texts[:_DRAWN]))))
        known = _Known.of(examples)
        ranks = [known.rank(_points(row), text) for text, row in zip(texts, drawn, strict=False)]
        score = metrics.drawing(
            [row["log_probability"] for row in answers], [row["points"] for row in answers], ranks
        )

        def show_scores(scores: Scores, title: str) -> None:
            print_scores(scores, f"Scores ({title})")

        rows = [
            {"text": text, "units": row["points"], "score": row["log_probability"]}
            for text, row in zip(texts, answers, strict=True)
        ]
        called = part.strings("name")
        return Evaluation(
            score,
            show_scores,
            [(name, row["svg"], rank) for name, row, rank in zip(called, drawn, ranks, strict=False)],
            rows,
        )

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores one Gaussian for all moves, and drawings of training in the place of what is described."""
        steps = {split: _steps(part) for split, part in examples.tests.items()}
        others, known, ranks = _lines(examples.train.first(_DRAWN)), _Known.of(examples), {}
        for split, part in examples.tests.items():
            asked = zip(others, part.strings("text"), strict=False)
            ranks[split] = [known.rank(drawn, text) for drawn, text in asked]
        scores = baselines.one_gaussian(_steps(examples.train), steps, ranks)
        return {split: {"one Gaussian": score} for split, score in scores.items()}

    # The card --------------------------------------------------------------------------------------------

    def what_was_scored(self, rows: int, score: Score) -> str:
        """Says how many drawings a part has."""
        return f"{rows:,} drawings of {score.counts['points']:,} points"


def drawing_samples(texts: Sequence[str], strokes: Any) -> dict[str, Any]:
    """Returns inputs of a drawer's signatures: what it knows, nothing, and what nobody does."""
    given = [*texts, "", "\u2603 never seen"]
    lines = [row.numpy() for row in strokes] + [
        np.zeros((0, 3), np.float32),
        np.array([[0.5, 0.5, 1]], np.float32),
    ]
    filled = filled_up(lines)
    settings = {"temperature": [0.0, 0.1, 0.5, 1.0], "seed": [0, 1, 2, 3]}
    return {
        "serving_default": {"text": given, **settings},
        "continue": {"text": given, "strokes": filled, **settings},
        "score": {"text": given, "strokes": filled},
    }


def _part(rows: Sequence[drawings.Drawn]) -> Part:
    import tensorflow as tf

    flat = np.concatenate([row.strokes for row in rows]) if rows else np.zeros((0, 3), np.float32)
    texts = [row.text for row in rows]
    return Part(
        {
            "name": texts,
            "text": texts,
            "strokes": tf.RaggedTensor.from_row_lengths(flat, [len(row.strokes) for row in rows]),
        }
    )


def _row(row: Any, name: str) -> tuple[str, np.ndarray]:
    text, strokes = row if isinstance(row, tuple) and len(row) == 2 else (row, np.zeros((0, 3)))
    if not isinstance(text, str):
        raise ZooError(f"{name}: {repr(row)[:60]} is no description; give a string, or (string, strokes)")
    points: np.ndarray = np.zeros(())
    with contextlib.suppress(TypeError, ValueError):
        points = np.asarray(strokes, np.float32)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ZooError(
            f"{name}: strokes of {text[:30]!r} are no array of (time, 3): x, y and whether the pen lifts"
        )
    return text, points


def _points(answer: Row) -> np.ndarray:
    """Returns the strokes of an answer as an array (time, 3), of none too."""
    return np.array(answer["strokes"]).reshape(-1, 3)


def _lines(part: Part) -> list[np.ndarray]:
    return [row.numpy() for row in part.column("strokes")]


class _Known(NamedTuple):
    """All drawings of a data set, those to test on first, among which one's own are looked for."""

    texts: np.ndarray
    shapes: metrics.Shapes

    @classmethod
    def of(cls, examples: Examples) -> _Known:
        parts = [
            part for part in (*examples.tests.values(), examples.validation, examples.train) if len(part)
        ]
        texts = [text for part in parts for text in part.strings("text")[:_KNOWN]]
        strokes = [row for part in parts for row in _lines(part.first(_KNOWN))]
        return cls(np.array(texts[:_KNOWN]), metrics.Shapes(strokes[:_KNOWN]))

    def rank(self, drawn: np.ndarray, text: str) -> int:
        """Returns which place the nearest drawing of a text has, from 1; the last if nothing was drawn."""
        if not len(drawn):
            return len(self.texts)
        distances = self.shapes.distances(drawn)
        return 1 + int((distances < distances[self.texts == text].min()).sum())


def _steps(part: Part) -> list[np.ndarray]:
    """Returns what is learned from drawings, side by side."""
    from zoo import drawings as moves

    rows = part.column("strokes")
    both = np.concatenate([steps.values.numpy() for steps in moves.learned(rows)], axis=1)
    return np.split(both, np.cumsum(rows.row_lengths().numpy())[:-1])
