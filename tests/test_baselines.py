import pytest
import tensorflow as tf

from zoo import baselines, metrics
from zoo.data import Examples


def make_examples(train, test) -> Examples:
    """Returns a tagging set of (tokens, tags) sentences, each given as `token/TAG token/TAG`."""

    def dataset(sentences):
        rows = [[pair.rpartition("/")[::2] for pair in sentence.split(" ")] for sentence in sentences]
        columns = {
            "tokens": [[t for t, _ in row] for row in rows],
            "tags": [[t for _, t in row] for row in rows],
        }
        signature = {name: tf.TensorSpec([None], tf.string) for name in columns}
        return tf.data.Dataset.from_generator(
            lambda: ({name: columns[name][i] for name in columns} for i in range(len(rows))),
            output_signature=signature,
        )

    return Examples("made-up", dataset(train), dataset(test), dataset(test), (), "", "", "")


def test_a_token_gets_its_commonest_tag_and_a_new_one_that_of_tokens_seen_once():
    # "the" is the commonest token; new tokens are tagged like "cat", "dog" and "Sees", which occur once.
    train = ["the/D cat/N sees/V the/D dog/N", "sees/N sees/V the/D Sees/V"]
    score = baselines.tagging(make_examples(train, ["the/D fox/N sees/V Sees/N"]))["majority tag per token"]
    assert score["accuracy"] == 3 / 4
    assert score["f1_by_tag"] == pytest.approx({"D": 1, "N": 2 / 3, "V": 2 / 3})


def test_where_no_token_occurs_once_the_commonest_tag_is_taken():
    examples = make_examples(["a/X a/X b/Y b/Y c/Y c/Y"], ["new/Y"])
    assert baselines.tagging(examples)["majority tag per token"]["accuracy"] == 1


def test_illegal_tags_of_the_baseline_are_scored_as_conlleval_reads_them():
    train = ["New/B-LOC York/I-LOC", "York/I-LOC is/O"]
    score = baselines.tagging(make_examples(train, ["York/B-LOC is/O", "New/B-LOC York/I-LOC"]))
    # "York/I-LOC" alone is no legal tag, and counts as a span of its own.
    assert score["majority tag per token"]["f1"] == 1
    assert score["majority tag per token"]["accuracy"] == 3 / 4


def test_tokens_that_are_not_ascii_are_known_again():
    examples = make_examples(["żółw/N i/C i/C", "jeden/V dwa/V"], ["żółw/N"])
    assert baselines.tagging(examples)["majority tag per token"]["accuracy"] == 1


def make_pairs(train, **parts) -> Examples:
    """Returns a translation set of (source, target) pairs."""

    def dataset(pairs):
        sources, targets = zip(*pairs, strict=True)
        return tf.data.Dataset.from_tensor_slices({"source": list(sources), "target": list(targets)})

    parts = {name: dataset(pairs) for name, pairs in parts.items()}
    test = parts.pop("test")
    return Examples("made-up", dataset(train), test, test, (), "", "", "", extra=parts)


PAIRS = [("the red house", "la maison rouge"), ("a big dog", "un grand chien"), ("Rome", "Rome")]


def test_a_new_source_gets_the_translation_of_the_most_similar_one_of_training():
    test = [("The red horse", "le cheval rouge"), ("a big dog", "un grand chien")]
    scores = baselines.translation(make_pairs(PAIRS, test=test))["test"]
    assert scores == {
        "the source itself": metrics.translation([t for _, t in test], [s for s, _ in test]),
        "nearest training pair": metrics.translation(
            [t for _, t in test], ["la maison rouge", "un grand chien"]
        ),
    }
    assert scores["nearest training pair"]["exact_match"] == 0.5
    assert scores["the source itself"]["exact_match"] == 0


def test_further_test_parts_are_scored_too():
    scores = baselines.translation(make_pairs(PAIRS, test=PAIRS[:1], names=[("Rome", "Rome"), ("Rom", "x")]))
    assert list(scores) == ["test", "names"]
    assert scores["names"]["the source itself"]["exact_match"] == 0.5
    assert scores["names"]["nearest training pair"]["exact_match"] == 0.5
    assert scores["names"]["nearest training pair"]["n"] == 2


def test_sources_of_one_character_and_of_none_have_a_nearest_pair_as_well():
    examples = make_pairs([("水", "water"), ("火", "fire")], test=[("火", "fire"), ("", "water")])
    assert baselines.translation(examples)["test"]["nearest training pair"]["exact_match"] == 1


def test_a_long_training_part_is_searched_at_its_beginning(monkeypatch):
    monkeypatch.setattr(baselines, "_MEMORY", 2)
    scores = baselines.translation(make_pairs(PAIRS, test=PAIRS))["test"]["nearest training pair"]
    assert scores["exact_match"] == pytest.approx(2 / 3)  # Rome stands third
