"""What a person sees of a tagger's scores: figures, F1 by type or tag, confusions, sentences."""

from collections import Counter
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from zoo.data.tags import spans
from zoo.metrics import Scores
from zoo.show.console import console, print_scores, titled, visible

_MOST_TAGS, _WEAKEST_TAGS = 25, 10  # rows of the table of tags; how many of them are kept for weak tags
_CONFUSIONS = 10
_WINDOW = 8  # tokens shown on each side of a mistake
_Sentences = Sequence[Sequence[str]]
_Confusions = list[tuple[tuple[str, str], list[tuple[int, int]]]]


def print_tagging(
    scores: Scores,
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
    print_scores(scores)
    console().print(_parts(scores, tokens, truth))
    confusions = _confusions(tokens, truth, predicted)
    if confusions:
        console().print(_commonest(confusions, tokens))
        console().print(_sentences(confusions, tokens, truth, predicted, mistakes))


def _parts(scores: Scores, tokens: _Sentences, truth: _Sentences) -> Table:
    """Tabulates F1 of every span type, or of the commonest tags and the weakest of the others."""
    last = list(scores.values())[-1]
    key = "f1_by_type" if "f1_by_type" in last else "f1_by_tag"
    f1 = last[key]
    if key == "f1_by_type":
        support = Counter(kind for tags in truth for kind, _, _ in spans(tags))
    else:
        pairs = (pair for row in zip(tokens, truth, strict=True) for pair in zip(*row, strict=True))
        support = Counter(tag for token, tag in pairs if token.strip())
    shown = sorted(f1, key=lambda name: -support[name])
    title = "F1 of each type" if key == "f1_by_type" else "F1 of each tag"
    if len(shown) > _MOST_TAGS:
        common = _MOST_TAGS - _WEAKEST_TAGS
        title = f"F1 of {len(shown)} tags: {common} commonest, {_WEAKEST_TAGS} weakest of the others"
        shown[common:] = sorted(shown[common:], key=f1.__getitem__)[:_WEAKEST_TAGS]
    table = titled(title, "", "support", *scores, left=1)
    for name in shown:
        table.add_row(name, f"{support[name]:,}", *(f"{score[key][name]:.4f}" for score in scores.values()))
    return table


def _confusions(tokens: _Sentences, truth: _Sentences, predicted: _Sentences) -> _Confusions:
    """Returns ((right, predicted), places) with the commonest first; a place is (sentence, token)."""
    places: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for i, sentence in enumerate(tokens):
        for j, token in enumerate(sentence):
            if truth[i][j] != predicted[i][j] and token.strip():
                places.setdefault((truth[i][j], predicted[i][j]), []).append((i, j))
    return sorted(places.items(), key=lambda item: -len(item[1]))


def _commonest(confusions: _Confusions, tokens: _Sentences) -> Table:
    table = titled("Commonest confusions", "right", "predicted", "most often", "count", left=3)
    for (right, predicted), places in confusions[:_CONFUSIONS]:
        ((token, _),) = Counter(tokens[i][j] for i, j in places).most_common(1)
        table.add_row(right, predicted, visible(token), f"{len(places):,}")
    return table


def _sentences(
    confusions: _Confusions, tokens: _Sentences, truth: _Sentences, predicted: _Sentences, mistakes: int
) -> Table:
    """Shows one place of each confusion in turn, and each sentence once."""
    table = titled("Mistakes", "token", "right", "predicted", "sentence (wrong tokens in red)", left=4)
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
        table.add_row(visible(tokens[i][j]), truth[i][j], predicted[i][j], _window(tokens[i], wrong, j))
    return table


def _window(sentence: Sequence[str], wrong: Sequence[bool], middle: int) -> Text:
    start, end = max(0, middle - _WINDOW), middle + _WINDOW + 1
    styles = ["bold red" if j == middle else "red" if wrong[j] else "" for j in range(len(sentence))]
    parts = [(visible(sentence[j]), styles[j]) for j in range(start, min(end, len(sentence)))]
    parts = [("…", "")] * (start > 0) + parts + [("…", "")] * (end < len(sentence))
    return Text(" ").join(Text(*part) for part in parts)
