import random

import pytest

from zoo.data.splits import fingerprint, near_duplicates, split_of


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Good MORNING, world!", "good morning world"),
        ("RT @ann: Good morning https://t.co/x1", "good morning"),
        ("good morning (via @ann_b) www.example.org/a?b", "good morning"),
        ("MT smart carts start", "smart carts start"),
        ("fish &amp; chips &lt;3", "fish chips 3"),
        ("#snake_case it’s", "snake case it s"),
        ("Ünïcode ２ ٣", "ünïcode ２ ٣"),
        ("@ann http://t.co/x !!!", ""),
        ("", ""),
    ],
)
def test_fingerprint(text, key):
    assert fingerprint(text) == key


@pytest.mark.parametrize(
    ("key", "split"),
    [  # `printf %s KEY | sha256sum`: the first 16 digits, a number, modulo 10
        ("zebra", "train"),
        ("one", "train"),
        ("two", "train"),
        ("five", "test"),
        ("a", "test"),
        ("seven", "validation"),
        ("", "train"),
    ],
)
def test_split_of_never_changes(key, split):
    assert split_of(key) == split


def test_splits_take_80_10_10_percent():
    splits = [split_of(f"text number {i}") for i in range(10_000)]
    assert 7_850 < splits.count("train") < 8_150
    assert 880 < splits.count("validation") < 1_120
    assert 880 < splits.count("test") < 1_120


def test_splits_may_be_smaller():
    splits = [split_of(f"text number {i}", 50) for i in range(10_000)]
    assert 160 < splits.count("validation") < 240
    assert 160 < splits.count("test") < 240


@pytest.mark.parametrize(
    ("keys", "clusters"),
    [
        ([], []),
        (["x", "y", "x", "", "x", ""], [[0, 2, 4], [1], [3, 5]]),
        # Pairs ab bc cd de and ab bc cd df: 3 of 5 are shared, which is 0.6 exactly.
        (["a b c d e", "a b c d f"], [[0, 1]]),
        # ab bc cd de ef and ab bc cd dx xy: 3 of 7.
        (["a b c d e f", "a b c d x y"], [[0], [1]]),
        # Each has 3 of 5 in common with the next one; the ends have 2 of 6.
        (["a b c d e", "p q", "c d e f g", "b c d e f"], [[0, 2, 3], [1]]),
        # 3 of 4 pairs are shared, but one side has 3 pairs only: too short to judge.
        (["a b c d", "a b c d e", "a b c d"], [[0, 2], [1]]),
        # The same words in another order share no pair.
        (["a b c d e", "e d c b a"], [[0], [1]]),
    ],
)
def test_near_duplicates(keys, clusters):
    assert near_duplicates(keys) == clusters


def test_a_copy_joins_the_cluster_of_its_first_occurrence():
    assert near_duplicates(["a b c d e", "z", "a b c d f", "z", "a b c d f"]) == [[0, 2, 4], [1, 3]]


def test_retweets_are_equal_and_a_comment_in_front_is_near():
    text = "we saw nine herons over the canal before breakfast today"
    copies = [text.title() + "!", f"RT @ann: {text} https://t.co/x", f"wow RT @ann: {text}"]
    assert near_duplicates([fingerprint(copy) for copy in copies]) == [[0, 1, 2]]


def test_threshold_decides():
    keys = ["a b c d e f", "a b c d e g"]  # 4 of 6 pairs
    assert near_duplicates(keys, 0.66) == [[0, 1]]
    assert near_duplicates(keys, 0.67) == [[0], [1]]


def test_comparing_all_with_all_finds_the_same_clusters():
    draw = random.Random(3)
    keys = [" ".join(draw.choices("abcd", k=draw.randint(1, 9))) for _ in range(150)]
    pairs = [set(zip(key.split(), key.split()[1:], strict=False)) for key in keys]
    cluster = list(range(len(keys)))
    for i in range(len(keys)):
        for j in range(i):
            long = len(pairs[i]) >= 4 and len(pairs[j]) >= 4
            near = long and 10 * len(pairs[i] & pairs[j]) >= 6 * len(pairs[i] | pairs[j])
            if near or keys[i] == keys[j]:
                old, new = sorted((cluster[i], cluster[j]), reverse=True)
                cluster = [new if number == old else number for number in cluster]
    expected = [[i for i in range(len(keys)) if cluster[i] == number] for number in sorted(set(cluster))]
    assert len(expected) < 140
    assert near_duplicates(keys) == expected
