from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from tiny import labelled, pairs_of, sentences_of

from zoo.data import Examples, Part
from zoo.tasks.translation import sources_and_references


def sentences(*rows):
    """Returns a dataset of sentences, each "token/tag token/tag"."""

    def pairs():
        for row in rows:
            tokens, tags = zip(*(pair.split("/") for pair in row.split()), strict=True)
            yield {"tokens": list(tokens), "tags": list(tags)}

    spec = tf.TensorSpec([None], tf.string)
    return Part(tf.data.Dataset.from_generator(pairs, output_signature={"tokens": spec, "tags": spec}))


def tagging(train, validation):
    return Examples("a", train, validation, validation, ("X", "Y"), "", "", "")


def test_tokens_and_tags_are_lists_of_strings():
    tokens, tags = sentences_of(sentences("a/X é/Y", "c/Y"))
    assert tokens == [["a", "é"], ["c"]]
    assert tags == [["X", "Y"], ["Y"]]


def test_sentences_of_one_fixed_length_are_read_too():
    dataset = tf.data.Dataset.from_tensor_slices({"tokens": [["a", "b"]], "tags": [["X", "Y"]]})
    assert sentences_of(Part(dataset)) == ([["a", "b"]], [["X", "Y"]])


def test_columns_of_sentences_are_ragged():
    blocks = list(sentences("a/X b/Y", "c/Y", "d/X").blocks("tags", rows=2))
    assert [block.to_list() for (block,) in blocks] == [[[b"X", b"Y"], [b"Y"]], [[b"X"]]]
    assert all(isinstance(block, tf.RaggedTensor) for (block,) in blocks)


def test_columns_of_scalars_are_arrays():
    dataset = tf.data.Dataset.from_tensor_slices({"text": ["a", "b", "c"], "label": [0, 1, 1]})
    (first, numbers), (second, _) = Part(dataset).blocks("text", "label", rows=2)
    assert (first.tolist(), second.tolist()) == ([b"a", b"b"], [b"c"])
    assert isinstance(numbers, np.ndarray)
    assert labelled(Part(dataset))[0] == ["a", "b", "c"]


def test_a_fingerprint_repeats_itself():
    first, again = (tagging(sentences("a/X b/Y", "c/Y"), sentences("d/X")).fingerprint() for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    "train",
    [
        sentences("a/X", "b/Y c/Y"),
        sentences("a/X b/Y c/Y"),
        sentences("a/X b/X", "c/Y"),
        sentences("a/X e/Y", "c/Y"),
        sentences("c/Y", "a/X b/Y"),
    ],
    ids=["other bounds", "one sentence", "another tag", "another token", "another order"],
)
def test_other_sentences_have_another_fingerprint(train):
    examples = tagging(sentences("a/X b/Y", "c/Y"), sentences("d/X"))
    assert replace(examples, train=train).fingerprint() != examples.fingerprint()


def test_pairs_are_lists_of_strings():
    dataset = tf.data.Dataset.from_tensor_slices({"target": ["é", "b"], "source": ["a", b"\xff"]})
    assert pairs_of(Part(dataset)) == (["a", "\ufffd"], ["é", "b"])


def test_distinct_sources_have_all_their_targets():
    dataset = tf.data.Dataset.from_tensor_slices({"source": ["b", "a", "b"], "target": ["1", "2", "3"]})
    assert sources_and_references(Part(dataset)) == (["b", "a"], [["1", "3"], ["2"]])


def test_captions_are_lists_of_strings_whatever_the_pictures_are():
    def pictures():
        for size, captions in ((2, ["a", "é"]), (3, [b"\xff"])):
            yield {"image": np.zeros((size, size, 3), np.uint8), "captions": captions}

    spec = {"image": tf.TensorSpec([None, None, 3], tf.uint8), "captions": tf.TensorSpec([None], tf.string)}
    dataset = tf.data.Dataset.from_generator(pictures, output_signature=spec)
    assert Part(dataset).rows_of_strings("captions") == [["a", "é"], ["\ufffd"]]
    assert Part(dataset.take(1).repeat(2)).rows_of_strings("captions") == [["a", "é"]] * 2


def pictures(*rows):
    """Returns a dataset of pictures of one number each, given as (height, width, number, captions)."""

    def made():
        for height, width, number, captions in rows:
            yield {"image": np.full((height, width, 3), number, np.uint8), "captions": captions}

    spec = {"image": tf.TensorSpec([None, None, 3], tf.uint8), "captions": tf.TensorSpec([None], tf.string)}
    return Part(tf.data.Dataset.from_generator(made, output_signature=spec))


PICTURES = [(2, 3, 7, ["a", "b"]), (1, 1, 8, ["c"])]


@pytest.fixture(scope="module")
def captioned():
    return Examples("a", pictures(*PICTURES), pictures(*PICTURES[:1]), pictures(), (), "", "", "")


@pytest.mark.parametrize(
    "rows",
    [
        [(2, 3, 6, ["a", "b"]), (1, 1, 8, ["c"])],
        [(3, 2, 7, ["a", "b"]), (1, 1, 8, ["c"])],
        [(2, 3, 7, ["a", "x"]), (1, 1, 8, ["c"])],
        [(2, 3, 7, ["b", "a"]), (1, 1, 8, ["c"])],
        [(2, 3, 7, ["a"]), (1, 1, 8, ["b", "c"])],
        PICTURES[::-1],
        PICTURES[:1],
    ],
    ids=["other pixels", "another shape", "another caption", "captions in another order", "captions moved",
         "another order", "one less"],
)  # fmt: skip
def test_other_pictures_or_captions_have_another_fingerprint(captioned, rows):
    assert replace(captioned, train=pictures(*rows)).fingerprint() != captioned.fingerprint()


def test_a_fingerprint_of_pictures_repeats_itself_and_is_that_of_the_splits_asked_for(captioned):
    again = replace(captioned, train=pictures(*PICTURES), test=pictures(*PICTURES))
    assert again.fingerprint() == captioned.fingerprint()
    assert replace(captioned, validation=pictures(*PICTURES)).fingerprint() != captioned.fingerprint()
    assert again.fingerprint(splits=("test",)) == captioned.fingerprint(splits=("train",))
    assert captioned.fingerprint(["a"]) != captioned.fingerprint()


def test_further_test_parts_have_names():
    examples = tagging(sentences("a/X"), sentences("b/X"))
    more = replace(examples, extra={"test_terms": sentences("c/Y")})
    assert sentences_of(more.split("test_terms"))[0] == [["c"]]
    assert more.split("train") is examples.train
    assert more.fingerprint() == examples.fingerprint()
    with pytest.raises(KeyError):
        examples.split("test_terms")
