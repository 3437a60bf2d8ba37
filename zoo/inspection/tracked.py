"""What a unit may keep track of in a text: numbers for each character, such as the depth of brackets."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

_OPENING, _CLOSING = "([{", ")]}"
_STRING_OR_COMMENT = re.compile(
    r"""
    \#[^\n]*
    | (?P<long>"{3}|'{3}) (?:\\.|.)*? (?:(?P=long)|\Z)
    | (?P<short>["']) (?:\\.|[^\\\n])*? (?:(?P=short)|(?=\n)|\Z)  # a line break ends what was not closed
    """,
    re.DOTALL | re.VERBOSE,
)
_QUOTES = {'"': '"', "“": "”", "«": "»"}


def tracked(text: str, code: bool) -> Mapping[str, np.ndarray]:
    """Returns name -> number at each character, when it has been read.

    Args:
        text: any, with line breaks `\\n`.
        code: whether it is source code, which has comments, and whose strings hold no brackets.

    Returns:
        `inside quotes` (0 or 1; the closing one is outside); for code `inside a comment` (0 or 1);
        `depth of brackets`; `indentation`, white space at the start of the line as far as it was read;
        `place in the line`, `place in the word` and `place in the text`, in characters; `inside a word`;
        and `capital letter`. Each is float (characters,).
    """
    quotes, comments = _strings_and_comments(text) if code else (_quotations(text), np.zeros(len(text)))
    outside = (quotes + comments) == 0
    step = np.array([(c in _OPENING) - (c in _CLOSING) for c in text], float) * (outside if code else 1)
    values = {
        "inside quotes": quotes,
        "inside a comment": comments,
        "depth of brackets": _depth(step),
        "indentation": _indentation(text),
        "place in the line": _since(text, r"\n"),
        "place in the word": _since(text, r"\W"),
        "inside a word": np.array([c.isalnum() or c == "_" for c in text], float),
        "capital letter": np.array([c.isupper() for c in text], float),
        "place in the text": np.arange(len(text), dtype=float),
    }
    return values if code else {name: value for name, value in values.items() if name != "inside a comment"}


def _quotations(text: str) -> np.ndarray:
    """Marks what stands between quotation marks of prose; a paragraph ends what was never closed."""
    inside, closing = np.zeros(len(text)), ""
    for i, character in enumerate(text):
        if closing and (character == closing or text.startswith("\n\n", i)):
            closing = ""
        elif not closing:
            closing = _QUOTES.get(character, "")
        inside[i] = bool(closing)
    return inside


def _strings_and_comments(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Marks strings and comments as Python has them, backslashes and triple quotes included."""
    quotes, comments = np.zeros(len(text)), np.zeros(len(text))
    for match in _STRING_OR_COMMENT.finditer(text):
        start, end = match.span()
        if match[0].startswith("#"):
            comments[start:end] = 1
            continue
        mark = match["long"] or match["short"]
        closed = len(match[0]) >= 2 * len(mark) and match[0].endswith(mark)
        quotes[start : end - closed] = 1
    return quotes, comments


def _depth(step: np.ndarray) -> np.ndarray:
    """Adds up steps; what closes more than was opened starts at 0 again."""
    depth, depths = 0.0, np.zeros(len(step))
    for i, change in enumerate(step):
        depth = max(0.0, depth + change)
        depths[i] = depth
    return depths


def _indentation(text: str) -> np.ndarray:
    lines = (line[: len(line) - len(line.lstrip())] for line in text.split("\n"))
    widths = [
        value
        for line, blank in zip(text.split("\n"), map(len, lines), strict=True)
        for value in [*(min(i, blank) for i in range(1, len(line) + 1)), 0]
    ]
    return np.array(widths[: len(text)], float)


def _since(text: str, boundary: str) -> np.ndarray:
    """Counts characters since the last that matches; this one has 0."""
    counts, count = np.zeros(len(text)), 0
    stops = {match.start() for match in re.finditer(boundary, text)}
    for i in range(len(text)):
        count = 0 if i in stops else count + 1
        counts[i] = count
    return counts
