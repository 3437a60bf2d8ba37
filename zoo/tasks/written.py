"""Answers that are texts: a translation, a caption, or several of them, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from zoo import metrics
from zoo.errors import ZooError
from zoo.metrics import Score
from zoo.show.answers import empty_table, one_line, safe, shown
from zoo.tasks.base import Answered, Row, Task
from zoo.tasks.manifest import Manifest

_LONGEST = 500  # cells of a text beside its translation
_UNSURE = "--min-confidence: {} does not say how sure it is of each answer; leave it out"
_FIRST = ("score", "confidence", "finished", "truncated", "valid", "familiar")


class Judged(NamedTuple):
    """A model's answers, and which of them are right.

    Attributes:
        texts: that were written (n,).
        scores: theirs (n,).
        about: characters of what each is about (n,).
        right: whether each is right (n,).
    """

    texts: list[str]
    scores: list[float]
    about: list[int]
    right: list[bool]


def with_confidence(score: Score, answers: Sequence[Row], judge: Callable[[], Sequence[bool]]) -> Score:
    """Adds to a score how well a model knows that it is right, where it says so: AUROC and ECE.

    Args:
        score: of the answers.
        answers: a model's.
        judge: tells which of them are right; it is asked only where that is of use.
    """
    if not answers or "confidence" not in answers[0]:
        return score
    sure, right = [answer["confidence"] for answer in answers], judge()
    found = {"auroc": metrics.told_apart(sure, right), "ece": metrics.calibration_error(sure, right)}
    return replace(score, figures={**score.figures, **found})


class Written(Task):
    """Base of tasks whose models write.

    Attributes:
        one: what a text that was written is called.
        several: what several are called.
        parts: field of one text -> the output that holds it for several.
        given_as: what goes in is called so in rows.
    """

    one: str = ""
    several: str = ""
    parts: Mapping[str, str] = {}
    given_as: str = "text"

    def answers(self, outputs: Mapping[str, Any], block: list[Any], manifest: Any) -> list[Row]:
        """Returns the text with its `score` and more; or several, a list of such, the best first.

        Of an input that is not `valid` there is a single empty one.
        """
        return [self._ordered(row) for row in super().answers(outputs, block, manifest)]

    def _ordered(self, row: Row) -> Row:
        if "confidence" in row:
            row["confidence"] = float(row["confidence"])  # a stranger's model may say anything
        if self.several in row:
            parts = [part for part, column in self.parts.items() if column in row]
            columns = [row.pop(self.parts[part]) for part in parts]
            texts = [dict(zip(parts, column, strict=True)) for column in zip(*columns, strict=True)]
            return {self.several: texts if row.get("valid", True) else texts[:1], **row}
        if self.one in row:
            return {name: row[name] for name in (self.one, *_FIRST) if name in row} | row
        return row

    def lines(self, answered: Answered) -> str | None:
        """Returns one text a line; where an input has several, with their scores, and blank lines between."""
        rows = answered.rows
        if self.one in rows[0]:
            return "".join(f"{self._before(row, rows)}{one_line(row[self.one])}\n" for row in rows)
        if self.several not in rows[0]:
            return None
        blocks = (
            (
                f"{self._before(row, rows)}{one_line(text[self.one])}\t{_score({**row, **text})}\n"
                for text in row[self.several]
            )
            for row in rows
        )
        return "\n".join(map("".join, blocks))

    def notes(self, row: Row, answered: Answered) -> list[str]:
        """Says that an answer is doubtful, of a model that tells how sure it is."""
        doubtful = self._sure(row) < answered.least
        return [f"doubtful (confidence below {answered.least:g})"] if doubtful else []

    def _sure(self, row: Row) -> float:
        """Returns how sure a model is of an answer, of several the first; 1 where it does not say so."""
        if not row.get("valid", True):
            return 1.0  # which is no doubt: nothing was answered
        return float(row.get("confidence", row.get(self.several, [row])[0].get("confidence", 1.0)))

    def check_confidence(self, manifest: Manifest, signature: str) -> None:
        """Refuses models that do not say how sure they are.

        Raises:
            ZooError: it is one.
        """
        asked = manifest.signatures.get(signature or "serving_default")
        if asked and not {"confidence", "confidences"} & set(asked.outputs):
            raise ZooError(_UNSURE.format(manifest.name or "the model"))

    def marked(self, answered: Answered, least: float) -> Answered:
        """Returns the same with another bound, and in each row whether it is `doubtful`."""
        first = [row.get(self.several, [row])[0] for row in answered.rows]
        if not any("confidence" in {**row, **text} for row, text in zip(answered.rows, first, strict=True)):
            raise ZooError(_UNSURE.format(answered.manifest.name or "the model"))
        rows = [{**row, "doubtful": self._sure(row) < least} for row in answered.rows]
        return replace(answered, rows=rows, least=least)

    def _before(self, row: Row, rows: list[Row]) -> str:
        """Returns what stands before an answer on its line."""
        return ""

    def painted(self, answered: Answered) -> list[Any]:
        """Returns a table of inputs, answers and scores; with notes where there are any."""
        rows = answered.rows
        if self.one not in rows[0] and self.several not in rows[0]:
            return super().painted(answered)
        return [self._table(rows, answered)]

    def _table(self, rows: list[Row], answered: Answered) -> Table:
        noted = any(
            self.notes({**row, **text}, answered) for row in rows for text in row.get(self.several, [row])
        )
        sure = any("confidence" in text for row in rows for text in row.get(self.several, [row]))
        table = empty_table([self.given_as, self.one, "score", *["confidence"] * sure, *["note"] * noted])
        for row in rows:
            given = Text(safe(row[self.given_as]))
            given.truncate(_LONGEST, overflow="ellipsis")  # what was cut is the longest of all
            for text in row.get(self.several, [row]):
                told = self.notes({**row, **text, "truncated": given and row.get("truncated")}, answered)
                cells = [Text(safe(text[self.one])), Text(_score({**row, **text}))]
                if sure:
                    cells.append(Text(f"{text['confidence']:.2f}"))
                table.add_row(given, *cells, *["; ".join(told)] * noted)
                given = Text()
            if self.several in rows[0]:
                table.add_section()
        return table

    def flat(self, rows: list[Row]) -> tuple[list[str], list[Row]]:
        """Returns a row for each input; where it has several texts one for each, with its rank."""
        if self.several in rows[0]:
            rows = [ranked for row in rows for ranked in self._ranked(row)]
        return super().flat(rows)

    def _ranked(self, row: Row) -> list[Row]:
        (given, name), *others = ((key, value) for key, value in row.items() if key != self.several)
        return [
            {given: name, "rank": rank, **text, **dict(others)}
            for rank, text in enumerate(row[self.several], start=1)
        ]


def _score(answer: Row) -> str:
    """Returns the score of what was written; of an input that could not be read nothing was."""
    return shown(answer["score"]) if answer.get("valid", True) else ""
