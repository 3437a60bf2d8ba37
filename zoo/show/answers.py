"""A model's answers on the screen and in files."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from zoo.data.tags import is_begin, span_type

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
CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "�")
CONTROLS |= {ord("\t"): "\t", ord("\n"): "\n", ord("\r"): " ", ord("\f"): " "}
_LONGEST = 500  # cells of a text beside its translation
# What is written for an input, and what it is called where there are several.
_WRITTEN = {"translation": "translations", "caption": "captions"}
_NONE: Mapping[str, str] = {}


def show(
    rows: list[dict[str, Any]],
    labels: list[str],
    code: bool = False,
    max_pieces: int = 0,
    refused: Mapping[str, str] = _NONE,
) -> None:
    """Prints answers: a table, or for taggers the texts themselves with their tags in colour.

    In a pipe or a file, where programs read on, some are printed otherwise:

    - Tagged tokens, whose colours would be lost, as columns: token, tag, score, start and end, parted by
      tabs, and a blank line between texts.
    - Translations and captions, one a line; where an input has several, with their scores behind a tab, and
      a blank line between inputs. Where there are several pictures, the picture and a tab stand before each
      caption. Notes, such as that a text was cut, go to standard error.
    - What a generator wrote, with the prompt before it and a blank line between texts.

    Args:
        rows: `text` or `image`, and what `zoo.tasks.answers.read` says of it.
        labels: all labels of the model, which share out the colours.
        code: whether the texts are source code.
        max_pieces: pieces of a text that a translator reads; 0 if unknown.
        refused: picture -> why it cannot be read.
    """
    console = Console(markup=False, emoji=False, highlight=False)
    lines = next((_LINES[name] for name in _LINES if name in rows[0]), None)
    if console.is_terminal or not lines:
        console.print(*_painted(rows, labels, code, max_pieces, refused), sep="\n")
        return
    print(lines(rows), end="")
    tell(rows, max_pieces, refused)


def tell(rows: list[dict[str, Any]], max_pieces: int = 0, refused: Mapping[str, str] = _NONE) -> None:
    """Prints `notes` to standard error: a line for each picture, or for all texts that share one."""
    for picture, reason in refused.items():
        print(f"note: {_safe(_line(picture))} {reason}", file=sys.stderr)
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(rows, start=1):
        for note in notes(row, max_pieces):
            numbers.setdefault(note, []).append(number)
    for note, which in numbers.items():
        some = ", ".join(map(str, which[:5])) + (f" and {len(which) - 5:,} more" if len(which) > 5 else "")
        print(f"note: text{'s' * (len(which) > 1)} {some}: {note}", file=sys.stderr)


def notes(answer: dict[str, Any], max_pieces: int = 0, refused: Mapping[str, str] = _NONE) -> list[str]:
    """Says what a reader should know: that a text was cut, or its translation, or a picture not read."""
    found = [refused[answer["image"]]] if answer.get("image") in refused else []
    if answer.get("truncated"):
        found.append(f"only the first {max_pieces or 'few'} pieces were read")
    if not all(each.get("finished", True) for each in answer.get("translations", [answer])):
        found.append("stopped at the length limit")
    return found


def draw(
    rows: list[dict[str, Any]],
    labels: list[str],
    code: bool = False,
    max_pieces: int = 0,
    refused: Mapping[str, str] = _NONE,
    title: str = "",
) -> str:
    """Returns what `show` prints on a terminal as an SVG picture. Arguments as there."""
    options = {"markup": False, "emoji": False, "highlight": False, "force_terminal": True}
    console = Console(**options, record=True, file=io.StringIO(), width=92)
    console.print(*_painted(rows, labels, code, max_pieces, refused), sep="\n")
    svg = console.export_svg(title=title)
    return re.sub(
        r"@font-face \{.*?\}", "", svg, flags=re.DOTALL
    )  # fonts that would be fetched from elsewhere


def write(rows: list[dict[str, Any]], suffix: str) -> str:
    """Returns answers as the content of a file.

    Args:
        rows: `text` or `image`, and what `zoo.tasks.answers.read` says of it.
        suffix: `.jsonl`, an object for each input; or `.csv` or `.tsv`, a row for each input, for taggers one
            for each token, with the number of its text, and where an input has several translations or
            captions one for each, with its rank.
    """
    return WRITERS[suffix](rows)


def _painted(
    rows: list[dict[str, Any]], labels: list[str], code: bool, max_pieces: int, refused: Mapping[str, str]
) -> list[Table | Text]:
    for name, several in _WRITTEN.items():
        if name in rows[0] or several in rows[0]:
            return [_written(rows, name, max_pieces, refused)]
    if "continuation" in rows[0]:
        return [_continued(row) for row in rows]
    if "spans" not in rows[0]:
        return [_answers(rows)]
    colours = _CODE if code else _shared_out(labels)
    paint = _code if code else _spans if any(map(is_begin, labels)) else _tags
    legend = [Text(" ").join(Text(role, style) for role, style in _CODE.items())] if code else []
    return [paint(row, colours) for row in rows] + legend


def _continued(row: dict[str, Any]) -> Text:
    """Shows a text, what the model wrote of it in colour."""
    before = row["text"].removesuffix(row["continuation"])
    return Text.assemble((_safe(before), "bold"), (_safe(row["continuation"]), "cyan"), "\n")


def _answers(rows: list[dict[str, Any]]) -> Table:
    table = _empty_table(rows[0])
    for row in rows:
        table.add_row(*(Text(_safe(_shown(value))) for value in row.values()))
    return table


def _empty_table(columns: Iterable[str]) -> Table:
    table = Table()
    for column in columns:
        # rich miscounts lines with wide characters: the end of one would be lost, and is wrapped instead.
        table.add_column(column, overflow="fold")
    return table


def _written(rows: list[dict[str, Any]], name: str, max_pieces: int, refused: Mapping[str, str]) -> Table:
    noted = any(notes(row, max_pieces, refused) for row in rows)
    several = _WRITTEN[name] in rows[0]
    given = "image" if "image" in rows[0] else "text"
    table = _empty_table([given, name, "score", *["note"] * noted])
    for row in rows:
        text = Text(_safe(row[given]))
        text.truncate(_LONGEST, overflow="ellipsis")  # what was cut is the longest of all
        for each in row.get(_WRITTEN[name], [row]):
            told = notes({**row, **each, "truncated": text and row.get("truncated")}, max_pieces, refused)
            cells = [Text(_safe(each[name])), Text(_score({**row, **each}))]
            table.add_row(text, *cells, *["; ".join(told)] * noted)
            text = Text()
        if several:
            table.add_section()
    return table


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {score:.2f}" for name, score in value.items())
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _safe(text: str) -> str:
    return text.translate(CONTROLS)


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


def _tagged_lines(rows: list[dict[str, Any]]) -> str:
    return "\n".join(_columns(row["tokens"]) for row in rows)


def _written_lines(rows: list[dict[str, Any]]) -> str:
    (name,) = _WRITTEN.keys() & rows[0].keys()
    return "".join(f"{_before(row, rows)}{_line(row[name])}\n" for row in rows)


def _several_lines(rows: list[dict[str, Any]]) -> str:
    name, several = next(pair for pair in _WRITTEN.items() if pair[1] in rows[0])
    blocks = (
        (f"{_before(row, rows)}{_line(each[name])}\t{_score({**row, **each})}\n" for each in row[several])
        for row in rows
    )
    return "\n".join(map("".join, blocks))


def _score(answer: dict[str, Any]) -> str:
    """Returns the score of what was written; of a picture that could not be read nothing was."""
    return _shown(answer["score"]) if answer.get("valid", True) else ""


def _before(row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Returns what says which of several pictures a caption belongs to."""
    return f"{_line(row['image'])}\t" if "image" in row and len(rows) > 1 else ""


def _line(text: str) -> str:
    """Keeps a text on its line, whatever model it comes from."""
    return re.sub(r"[\t\r\n]+", " ", text)


# How answers that have one of these fields are printed for other programs.
_LINES: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "spans": _tagged_lines,
    **dict.fromkeys(_WRITTEN, _written_lines),
    **dict.fromkeys(_WRITTEN.values(), _several_lines),
    "continuation": lambda rows: "\n".join(f"{row['text']}\n" for row in rows),
}


def _columns(tokens: list[dict[str, Any]]) -> str:
    lines = ["\t".join(_cell(value) for value in token.values()) + "\n" for token in tokens]
    return "".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, str) and not value.isprintable():  # as a line break is
        return json.dumps(value, ensure_ascii=False)[1:-1]
    return _shown(value)


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Spreads nested scores over columns of their own, and writes lists as JSON."""
    flat = {name: value for name, value in row.items() if not isinstance(value, dict)}
    for name, value in row.items():
        if isinstance(value, list):
            flat[name] = json.dumps(value, ensure_ascii=False)
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": score for key, score in value.items()}
    return flat


def _ranked(row: dict[str, Any], several: str) -> list[dict[str, Any]]:
    (given, name), *others = ((key, value) for key, value in row.items() if key != several)
    return [
        {given: name, "rank": rank, **each, **dict(others)} for rank, each in enumerate(row[several], start=1)
    ]


def _table(rows: list[dict[str, Any]], separator: str) -> str:
    for several in _WRITTEN.values():
        if several in rows[0]:
            rows = [each for row in rows for each in _ranked(row, several)]
    header = list(_flat(rows[0]))
    if "spans" in rows[0]:
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
