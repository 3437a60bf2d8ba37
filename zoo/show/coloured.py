"""Tagged texts in colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from zoo.data.tags import is_begin, span_type
from zoo.show.answers import safe

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


def coloured(rows: Sequence[dict[str, Any]], labels: Sequence[str], code: bool) -> list[Text]:
    """Returns texts with their tags in colour.

    Args:
        rows: `text`, `tokens` and `spans` of each.
        labels: all tags of the model, which share out the colours.
        code: whether the texts are source code; then a legend follows.
    """
    if code:
        legend = Text(" ").join(Text(role, style) for role, style in _CODE.items())
        return [*(_code(row) for row in rows), legend]
    kinds = dict.fromkeys(_kind(label) for label in labels if label != "O")
    colours = {kind: _COLOURS[i % len(_COLOURS)] for i, kind in enumerate(kinds)}
    paint = _spans if any(map(is_begin, labels)) else _tags
    return [paint(row, colours) for row in rows]


def _kind(tag: str) -> str:
    return span_type(tag) or tag


def _code(row: dict[str, Any]) -> Text:
    text = Text(safe(row["text"]))
    for token in row["tokens"]:
        text.stylize(_CODE.get(_kind(token["tag"]), ""), token["start"], token["end"])
    return text


def _spans(row: dict[str, Any], colours: dict[str, str]) -> Text:
    plain = safe(row["text"])
    text, last = Text(), 0
    for span in row["spans"]:
        style = colours.get(span["type"], "")
        text.append(plain[last : span["start"]])
        text.append(f" {plain[span['start'] : span['end']]} ", f"reverse {style}")
        text.append(f"{span['type']} ", f"bold {style}")
        last = span["end"]
    return text.append(plain[last:])


def _tags(row: dict[str, Any], colours: dict[str, str]) -> Text:
    pairs = ((safe(token["token"]), token["tag"]) for token in row["tokens"])
    return Text(" ").join(Text(token).append(f"/{tag}", colours.get(_kind(tag), "")) for token, tag in pairs)
