"""Scores by their standard definitions, thin over well-kept libraries."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from zoo.tags import span_type, spans


def classification(
    truth: Sequence[int], predicted: Sequence[int], label_names: Sequence[str]
) -> dict[str, Any]:
    """Scores predicted labels.

    Args:
        truth: right label numbers (n,).
        predicted: predicted label numbers (n,).
        label_names: name of each number.

    Returns:
        `accuracy`; `macro_f1`, the mean over labels of the harmonic mean of precision and recall; `f1`, label
        -> F1; `confusion`, a table with a row for each right and a column for each predicted label; and `n`.
    """
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    numbers = range(len(label_names))
    each = f1_score(truth, predicted, labels=numbers, average=None, zero_division=0)
    return {
        "n": len(truth),
        "accuracy": float(accuracy_score(truth, predicted)),
        "macro_f1": float(np.mean(each)),
        "f1": dict(zip(label_names, map(float, each), strict=True)),
        "confusion": confusion_matrix(truth, predicted, labels=numbers).tolist(),
    }


def tagging(
    truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], tokens: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """Scores predicted tags, one for each token.

    Where the truth holds `B-` and `I-` tags and one plain tag at most (`O`), spans count, by the rules of
    conlleval, the script of the CoNLL-2000 shared task: a span is right when its type, start and end are, and
    illegal tags are read as `spans` says. Else single tags count; so do they where `B-` and `I-` tags stand
    beside several plain ones, as in `python_source`.

    Args:
        truth: right tags, sentence by sentence.
        predicted: predicted tags, as many.
        tokens: the tokens themselves. Those of nothing but white space (the line breaks of code) give their
            tag away, and no single tag of theirs is scored; spans may run over them.

    Returns:
        `n`, the number of sentences; `tokens`, how many are scored; and `accuracy` over tokens. For spans
        `f1`, `precision` and `recall` over all of them, and `f1_by_type`; else `f1_by_tag`, and `macro_f1`,
        the mean over tags. Both tables hold what stands in the truth.
    """
    pairs = Counter(_scored_pairs(truth, predicted, tokens))
    sizes = {"n": len(truth), "tokens": pairs.total()}
    accuracy = _ratio(sum(count for (right, found), count in pairs.items() if right == found), pairs.total())
    if not is_span_data(truth):
        each = _f1_by_tag(pairs)
        macro_f1 = _ratio(sum(each.values()), len(each))
        return {**sizes, "accuracy": accuracy, "macro_f1": macro_f1, "f1_by_tag": each}
    right, found = [spans(tags) for tags in truth], [spans(tags) for tags in predicted]
    each = {
        kind: _matches(_of_type(right, kind), _of_type(found, kind))["f1"]
        for kind in sorted({kind for row in right for kind, _, _ in row})
    }
    return {**sizes, **_matches(right, found), "accuracy": accuracy, "f1_by_type": each}


def headline(scores: dict[str, Any]) -> float:
    """Returns the figure that stands first: span F1, or accuracy."""
    return next(value for value in scores.values() if isinstance(value, float))


def tokenization(
    truth: Sequence[Sequence[tuple[int, int]]], predicted: Sequence[Sequence[tuple[int, int]]]
) -> dict[str, float]:
    """Scores found tokens by exact offsets: the "Words" of the CoNLL 2018 shared task.

    Args:
        truth: (start, end) of the right tokens, text by text.
        predicted: those of the found tokens.

    Returns:
        `f1`, `precision` (right ones of the found) and `recall` (right ones of the true).
    """
    return _matches(truth, predicted)


def tagging_from_raw(
    truth: Sequence[Sequence[tuple[int, int, str]]], predicted: Sequence[Sequence[tuple[int, int, str]]]
) -> dict[str, float]:
    """Scores tags on tokens that were found too: the "UPOS" of the CoNLL 2018 shared task.

    Args:
        truth: (start, end, tag) of the right tokens, text by text.
        predicted: those of the found tokens.

    Returns:
        `f1`, `precision` and `recall`; a tag counts as right only on a token with exactly the right offsets.
    """
    return _matches(truth, predicted)


def is_span_data(truth: Iterable[Sequence[str]]) -> bool:
    """Tells whether `tagging` scores spans: `B-` or `I-` tags, and one plain tag (`O`) at most."""
    distinct = {tag for tags in truth for tag in tags}
    plain = {tag for tag in distinct if span_type(tag) is None}
    return len(plain) <= 1 and plain != distinct


def _scored_pairs(truth, predicted, tokens) -> list[tuple[str, str]]:
    return [
        (right, found)
        for row in zip(truth, predicted, tokens, strict=True)
        for right, found, token in zip(*row, strict=True)
        if token.strip()
    ]


def _f1_by_tag(pairs: Counter[tuple[str, str]]) -> dict[str, float]:
    right, found = Counter(), Counter()
    for (right_tag, found_tag), count in pairs.items():
        right[right_tag] += count
        found[found_tag] += count
    return {tag: 2 * pairs[tag, tag] / (right[tag] + found[tag]) for tag in sorted(right)}


def _of_type(rows: list[list[tuple[str, int, int]]], kind: str) -> list[list[tuple[str, int, int]]]:
    return [[span for span in row if span[0] == kind] for row in rows]


def _matches(truth: Sequence[Sequence[tuple]], predicted: Sequence[Sequence[tuple]]) -> dict[str, float]:
    right = sum(
        (Counter(map(tuple, gold)) & Counter(map(tuple, found))).total()
        for gold, found in zip(truth, predicted, strict=True)
    )
    true, system = sum(map(len, truth)), sum(map(len, predicted))
    return {
        "f1": _ratio(2 * right, true + system),
        "precision": _ratio(right, system),
        "recall": _ratio(right, true),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
