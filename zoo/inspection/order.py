"""How much a model owes to the order of its tokens: its score as it is, shuffled, and reversed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zoo import metrics
from zoo.data import load
from zoo.data.examples import sources_and_references, text_and_labels, texts_of, tokens_and_tags
from zoo.errors import ZooError
from zoo.inspection import pictures
from zoo.models.registry import Model
from zoo.show import report
from zoo.text.units import WORD

ORDERS = ("as it is", "shuffled", "reversed")
_PASSAGE = {"char": 300, "word": 60}  # of a long text; short enough that many texts are seen
# Figures that are better the lower they are.
_LOWER = ("word_error_rate", "phoneme_error_rate", "nats", "bits", "perplexity")


class Task(NamedTuple):
    """Rows of a test part, and how a model is scored on them.

    Attributes:
        tokens: what is put into another order, called by its plural.
        figure: of the scores, the one that is drawn.
        rows: each a list of tokens, or of (token, tag) pairs, and the right answer or None.
        score: takes rows in a new order, gives what a function of `zoo.metrics` returns.
    """

    tokens: str
    figure: str
    rows: list[tuple[list[Any], Any]]
    score: Callable[[list[tuple[list[Any], Any]]], dict[str, Any]]


def scores_by_order(model: Model, most: int = 500, seed: int = 1) -> tuple[Task, dict[str, dict[str, Any]]]:
    """Scores a model on rows of its data's test part whose tokens stand in three orders.

    Args:
        model: a classifier, tagger, translator or language model.
        most: rows that are scored; if there are more, so many are drawn.
        seed: of the draw, and of the shuffling, which stays within each row.

    Returns:
        What was scored, and order -> scores.

    Raises:
        ZooError: the model reads no tokens, `most` is less than 1, or its data is not to be had.
    """
    kinds = {
        "classification": _classification,
        "tagging": _tagging,
        "translation": _translation,
        "text": _text,
    }
    mapping = model.manifest.get("mapping")
    if mapping not in kinds:
        raise ZooError(
            f"{model.name}: reads no tokens whose order could change; "
            "choose a classifier, tagger, translator or language model"
        )
    if most < 1:
        raise ZooError(f"--rows {most}: give at least 1")
    draw = random.Random(seed)
    # Loaded as when the model was trained.
    own = model.manifest["config"]
    options = {name: own[name] for name in ("tags", "source", "target") if own.get(name)}
    part = load(model.manifest["dataset"]["name"], mapping, **options).test
    task = kinds[mapping](model, part)
    rows = [row for row in task.rows if row[0]]
    if len(rows) > most:
        rows = [rows[i] for i in sorted(draw.sample(range(len(rows)), most))]
    changed = {
        "as it is": rows,
        "shuffled": [(draw.sample(tokens, len(tokens)), truth) for tokens, truth in rows],
        "reversed": [(tokens[::-1], truth) for tokens, truth in rows],
    }
    return task._replace(rows=rows), {order: task.score(changed[order]) for order in ORDERS}


def draw_order(model: Model, path: Path, most: int = 500, seed: int = 1) -> str:
    """Draws `scores_by_order` as bars into a PNG, SVG or PDF file, and prints the table.

    Returns:
        What the drop means.
    """
    pictures.check_path(path)
    task, scores = scores_by_order(model, most, seed)
    report.print_scores(scores, f"Order of {task.tokens} ({len(task.rows):,} rows of test)")
    draw(task, scores, model.name, path)
    return meaning(task, scores)


def meaning(task: Task, scores: dict[str, dict[str, Any]]) -> str:
    """Says in words how much of a figure comes from the order of tokens."""
    figure = task.figure
    written = [metrics.figures({figure: scores[order][figure]}) for order in ORDERS]
    ((name, before),), ((_, after),), ((_, backwards),) = (found.items() for found in written)
    change = scores["shuffled"][figure] - scores["as it is"][figure]
    lost = change if figure in _LOWER else -change
    whole = abs(scores["as it is"][figure])
    if lost <= 0.005 * whole:
        told = f"which {task.tokens} there are is all that this model uses here: order does not matter to it"
    else:
        by = f" by {abs(change) / whole:.0%}" if whole else " from 0"  # of which there is no share
        told = (
            f"it {'rises' if figure in _LOWER else 'drops'}{by}: that much the model owes to the order of "
            f"{task.tokens}, the rest to which of them there are"
        )
    return f"{name} {before} as it is, {after} shuffled, {backwards} reversed; {told}"


def draw(task: Task, scores: dict[str, dict[str, Any]], name: str, path: Path) -> None:
    """Draws a bar for each order."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axis = figure.subplots()
    heights = [scores[order][task.figure] for order in ORDERS]
    labels = [next(iter(metrics.figures({task.figure: height}).values())) for height in heights]
    bars = axis.bar(ORDERS, heights, color=("#0072B2", "#E69F00", "#999999"), width=0.6)
    axis.bar_label(bars, labels, padding=2, fontsize=11)
    better = "lower is better" if task.figure in _LOWER else "higher is better"
    axis.set(ylabel=f"{metrics.heading(task.figure)} ({better})", xlabel=f"order of {task.tokens}")
    if task.figure == "perplexity":
        axis.set_yscale("log")
    axis.margins(y=0.12)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_title(pictures.wrapped(f"{name}: what order is worth", 52))
    pictures.save(figure, path)


def _classification(model: Model, part) -> Task:
    texts, numbers = text_and_labels(part)
    names = model.manifest["labels"]

    def score(rows):
        answers = model.predict([" ".join(words) for words, _ in rows])
        found = [names.index(answer["label"]) for answer in answers]
        return metrics.classification([number for _, number in rows], found, names)

    return Task(
        "words", "accuracy", [(text.split(), n) for text, n in zip(texts, numbers, strict=True)], score
    )


def _tagging(model: Model, part) -> Task:
    rows = [(list(zip(*row, strict=True)), None) for row in zip(*tokens_and_tags(part), strict=True)]

    def score(rows):
        tokens, truth = ([[pair[i] for pair in row] for row, _ in rows] for i in (0, 1))
        predicted = [[token["tag"] for token in answer["tokens"]] for answer in model.predict(tokens)]
        return metrics.tagging(truth, predicted, tokens)

    # Spans fall apart where tokens change places, and their F1 with them: only single tags can be compared.
    return Task("tokens", "accuracy", rows, score)


def _translation(model: Model, part) -> Task:
    sources, references = sources_and_references(part)
    scored_as = model.manifest["config"].get("scored_as", "translation")
    words = scored_as == "translation"  # a word that is pronounced is a row of letters

    def score(rows):
        texts = [(" " if words else "").join(tokens) for tokens, _ in rows]
        predicted = [answer["translation"] for answer in model.predict(texts)]
        return metrics.ANSWERS[scored_as]([references for _, references in rows], predicted)

    rows = [
        (text.split() if words else list(text), truth)
        for text, truth in zip(sources, references, strict=True)
    ]
    return Task("words" if words else "letters", "bleu" if words else "word_error_rate", rows, score)


def _text(model: Model, part) -> Task:
    level = model.manifest["config"]["level"]
    units = [list(text) if level == "char" else WORD.findall(text) for text in texts_of(part)]
    rows = [(passage, None) for text in units for passage in _passages(text, _PASSAGE[level])]

    def score(rows):
        found = model.predict([("" if level == "char" else " ").join(row) for row, _ in rows], "score")
        return metrics.generation(
            [row["log_probability"] for row in found], [row["units"] for row in found], level
        )

    return Task("characters" if level == "char" else "words", "perplexity", rows, score)


def _passages(units: Sequence[str], size: int) -> list[list[str]]:
    return [list(units[start : start + size]) for start in range(0, len(units), size)]
