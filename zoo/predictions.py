"""A model's answers on the screen and in files."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zoo.tags import is_begin, span_type

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "red", "bright_cyan", "bright_green",
            "bright_magenta", "bright_yellow", "bright_blue", "bright_red")  # fmt: skip
# As editors colour code.
_CODE = {
    "keyword": "bold magenta", "constant": "bold yellow", "function": "bold blue", "class": "bold green",
    "parameter": "italic yellow", "argument": "italic yellow", "call": "blue", "attribute": "cyan",
    "module": "green", "import": "green", "builtin": "bright_cyan", "variable": "default",
    "decorator": "bright_magenta", "number": "yellow", "operator": "dim", "string": "red",
    "comment": "dim italic",
}  # fmt: skip
# A terminal obeys control characters, and rich drops some, which shifts what follows: one stands for each.
_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "�")
_CONTROLS |= {ord("\t"): "\t", ord("\n"): "\n", ord("\r"): " ", ord("\f"): " "}


def show(rows: list[dict[str, Any]], labels: list[str], code: bool = False) -> None:
    """Prints answers: a table, or for taggers the texts themselves with their tags in colour.

    Where colours would be lost, in a pipe or a file, tagged tokens are printed as columns instead: token,
    tag, score, start and end, parted by tabs, and a blank line between texts.

    Args:
        rows: `text` and what `zoo.answers.read` says of it.
        labels: all labels of the model, which share out the colours.
        code: whether the texts are source code.
    """
    console = Console(markup=False, emoji=False, highlight=False)
    if "tokens" in rows[0] and not console.is_terminal:
        print("\n".join(_columns(row["tokens"]) for row in rows), end="")
    else:
        console.print(*_painted(rows, labels, code), sep="\n")


def draw(rows: list[dict[str, Any]], labels: list[str], code: bool = False, title: str = "") -> str:
    """Returns what `show` prints on a terminal as an SVG picture. Arguments as there."""
    options = {"markup": False, "emoji": False, "highlight": False, "force_terminal": True}
    console = Console(**options, record=True, file=io.StringIO(), width=92)
    console.print(*_painted(rows, labels, code), sep="\n")
    svg = console.export_svg(title=title)
    return re.sub(
        r"@font-face \{.*?\}", "", svg, flags=re.DOTALL
    )  # fonts that would be fetched from elsewhere


def write(rows: list[dict[str, Any]], suffix: str) -> str:
    """Returns answers as the content of a file.

    Args:
        rows: `text` and what `zoo.answers.read` says of it.
        suffix: `.jsonl`, an object for each text; or `.csv` or `.tsv`, a row for each text, for taggers one
            for each token, with the number of its text.
    """
    return WRITERS[suffix](rows)


def _painted(rows: list[dict[str, Any]], labels: list[str], code: bool) -> list[Table | Text]:
    if "tokens" not in rows[0]:
        return [_answers(rows)]
    colours = _CODE if code else _shared_out(labels)
    paint = _code if code else _spans if any(map(is_begin, labels)) else _tags
    legend = [Text(" ").join(Text(role, style) for role, style in _CODE.items())] if code else []
    return [paint(row, colours) for row in rows] + legend


def _answers(rows: list[dict[str, Any]]) -> Table:
    table = Table()
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(Text(_safe(_shown(value))) for value in row.values()))
    return table


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {score:.2f}" for name, score in value.items())
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _safe(text: str) -> str:
    return text.translate(_CONTROLS)


def _kind(tag: str) -> str:
    return span_type(tag) or tag


def _shared_out(labels: list[str]) -> dict[str, str]:
    kinds = dict.fromkeys(_kind(label) for label in labels if label != "O")
    return {kind: _COLOURS[i % len(_COLOURS)] for i, kind in enumerate(kinds)}


def _code(row: dict[str, Any], colours: dict[str, str]) -> Text:
    text = Text(_safe(row["text"]))
    for token in row["tokens"]:
        text.stylize(colours.get(_kind(token["tag"]), ""), token["start"], token["end"])
    return text


def _spans(row: dict[str, Any], colours: dict[str, str]) -> Text:
    plain = _safe(row["text"])
    text, last = Text(), 0
    for span in row["spans"]:
        style = colours.get(span["type"], "")
        text.append(plain[last : span["start"]])
        text.append(f" {plain[span['start'] : span['end']]} ", f"reverse {style}")
        text.append(f"{span['type']} ", f"bold {style}")
        last = span["end"]
    return text.append(plain[last:])


def _tags(row: dict[str, Any], colours: dict[str, str]) -> Text:
    pairs = ((_safe(token["token"]), token["tag"]) for token in row["tokens"])
    return Text(" ").join(Text(token).append(f"/{tag}", colours.get(_kind(tag), "")) for token, tag in pairs)


def _columns(tokens: list[dict[str, Any]]) -> str:
    lines = ["\t".join(_cell(value) for value in token.values()) + "\n" for token in tokens]
    return "".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, str) and not value.isprintable():  # as a line break is
        return json.dumps(value, ensure_ascii=False)[1:-1]
    return _shown(value)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Spreads nested scores over columns of their own."""
    flat = {name: value for name, value in row.items() if not isinstance(value, dict)}
    for name, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": score for key, score in value.items()}
    return flat


def _table(rows: list[dict[str, Any]], separator: str) -> str:
    header = list(_flat(rows[0]))
    if "tokens" in rows[0]:
        header = ["text", "token", "tag", "score", "start", "end"]
        rows = [{"text": i, **token} for i, row in enumerate(rows) for token in row["tokens"]]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(_flat, rows))
    return text.getvalue()


WRITERS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    ".csv": lambda rows: _table(rows, ","),
    ".tsv": lambda rows: _table(rows, "\t"),
    ".jsonl": lambda rows: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
}
