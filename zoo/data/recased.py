"""Copies of rows in lower case and in capitals: what people type is not spelled as newspapers are."""

import re
from collections.abc import Callable

import numpy as np

from zoo.data.part import Part, joined


def recased(
    part: Part,
    feature: str,
    lower: float,
    capitals: float = 0,
    titles: float = 0,
    shouts: float = 0,
    seed: int = 0,
) -> Part:
    """Adds copies of some rows whose text is in another case; all else of them stays.

    Args:
        part: rows.
        feature: strings (n,) or rows of strings (n, time).
        lower: share of the rows that are copied in lower case.
        capitals: share of them that are copied in capitals.
        titles: share of them that are copied With Each Word So.
        shouts: share of them that are copied with one WORD in capitals.
        seed: decides which.
    """
    random = np.random.default_rng(seed)
    parts = [part]

    def shouted(text: str) -> str:
        return _shouted(text, random)

    for share, change in ((lower, str.lower), (capitals, str.upper), (titles, _titled), (shouts, shouted)):
        chosen = np.sort(random.permutation(len(part))[: round(share * len(part))])
        if len(chosen):
            parts.append(_changed(part.taken(chosen), feature, change))
    return joined(parts)


def _titled(text: str) -> str:
    return re.sub(r"\w[\w'’]*", lambda match: match[0][0].upper() + match[0][1:], text)


def _shouted(text: str, random: np.random.Generator) -> str:
    words = list(re.finditer(r"[^\W\d_]{2,}", text))
    if not words:
        return text
    start, end = words[random.integers(len(words))].span()
    return text[:start] + text[start:end].upper() + text[end:]


def _changed(part: Part, feature: str, change: Callable[[str], str]) -> Part:
    if isinstance(part.column(feature), np.ndarray):
        return part.with_column(feature, [change(text) for text in part.strings(feature)])
    rows = part.rows_of_strings(feature)
    return part.with_column(feature, [[change(word) for word in row] for row in rows])
