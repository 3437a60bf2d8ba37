"""Scores of pronunciations."""

from collections.abc import Sequence

from zoo.metrics.captions import edits
from zoo.metrics.compared import is_a_reference, ratio
from zoo.metrics.score import Score


def pronunciation(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> Score:
    """Scores pronunciations by what is wrong: of whole words, and of the phonemes in them.

    Args:
        references: one or more right pronunciations of each word, phonemes parted by spaces.
        predicted: a pronunciation of each.

    Returns:
        `n`, the number of words; `word_error_rate`, the share of pronunciations that equal none of their
        references; and `phoneme_error_rate`, the phonemes inserted, deleted or replaced against the
        closest reference (of equals the longest), for each phoneme of these references. Both are of 100;
        the latter may pass it.
    """
    wrong_words = sum(not is_a_reference(*pair) for pair in zip(references, predicted, strict=True))
    counted = list(map(_phoneme_errors, references, predicted))
    figures = {
        "word_error_rate": 100 * ratio(wrong_words, len(predicted)),
        "phoneme_error_rate": 100 * ratio(sum(w for w, _ in counted), sum(n for _, n in counted)),
    }
    return Score(len(predicted), figures)


def phoneme_closeness(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[float]:
    """Returns the phoneme error rate of each pronunciation by itself, negative: the closer the higher."""
    return [-ratio(*_phoneme_errors(*pair)) for pair in zip(references, predicted, strict=True)]


def _phoneme_errors(references: Sequence[str], predicted: str) -> tuple[int, int]:
    """Returns the fewest edits to one of the references, and how many phonemes this one has."""
    tried = [(edits(text.split(), predicted.split()), -len(text.split())) for text in references]
    fewest, length = min(tried)
    return fewest, -length
