import numpy as np
import pytest
import tensorflow as tf

from zoo import baselines, metrics, tasks
from zoo.baselines import texts
from zoo.data import Examples, Part


def tagging(examples):
    return tasks.Tagging().baselines(examples, None)["test"]


def translation(examples, scored_as="translation"):
    return tasks.Translation(scored_as).baselines(examples, None)


def captioning(examples):
    return tasks.Captioning().baselines(examples, None)


def make_examples(train, test) -> Examples:
    """Returns a tagging set of (tokens, tags) sentences, each given as `token/TAG token/TAG`."""

    def dataset(sentences):
        rows = [[pair.rpartition("/")[::2] for pair in sentence.split(" ")] for sentence in sentences]
        columns = {
            "tokens": [[t for t, _ in row] for row in rows],
            "tags": [[t for _, t in row] for row in rows],
        }
        signature = {name: tf.TensorSpec([None], tf.string) for name in columns}
        return Part(
            tf.data.Dataset.from_generator(
                lambda: ({name: columns[name][i] for name in columns} for i in range(len(rows))),
                output_signature=signature,
            )
        )

    return Examples("made-up", dataset(train), dataset(test), dataset(test), (), "", "", "")


def test_a_token_gets_its_commonest_tag_and_a_new_one_that_of_tokens_seen_once():
    # "the" is the commonest token; new tokens are tagged like "cat", "dog" and "Sees", which occur once.
    train = ["the/D cat/N sees/V the/D dog/N", "sees/N sees/V the/D Sees/V"]
    score = tagging(make_examples(train, ["the/D fox/N sees/V Sees/N"]))["majority tag per token"]
    assert score["accuracy"] == 3 / 4
    assert score["f1_by_tag"] == pytest.approx({"D": 1, "N": 2 / 3, "V": 2 / 3})


def test_where_no_token_occurs_once_the_commonest_tag_is_taken():
    examples = make_examples(["a/X a/X b/Y b/Y c/Y c/Y"], ["new/Y"])
    assert tagging(examples)["majority tag per token"]["accuracy"] == 1


def test_illegal_tags_of_the_baseline_are_scored_as_conlleval_reads_them():
    train = ["New/B-LOC York/I-LOC", "York/I-LOC is/O"]
    score = tagging(make_examples(train, ["York/B-LOC is/O", "New/B-LOC York/I-LOC"]))
    # "York/I-LOC" alone is no legal tag, and counts as a span of its own.
    assert score["majority tag per token"]["f1"] == 1
    assert score["majority tag per token"]["accuracy"] == 3 / 4


def test_tokens_that_are_not_ascii_are_known_again():
    examples = make_examples(["żółw/N i/C i/C", "jeden/V dwa/V"], ["żółw/N"])
    assert tagging(examples)["majority tag per token"]["accuracy"] == 1


def make_pairs(train, **parts) -> Examples:
    """Returns a translation set of (source, target) pairs."""

    def dataset(pairs):
        sources, targets = zip(*pairs, strict=True)
        return Part({"source": list(sources), "target": list(targets)})

    parts = {name: dataset(pairs) for name, pairs in parts.items()}
    test = parts.pop("test")
    return Examples("made-up", dataset(train), test, test, (), "", "", "", extra=parts)


PAIRS = [("the red house", "la maison rouge"), ("a big dog", "un grand chien"), ("Rome", "Rome")]


def test_a_new_source_gets_the_translation_of_the_most_similar_one_of_training():
    test = [("The red horse", "le cheval rouge"), ("a big dog", "un grand chien")]
    scores = translation(make_pairs(PAIRS, test=test))["test"]
    assert scores == {
        "the source itself": metrics.translation([[t] for _, t in test], [s for s, _ in test]),
        "nearest training pair": metrics.translation(
            [[t] for _, t in test], ["la maison rouge", "un grand chien"]
        ),
    }
    assert scores["nearest training pair"]["exact_match"] == 0.5
    assert scores["the source itself"]["exact_match"] == 0


def test_further_test_parts_are_scored_too():
    scores = translation(make_pairs(PAIRS, test=PAIRS[:1], names=[("Rome", "Rome"), ("Rom", "x")]))
    assert list(scores) == ["test", "names"]
    assert scores["names"]["the source itself"]["exact_match"] == 0.5
    assert scores["names"]["nearest training pair"]["exact_match"] == 0.5
    assert scores["names"]["nearest training pair"]["n"] == 2


def test_a_source_of_several_right_answers_counts_once_and_may_be_scored_by_its_phonemes():
    train = [("cat", "K AE T"), ("zoo", "Z UW")]
    test = [("cats", "K AE T"), ("cats", "K AE T S"), ("zoos", "Z UW Z")]
    scores = translation(make_pairs(train, test=test), "pronunciation")["test"]
    assert scores["nearest training pair"] == {
        "n": 2,
        "word_error_rate": 50.0,
        "phoneme_error_rate": pytest.approx(100 / 6),
    }


def test_sources_of_one_character_and_of_none_have_a_nearest_pair_as_well():
    examples = make_pairs([("水", "water"), ("火", "fire")], test=[("火", "fire"), ("", "water")])
    assert translation(examples)["test"]["nearest training pair"]["exact_match"] == 1


def test_of_a_long_training_part_pairs_from_all_over_it_are_searched(monkeypatch):
    monkeypatch.setattr(texts, "_PAIRS", 2)
    for taken in (PAIRS[0], PAIRS[2]):  # each second one
        scores = translation(make_pairs(PAIRS, test=[taken]))["test"]
        assert scores["nearest training pair"]["exact_match"] == 1
    scores = translation(make_pairs(PAIRS, test=PAIRS[1:2]))["test"]
    assert scores["nearest training pair"]["exact_match"] == 0


def make_pictures(train, **parts) -> Examples:
    """Returns a captioning set of (colour, captions): pictures of one colour, sizes and channels vary."""

    def dataset(rows):
        def pictures():
            for number, (colour, captions) in enumerate(rows):
                picture = np.full((20 + number, 30, len(colour)), colour, np.uint8)
                yield {"image": picture, "captions": captions}

        channels = len(rows[0][0])
        signature = {
            "image": tf.TensorSpec([None, None, channels], tf.uint8),
            "captions": tf.TensorSpec([None], tf.string),
        }
        return Part(tf.data.Dataset.from_generator(pictures, output_signature=signature))

    parts = {name: dataset(rows) for name, rows in parts.items()}
    test = parts.pop("test")
    return Examples("made-up", dataset(train), test, test, (), "", "", "", extra=parts)


RED, GREEN, WHITE = (250, 0, 0), (0, 250, 0), (255, 255, 255)
PICTURES = [(RED, ["a red thing", "red"]), (GREEN, ["a green thing"]), (WHITE, ["nothing at all", "blank"])]


def test_a_new_picture_gets_the_first_caption_of_the_nearest_one_on_white():
    # Shades of a colour are near it; what is transparent is white, whatever lies below.
    test = [((200, 40, 0, 255), ["red"]), ((0, 99, 0, 0), ["nothing at all"])]
    score = captioning(make_pictures(PICTURES, test=test))["test"]["nearest training picture"]
    assert score == metrics.captioning([c for _, c in test], ["a red thing", "nothing at all"])


def test_one_caption_for_all_pictures_is_the_one_most_like_the_others():
    train = [*PICTURES, (RED, ["one red thing"]), (RED, ["a thing"])]
    scores = captioning(make_pictures(train, test=PICTURES, more=PICTURES[:1]))
    assert list(scores) == ["test", "more"]
    references = [captions for _, captions in PICTURES]
    # It shares a word with "red", two with each of the three others that end in "thing".
    assert scores["test"]["most typical caption"] == metrics.captioning(references, ["a red thing"] * 3)
    assert scores["more"]["most typical caption"]["n"] == 1
    assert scores["more"]["nearest training picture"]["exact_match"] == 1


def test_where_captions_are_repeated_the_commonest_is_taken():
    assert texts._most_typical(["dog", "cat", "cat", "fish", ""]) == "cat"


def test_of_many_captions_a_sample_from_all_over_is_compared(monkeypatch):
    monkeypatch.setattr(texts, "_SAMPLE", 3)
    assert texts._most_typical(["dog", "dog", "cat", "x", "cat", "y"]) == "cat"  # dog, cat, cat


def test_a_language_models_baselines_are_single_units_and_runs_of_them():
    train, parts = [np.array([3, 4] * 50)], {"test": [np.array([3, 4, 3]), np.array([4])], "other": []}
    found = baselines.generation(train, parts, 5, "word", 2)
    assert {part: list(scores) for part, scores in found.items()} == {
        "test": ["1-grams", "3-grams"], "other": ["1-grams", "3-grams"]
    }  # fmt: skip
    single, runs = found["test"].values()
    assert (single["n"], single["units"]) == (2, 4)
    # Two kinds of units, fifty of each, beside a fifth of all that was never seen.
    assert single["perplexity"] == pytest.approx(102 / (50 + 2 / 5))
    assert runs["nats"] != single["nats"]
    assert list(baselines.generation(train, parts, 5, "char", 2)["test"]) == ["1-grams", "6-grams"]
