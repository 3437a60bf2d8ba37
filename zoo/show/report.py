"""What a person sees after a training: tables of scores, mistakes and samples."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from zoo import metrics
from zoo.metrics.captions import cider_each

REFERENCES = 2  # shown of several
_MOST_TAGS, _WEAKEST_TAGS = 25, 10  # rows of the table of tags; how many of them are kept for weak tags
_CONFUSIONS = 10
_WINDOW = 8  # tokens shown on each side of a mistake
_LONGEST = 160  # characters shown of a text
_MOST_FIGURES = 6  # side by side


def print_classification(
    scores: Mapping[str, Mapping[str, Any]],
    texts: Sequence[str],
    truth: np.ndarray,
    probabilities: np.ndarray,
    label_names: Sequence[str],
    mistakes: int = 5,
) -> None:
    """Prints one table of scores, a confusion matrix, and the mistakes that the model was surest of.

    Args:
        scores: name -> what `zoo.metrics.classification` returns; the model itself last.
        texts: inputs (n,).
        truth: right label numbers (n,).
        probabilities: the model's (n, labels).
        label_names: name of each number.
        mistakes: how many to show.
    """
    console = Console(markup=False, emoji=False)  # labels are the user's own strings
    console.print(
        _scores({name: metrics.figures(s) | _f1_by_label(s, label_names) for name, s in scores.items()})
    )
    console.print(_confusion(list(scores.values())[-1]["confusion"], label_names))
    console.print(_worst(texts, truth, probabilities, label_names, mistakes))


def print_tagging(
    scores: Mapping[str, Mapping[str, Any]],
    tokens: Sequence[Sequence[str]],
    truth: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    mistakes: int = 8,
) -> None:
    """Prints scores, F1 of each span type or tag, the commonest confusions, and sentences that show them.

    Args:
        scores: name -> what `zoo.metrics.tagging` returns; the model itself last.
        tokens: sentence by sentence.
        truth: the right tag of each token.
        predicted: the model's.
        mistakes: how many sentences to show.
    """
    console = Console(markup=False, emoji=False)  # tokens are the user's own strings
    print_scores(scores)
    console.print(_parts(scores, tokens, truth))
    confusions = _confusions(tokens, truth, predicted)
    if confusions:
        console.print(_commonest(confusions, tokens))
        console.print(_sentences(confusions, tokens, truth, predicted, mistakes))


def print_translation(
    scores: Mapping[str, Mapping[str, Any]],
    sources: Sequence[str],
    references: Sequence[Sequence[str]],
    predicted: Sequence[str],
    part: str = "test",
    scored_as: str = "translation",
    samples: int = 6,
) -> None:
    """Prints scores, the worst answers by themselves, and others drawn evenly from the whole part.

    Args:
        scores: name -> what one of `zoo.metrics.ANSWERS` returns; the model itself last.
        sources: texts (n,).
        references: the right translations of each.
        predicted: the model's translation of each.
        part: what the title calls the rows.
        scored_as: what the answers are, one of `zoo.metrics.ANSWERS`.
        samples: how many of each kind to show.
    """
    console = Console(markup=False, emoji=False)  # texts are the user's own strings
    print_scores(scores, f"Scores on {part}")
    rows = list(zip(sources, references, predicted, strict=True))
    wrong = [i for i, (_, right, found) in enumerate(rows) if not metrics.is_a_reference(right, found)]
    close = metrics.closeness(scored_as, [rows[i][1] for i in wrong], [rows[i][2] for i in wrong])
    # Equal ones in the order of the data, so that the same translations are shown each time.
    worst = [i for _, i in sorted(zip(close, wrong, strict=True))][:samples]
    even = _drawn_evenly(len(rows), worst, samples)
    if worst:
        console.print(_translations(f"Worst {scored_as}s", [rows[i] for i in worst], scored_as))
    if even:
        title = "Others, drawn evenly (wrong ones in red)"
        console.print(_translations(title, [rows[i] for i in even], scored_as))


def print_captioning(
    scores: Mapping[str, Mapping[str, Any]],
    names: Sequence[str],
    references: Sequence[Sequence[str]],
    predicted: Sequence[str],
    part: str = "test",
    samples: int = 6,
) -> None:
    """Prints scores, the worst captions by each picture's CIDEr, and others drawn evenly from the whole part.

    Args:
        scores: name -> what `zoo.metrics.captioning` returns; the model itself last.
        names: what each picture is called; empty where pictures have no names.
        references: the true captions of each picture.
        predicted: the model's caption of each.
        part: what the title calls the rows.
        samples: how many of each kind to show.
    """
    console = Console(markup=False, emoji=False)  # captions are the user's own strings
    print_scores(scores, f"Scores on {part}")
    rows = list(zip(names or [""] * len(predicted), references, predicted, strict=True))
    worst, even = worst_and_others(references, predicted, samples)
    names_only = metrics.are_names(references)
    if worst:
        console.print(_captions("Worst captions", [rows[i] for i in worst], names_only))
    if even:
        title = "Others, drawn evenly" + " (wrong ones in red)" * names_only
        console.print(_captions(title, [rows[i] for i in even], names_only))


def worst_and_others(
    references: Sequence[Sequence[str]], predicted: Sequence[str], samples: int
) -> tuple[list[int], list[int]]:
    """Chooses the captions that people should look at.

    Args:
        references: the true captions of each picture.
        predicted: the model's caption of each.
        samples: how many of each kind.

    Returns:
        The rows of the captions that equal no reference and have the lowest CIDEr, and of others drawn evenly
        from all.
    """
    cider = cider_each(references, predicted)
    wrong = [
        i
        for i, pair in enumerate(zip(references, predicted, strict=True))
        if not metrics.is_a_reference(*pair)
    ]
    worst = sorted(wrong, key=cider.__getitem__)[:samples]  # equal ones in the order of the data
    return worst, _drawn_evenly(len(predicted), worst, samples)


def _drawn_evenly(total: int, left_out: Sequence[int], samples: int) -> list[int]:
    """Returns the middles of equal stretches of 0 ... total - 1, without what is left out."""
    others = [i for i in range(total) if i not in left_out]
    count = min(samples, len(others))
    return [others[(2 * k + 1) * len(others) // (2 * count)] for k in range(count)]


def print_scores(scores: Mapping[str, Mapping[str, Any]], title: str = "Scores") -> None:
    """Prints one row for each name, one column for each figure that the last of them has."""
    rows = {name: metrics.figures(score) for name, score in scores.items()}
    Console(markup=False, emoji=False).print(_scores(rows, title))


def print_figures(rows: Mapping[str, Mapping[str, str]], title: str) -> None:
    """Prints one row for each name, one column for each heading, figures as they are written."""
    Console(markup=False, emoji=False).print(_scores(rows, title))


def print_text(text: str, title: str) -> None:
    """Prints a text of several lines under a title."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)
    console = Console(markup=False, emoji=False, highlight=False)
    console.rule(title, align="left")
    console.print(Text(shown), soft_wrap=True)
    console.rule()


def _scores(rows: Mapping[str, Mapping[str, str]], title: str = "Scores") -> Table:
    headings = list(rows.values())[-1]
    if len(headings) > _MOST_FIGURES:  # many figures of a few names stand below each other
        table = _table(title, "", *rows, left=1)
        for heading in headings:
            table.add_row(heading, *(figures[heading] for figures in rows.values()))
        return table
    table = _table(title, "", *headings, left=1)
    for name, figures in rows.items():
        table.add_row(name, *(figures[heading] for heading in headings))
    return table


def _table(title: str, *headings: str, left: int) -> Table:
    """Returns an empty table whose first `left` columns hold text, the others numbers."""
    table = Table(title=title, title_justify="left")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i < left else "right")
    return table


def _confusion(counts: Sequence[Sequence[int]], label_names: Sequence[str]) -> Table:
    table = _table("Confusion (rows: right label; columns: predicted)", "", *label_names, left=1)
    for i, (name, row) in enumerate(zip(label_names, counts, strict=True)):
        cells = [Text(str(count), style="bold" if i == j else "") for j, count in enumerate(row)]
        table.add_row(name, *cells)
    return table


def _worst(texts, truth, probabilities, label_names, mistakes) -> Table:
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != truth)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:mistakes]
    table = _table("Worst mistakes", "right", "predicted", "sure", "text", left=4)
    for i in surest:
        sure = f"{probabilities[i].max():.2f}"
        table.add_row(label_names[truth[i]], label_names[predicted[i]], sure, shown(texts[i]))
    return table


def _translations(title: str, rows: Iterable[tuple[str, Sequence[str], str]], heading: str) -> Table:
    table = _table(title, "source", "reference", heading, left=3)
    for source, right, found in rows:
        wrong = not metrics.is_a_reference(right, found)
        table.add_row(shown(source), _several(right), Text(shown(found), "red" if wrong else ""))
    return table


def _captions(title: str, rows: Iterable[tuple[str, Sequence[str], str]], names_only: bool) -> Table:
    """Tabulates captions, as wrong in red only where there is one right answer."""
    rows = list(rows)
    with_names = any(name for name, _, _ in rows)
    headings = ["picture"] * with_names + ["references", "caption"]
    table = _table(title, *headings, left=len(headings))
    for name, true, found in rows:
        cells = [_visible(name)] * with_names + [_several(true)]
        right = metrics.is_a_reference(true, found)
        table.add_row(*cells, Text(shown(found), "red" if names_only and not right else ""))
    return table


def shown(text: str) -> str:
    """Returns a text as it is shown: on one line, cut, without control characters."""
    return _visible(metrics.plain(text), _LONGEST)


def _several(references: Sequence[str]) -> str:
    return " / ".join(map(shown, references[:REFERENCES]))


def _f1_by_label(score: Mapping[str, Any], label_names: Sequence[str]) -> dict[str, str]:
    return {f"F1 {name}": f"{score['f1'][name]:.4f}" for name in label_names}


def _parts(scores, tokens, truth) -> Table:
    """Tabulates F1 of every span type, or of the commonest tags and the weakest of the others."""
    last = list(scores.values())[-1]
    key = "f1_by_type" if "f1_by_type" in last else "f1_by_tag"
    each = last[key]
    if key == "f1_by_type":
        support = Counter(kind for tags in truth for kind, _, _ in metrics.spans(tags))
    else:
        pairs = (pair for row in zip(tokens, truth, strict=True) for pair in zip(*row, strict=True))
        support = Counter(tag for token, tag in pairs if token.strip())
    shown = sorted(each, key=lambda name: -support[name])
    title = "F1 of each type" if key == "f1_by_type" else "F1 of each tag"
    if len(shown) > _MOST_TAGS:
        common = _MOST_TAGS - _WEAKEST_TAGS
        title = f"F1 of {len(shown)} tags: {common} commonest, {_WEAKEST_TAGS} weakest of the others"
        shown[common:] = sorted(shown[common:], key=each.get)[:_WEAKEST_TAGS]
    table = _table(title, "", "support", *scores, left=1)
    for name in shown:
        table.add_row(name, f"{support[name]:,}", *(f"{score[key][name]:.4f}" for score in scores.values()))
    return table


def _confusions(tokens, truth, predicted) -> list[tuple[tuple[str, str], list[tuple[int, int]]]]:
    """Returns ((right, predicted), places) with the commonest first; a place is (sentence, token)."""
    places: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for i, sentence in enumerate(tokens):
        for j, token in enumerate(sentence):
            if truth[i][j] != predicted[i][j] and token.strip():
                places.setdefault((truth[i][j], predicted[i][j]), []).append((i, j))
    return sorted(places.items(), key=lambda item: -len(item[1]))


def _commonest(confusions, tokens) -> Table:
    table = _table("Commonest confusions", "right", "predicted", "most often", "count", left=3)
    for (right, found), places in confusions[:_CONFUSIONS]:
        ((token, _),) = Counter(tokens[i][j] for i, j in places).most_common(1)
        table.add_row(right, found, _visible(token), f"{len(places):,}")
    return table


def _sentences(confusions, tokens, truth, predicted, mistakes) -> Table:
    """Shows one place of each confusion in turn, and each sentence once."""
    table = _table("Mistakes", "token", "right", "predicted", "sentence (wrong tokens in red)", left=4)
    in_turn = sorted(
        (turn, number, place)
        for number, (_, places) in enumerate(confusions)
        for turn, place in enumerate(places[:mistakes])
    )
    first: dict[int, int] = {}  # sentence -> token
    for _, _, (i, j) in in_turn:
        first.setdefault(i, j)
    for i, j in list(first.items())[:mistakes]:
        wrong = [a != b for a, b in zip(truth[i], predicted[i], strict=True)]
        table.add_row(_visible(tokens[i][j]), truth[i][j], predicted[i][j], _window(tokens[i], wrong, j))
    return table


def _window(sentence: Sequence[str], wrong: Sequence[bool], middle: int) -> Text:
    start, end = max(0, middle - _WINDOW), middle + _WINDOW + 1
    styles = ["bold red" if j == middle else "red" if wrong[j] else "" for j in range(len(sentence))]
    parts = [(_visible(sentence[j]), styles[j]) for j in range(start, min(end, len(sentence)))]
    parts = [("…", "")] * (start > 0) + parts + [("…", "")] * (end < len(sentence))
    return Text(" ").join(Text(*part) for part in parts)


def _visible(text: str, longest: int = 40) -> str:
    """Returns a text cut in length, line breaks and control characters replaced by signs."""
    shown = "".join(c if c.isprintable() else "↵" if c == "\n" else "�" for c in text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
