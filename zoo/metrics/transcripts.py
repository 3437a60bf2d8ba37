"""Scores of transcriptions."""

from collections.abc import Sequence

from zoo.metrics.compared import ratio
from zoo.metrics.score import Score


def transcription(references: Sequence[str], predicted: Sequence[str]) -> Score:
    """Scores what was read or heard.

    Args:
        references: the right text of each file.
        predicted: a text of each.

    Returns:
        `n`, the number of files; `character_error_rate`, the characters inserted, deleted or replaced
        (Levenshtein) for each character of the references, and `line_error_rate`, the share of texts that are
        not the right ones. Both are of 100; the former may pass it. Runs of white space are one space.
    """
    pairs = [(_plain(right), _plain(text)) for right, text in zip(references, predicted, strict=True)]
    wrong = sum(character_edits(right, text) for right, text in pairs)
    figures = {
        "character_error_rate": 100 * ratio(wrong, sum(len(right) for right, _ in pairs)),
        "line_error_rate": 100 * ratio(sum(right != text for right, text in pairs), len(pairs)),
    }
    return Score(len(pairs), figures)


def character_edits(right: str, text: str) -> int:
    """Returns the fewest characters inserted, deleted or replaced that turn one text into the other."""
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(right, text))


def _plain(text: str) -> str:
    return " ".join(text.split())
