"""Our own challenge sets: balanced, without repeats, and with nothing of one half in the other."""

from collections import Counter
from pathlib import Path

import pytest

from zoo.data.own.conll import read_columns
from zoo.data.own.tables import filled
from zoo.data.splits import fingerprint
from zoo.data.tags import spans

RECIPES = Path(__file__).parents[2] / "recipes"
HALVES = ("challenge", "challenge_final")


def sentences(half):
    return filled(RECIPES / f"sentiment/{half}.csv", ("text", "label", "kind"), ("text",))


def tagged(half):
    return read_columns(RECIPES / f"tagging/{half}.conll")


def test_both_halves_of_sentiment_are_balanced_alike():
    kinds = {half: Counter((label, kind) for _, label, kind in sentences(half)) for half in HALVES}
    assert kinds["challenge"] == kinds["challenge_final"]
    for half in HALVES:
        labels = Counter(label for _, label, _ in sentences(half))
        assert labels == {"negative": 45, "positive": 45, "neutral": 30}
    known = {"plain", "negation", "contrast", "irony", "comparative", "degree", "formal", "tweet"}
    assert {kind for _, kind in kinds["challenge"]} == known | {"fact", "question"}
    # No kind but those of neutral rows gives the label away.
    assert all(
        {(label, kind) for label in ("negative", "positive")} <= set(kinds["challenge"]) for kind in known
    )


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        (lambda half: [text for text, *_ in sentences(half)], 240),
        (lambda half: [" ".join(sentence.tokens) for sentence in tagged(half)], 120),
    ],
)
def test_no_sentence_stands_twice(texts, rows):
    # Case and punctuation aside.
    assert len({fingerprint(text) for half in HALVES for text in texts(half)}) == rows
    assert sum(len(texts(half)) for half in HALVES) == rows


@pytest.mark.parametrize("half", HALVES)
def test_tags_are_valid_bio_as_they_stand(half):
    lines = (RECIPES / f"tagging/{half}.conll").read_text(encoding="utf-8").split("\n")
    written = [line.split(" ")[-1] for line in lines if line]
    assert written == [tag for sentence in tagged(half) for tag in sentence.tags]  # the reader mended nothing
    kinds = ("PER", "LOC", "ORG", "MISC")
    assert set(written) == {"O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in kinds)}


def test_each_type_of_name_is_there_often_enough():
    for half in HALVES:
        types = Counter(kind for sentence in tagged(half) for kind, _, _ in spans(sentence.tags))
        assert set(types) == {"PER", "LOC", "ORG", "MISC"}
        assert min(types.values()) >= 25
