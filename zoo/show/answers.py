"""A model's answers on the screen and in files."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from rich.table import Table
from rich.text import Text

from zoo.show.console import CONTROLS, console

Row = dict[str, Any]


class Answered(Protocol):
    """Answers beside what was given, and input -> why it could not be read."""

    @property
    def rows(self) -> list[Row]:
        """One for each input."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Those that were not read."""


class Shown(Protocol):
    """How the answers of one mapping are shown: see `zoo.tasks.Task`."""

    def lines(self, answered: Any) -> str | None:
        """For a pipe."""

    def painted(self, answered: Any) -> list[Any]:
        """For a terminal."""

    def flat(self, rows: list[Row]) -> tuple[list[str], list[Row]]:
        """For a table."""

    def picture(self, answered: Any) -> str | None:
        """For a file; None: as for a terminal."""

    def notes(self, row: Row, answered: Any) -> list[str]:
        """For a reader."""


def show(task: Shown, answered: Answered) -> None:
    """Prints answers as the task paints them; in a pipe or a file, where programs read on, as lines.

    Notes, such as that a text was cut, then go to standard error.
    """
    page = console(highlight=False)
    lines = None if page.is_terminal else task.lines(answered)
    if lines is None:
        page.print(*task.painted(answered), sep="\n")
        return
    print(lines, end="")
    tell(task, answered)


def tell(task: Shown, answered: Answered) -> None:
    """Prints notes to standard error: a line for each input not read, or for all that share one."""
    for name, reason in answered.refused.items():
        print(f"note: {safe(one_line(name))} {reason}", file=sys.stderr)
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(answered.rows, start=1):
        for note in task.notes(row, answered):
            if note not in answered.refused.values():
                numbers.setdefault(note, []).append(number)
    for note, which in numbers.items():
        some = ", ".join(map(str, which[:5])) + (f" and {len(which) - 5:,} more" if len(which) > 5 else "")
        print(f"note: text{'s' * (len(which) > 1)} {some}: {note}", file=sys.stderr)


def draw(task: Shown, answered: Answered, title: str = "") -> str:
    """Returns an SVG picture: the task's own, or what `show` prints on a terminal."""
    if own := task.picture(answered):
        return own
    page = console(highlight=False, force_terminal=True, record=True, file=io.StringIO(), width=92)
    page.print(*task.painted(answered), sep="\n")
    svg = page.export_svg(title=title)
    # Without the fonts, which would be fetched from elsewhere.
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def content(task: Shown, rows: list[Row], suffix: str) -> bytes:
    """Returns the bytes of a file of answers: as `write`, or `.parquet`, with the fields of `.jsonl`."""
    return parquet(rows) if suffix == ".parquet" else write(task, rows, suffix).encode("utf-8")


def write(task: Shown, rows: list[Row], suffix: str) -> str:
    """Returns answers as the content of a file.

    Args:
        task: whose answers they are.
        rows: what was given, and what was answered.
        suffix: `.jsonl`, an object for each input; or `.csv` or `.tsv`, the rows of the task's table.
    """
    return as_lines(rows) if suffix == ".jsonl" else separated(*task.flat(rows), suffix)


def as_lines(rows: Iterable[Row]) -> str:
    """Returns the content of a JSONL file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def parquet(rows: Sequence[Row]) -> bytes:
    """Returns the content of a Parquet file: numbers, lists and objects keep their types."""
    import pyarrow
    import pyarrow.parquet

    names = dict.fromkeys(name for row in rows for name in row)
    stream = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(
        pyarrow.table({name: [row.get(name) for row in rows] for name in names}), stream
    )
    written: bytes = stream.getvalue().to_pybytes()
    return written


def separated(header: Sequence[str], flat_rows: Iterable[Row], suffix: str) -> str:
    """Returns the content of a CSV or TSV file."""
    text = io.StringIO(newline="")
    separator = "\t" if suffix == ".tsv" else ","
    writer = csv.DictWriter(text, header, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat_rows)
    return text.getvalue()


def table(rows: Sequence[Row]) -> Table:
    """Returns a table with a column for each field of the first row."""
    shown_table = empty_table(rows[0])
    for row in rows:
        shown_table.add_row(*(Text(safe(shown(value))) for value in row.values()))
    return shown_table


def empty_table(columns: Iterable[str]) -> Table:
    """Returns a table without rows."""
    shown_table = Table()
    for column in columns:
        # rich miscounts lines with wide characters: the end of one would be lost, and is wrapped instead.
        shown_table.add_column(column, overflow="fold")
    return shown_table


def flat(row: Row) -> Row:
    """Spreads nested scores over columns of their own, and writes lists as JSON."""
    cells = {name: value for name, value in row.items() if not isinstance(value, dict)}
    for name, value in row.items():
        if isinstance(value, list):
            cells[name] = json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            cells |= {f"{name}.{key}": score for key, score in value.items()}
    return cells


def shown(value: Any) -> str:
    """Writes a value as tables show it."""
    if isinstance(value, dict):
        return "  ".join(f"{name} {score:.2f}" for name, score in value.items())
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def safe(text: str) -> str:
    """Replaces what a terminal would obey."""
    return text.translate(CONTROLS)


def one_line(text: str) -> str:
    """Keeps a text on its line, whatever model it comes from."""
    return re.sub(r"[\t\r\n]+", " ", text)
