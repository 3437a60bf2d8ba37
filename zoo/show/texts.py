"""What a person sees of texts that were written: figures, the worst, and others drawn evenly."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.table import Table
from rich.text import Text

from zoo import metrics
from zoo.metrics import Scores
from zoo.show.console import console, drawn_evenly, print_scores, several, shown, titled, visible


def print_translation(
    scores: Scores,
    sources: Sequence[str],
    references: Sequence[Sequence[str]],
    predicted: Sequence[str],
    closeness: Callable[[Sequence[Sequence[str]], Sequence[str]], Sequence[float]] = metrics.sentence_chrf,
    part: str = "test",
    what: str = "translation",
    samples: int = 6,
) -> None:
    """Prints scores, the worst answers by themselves, and others drawn evenly from the whole part.

    Args:
        scores: name -> score; the model itself last.
        sources: texts (n,).
        references: the right translations of each.
        predicted: the model's translation of each.
        closeness: tells how close answers come to their references, the closer the higher.
        part: what the title calls the rows.
        what: what an answer is called.
        samples: how many of each kind to show.
    """
    print_scores(scores, f"Scores on {part}")
    rows = list(zip(sources, references, predicted, strict=True))
    wrong = [i for i, (_, right, text) in enumerate(rows) if not metrics.is_a_reference(right, text)]
    close = closeness([rows[i][1] for i in wrong], [rows[i][2] for i in wrong])
    # Equal ones in the order of the data, so that the same translations are shown each time.
    worst = [i for _, i in sorted(zip(close, wrong, strict=True))][:samples]
    even = drawn_evenly(len(rows), worst, samples)
    if worst:
        console().print(_translations(f"Worst {what}s", [rows[i] for i in worst], what))
    if even:
        title = "Others, drawn evenly (wrong ones in red)"
        console().print(_translations(title, [rows[i] for i in even], what))


def print_kept(kept: Mapping[str, Mapping[str, float]]) -> None:
    """Prints how much of what must not be lost came through: what `zoo.metrics.kept` returns."""
    if kept:
        table = titled("What must come through", "", "of", "kept", left=1)
        for kind, found in kept.items():
            table.add_row(kind, f"{found['of']:,}", f"{found['kept']:.3f}")
        console().print(table)


def print_captioning(
    scores: Scores,
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
    print_scores(scores, f"Scores on {part}")
    rows = list(zip(names or [""] * len(predicted), references, predicted, strict=True))
    worst, even = worst_and_others(references, predicted, samples)
    names_only = metrics.are_names(references)
    if worst:
        console().print(_captions("Worst captions", [rows[i] for i in worst], names_only))
    if even:
        title = "Others, drawn evenly" + " (wrong ones in red)" * names_only
        console().print(_captions(title, [rows[i] for i in even], names_only))


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
    cider = metrics.cider_each(references, predicted)
    wrong = [
        i
        for i, pair in enumerate(zip(references, predicted, strict=True))
        if not metrics.is_a_reference(*pair)
    ]
    worst = sorted(wrong, key=cider.__getitem__)[:samples]  # equal ones in the order of the data
    return worst, drawn_evenly(len(predicted), worst, samples)


def _translations(title: str, rows: Iterable[tuple[str, Sequence[str], str]], heading: str) -> Table:
    table = titled(title, "source", "reference", heading, left=3)
    for source, right, text in rows:
        wrong = not metrics.is_a_reference(right, text)
        table.add_row(shown(source), several(right), Text(shown(text), "red" if wrong else ""))
    return table


def _captions(title: str, rows: Iterable[tuple[str, Sequence[str], str]], names_only: bool) -> Table:
    """Tabulates captions, as wrong in red only where there is one right answer."""
    rows = list(rows)
    with_names = any(name for name, _, _ in rows)
    headings = ["picture"] * with_names + ["references", "caption"]
    table = titled(title, *headings, left=len(headings))
    for name, true, caption in rows:
        cells = [visible(name)] * with_names + [several(true)]
        right = metrics.is_a_reference(true, caption)
        table.add_row(*cells, Text(shown(caption), "red" if names_only and not right else ""))
    return table
