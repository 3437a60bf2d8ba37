"""Scores of tags: one for each token, or the spans that they mark; also on tokens that were found too."""

from collections import Counter
from collections.abc import Iterable, Sequence

from zoo.data.tags import span_type, spans
from zoo.metrics.compared import ratio
from zoo.metrics.score import Score


def tagging(
    truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], tokens: Sequence[Sequence[str]]
) -> Score:
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
    counts = {"tokens": pairs.total()}
    hits = sum(count for (right, chosen), count in pairs.items() if right == chosen)
    accuracy = {"accuracy": ratio(hits, pairs.total())}
    if not is_span_data(truth):
        by_tag = _f1_by_tag(pairs)
        macro_f1 = ratio(sum(by_tag.values()), len(by_tag))
        return Score(len(truth), {**accuracy, "macro_f1": macro_f1}, counts, {"f1_by_tag": by_tag})
    true_spans, system = [spans(tags) for tags in truth], [spans(tags) for tags in predicted]
    by_type = {
        kind: _matches(_of_type(true_spans, kind), _of_type(system, kind))["f1"]
        for kind in sorted({kind for row in true_spans for kind, _, _ in row})
    }
    return Score(len(truth), {**_matches(true_spans, system), **accuracy}, counts, {"f1_by_type": by_type})


def tokenization(
    truth: Sequence[Sequence[tuple[int, int]]], predicted: Sequence[Sequence[tuple[int, int]]]
) -> Score:
    """Scores found tokens by exact offsets: the "Words" of the CoNLL 2018 shared task.

    Args:
        truth: (start, end) of the right tokens, text by text.
        predicted: those of the found tokens.

    Returns:
        `f1`, `precision` (right ones of the found) and `recall` (right ones of the true).
    """
    return Score(len(truth), _matches(truth, predicted))


def tagging_from_raw(
    truth: Sequence[Sequence[tuple[int, int, str]]], predicted: Sequence[Sequence[tuple[int, int, str]]]
) -> Score:
    """Scores tags on tokens that were found too: the "UPOS" of the CoNLL 2018 shared task.

    Args:
        truth: (start, end, tag) of the right tokens, text by text.
        predicted: those of the found tokens.

    Returns:
        `f1`, `precision` and `recall`; a tag counts as right only on a token with exactly the right offsets.
    """
    return Score(len(truth), _matches(truth, predicted))


def is_span_data(truth: Iterable[Sequence[str]]) -> bool:
    """Tells whether `tagging` scores spans: `B-` or `I-` tags, and one plain tag (`O`) at most."""
    distinct = {tag for tags in truth for tag in tags}
    plain = {tag for tag in distinct if span_type(tag) is None}
    return len(plain) <= 1 and plain != distinct


def _scored_pairs(truth, predicted, tokens) -> list[tuple[str, str]]:
    return [
        (right, answered)
        for row in zip(truth, predicted, tokens, strict=True)
        for right, answered, token in zip(*row, strict=True)
        if token.strip()
    ]


def _f1_by_tag(pairs: Counter[tuple[str, str]]) -> dict[str, float]:
    right: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for (right_tag, predicted_tag), count in pairs.items():
        right[right_tag] += count
        predicted[predicted_tag] += count
    return {tag: 2 * pairs[tag, tag] / (right[tag] + predicted[tag]) for tag in sorted(right)}


def _of_type(rows: list[list[tuple[str, int, int]]], kind: str) -> list[list[tuple[str, int, int]]]:
    return [[span for span in row if span[0] == kind] for row in rows]


def _matches(truth: Sequence[Sequence[tuple]], predicted: Sequence[Sequence[tuple]]) -> dict[str, float]:
    right = sum(
        (Counter(map(tuple, gold)) & Counter(map(tuple, answered))).total()
        for gold, answered in zip(truth, predicted, strict=True)
    )
    true, system = sum(map(len, truth)), sum(map(len, predicted))
    return {
        "f1": ratio(2 * right, true + system),
        "precision": ratio(right, system),
        "recall": ratio(right, true),
    }
