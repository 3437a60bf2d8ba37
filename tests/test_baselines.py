import pytest
import tensorflow as tf

from zoo import baselines
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
