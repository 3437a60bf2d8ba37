from collections import Counter

import pytest
import tensorflow as tf
from tiny import stored

from zoo.text import PADDING, Vocabulary

RESERVED = ["<padding>", "<unknown>", "<start>"]
COUNTS = Counter({b"the": 5, b"sun": 2, b"\xc3\xa9t\xc3\xa9": 3, b"moon": 2, b"once": 1})


def test_a_file_that_is_written_anew_has_its_new_words_while_the_old_ones_are_in_use(tmp_path):
    old, new = Vocabulary([*RESERVED, "sun"]), Vocabulary([*RESERVED, "moon"])
    for words in (old, new):
        words.write(tmp_path / "words.txt")
    known = [words(tf.constant(["sun", "moon"])).numpy().tolist() for words in (old, new)]
    assert known == [[3, Vocabulary.UNKNOWN], [Vocabulary.UNKNOWN, 3]]


def test_reserved_numbers():
    assert (PADDING, Vocabulary.UNKNOWN, Vocabulary.START) == (0, 1, 2)


def test_the_most_frequent_come_first_and_ties_go_by_spelling():
    assert Vocabulary.learn(COUNTS, 100, 1) == [*RESERVED, "the", "été", "moon", "sun", "once"]


def test_the_order_of_the_data_does_not_matter():
    backwards = Counter(dict(reversed(COUNTS.items())))
    assert Vocabulary.learn(backwards, 100, 1) == Vocabulary.learn(COUNTS, 100, 1)


@pytest.mark.parametrize(("min_count", "last"), [(2, "sun"), (3, "été"), (4, "the"), (6, "<start>")])
def test_rarer_words_are_left_out(min_count, last):
    assert Vocabulary.learn(COUNTS, 100, min_count)[-1] == last


@pytest.mark.parametrize(("size", "length"), [(3, 3), (5, 5), (8, 8), (9, 8)])
def test_size_counts_reserved_words_too(size, length):
    assert len(Vocabulary.learn(COUNTS, size, 1)) == length


def test_known_words_keep_their_numbers_and_new_ones_follow():
    known = [*RESERVED, "moon", "star"]
    assert Vocabulary.learn(COUNTS, 100, 2, known) == [*known, "the", "été", "sun"]
    assert Vocabulary.learn(COUNTS, 1, 2, known) == [*known, "the"]


def test_known_words_all_stay_when_there_is_no_room():
    known = [*RESERVED, "moon", "star"]
    assert Vocabulary.learn(COUNTS, 0, 1, known) == known


def test_lines_are_numbers(tmp_path):
    path = tmp_path / "vocabulary.txt"
    vocabulary = stored(Vocabulary, [*RESERVED, "the", "été", "😀", "'"], path)
    assert path.read_bytes() == "<padding>\n<unknown>\n<start>\nthe\nété\n😀\n'\n".encode()
    assert len(vocabulary) == 7
    assert vocabulary.words[4] == "été"
    found = vocabulary(tf.constant([["<padding>", "<start>", "the"], ["'", "😀", "été"]]))
    assert found.dtype == tf.int32
    assert found.numpy().tolist() == [[0, 2, 3], [6, 5, 4]]


def test_unknown_words_are_1(tmp_path):
    vocabulary = stored(Vocabulary, [*RESERVED, "the"], tmp_path / "v.txt")
    assert vocabulary(tf.constant(["The", "", "th", "the ", "<unknown>", "the"])).numpy().tolist() == [
        1,
        1,
        1,
        1,
        1,
        3,
    ]


def test_ragged_words_give_ragged_numbers(tmp_path):
    vocabulary = stored(Vocabulary, [*RESERVED, "a", "b"], tmp_path / "v.txt")
    found = vocabulary(tf.ragged.constant([["a", "b"], [], ["c"]]))
    assert found.to_list() == [[3, 4], [], [1]]


def test_a_written_vocabulary_reads_the_same(tmp_path):
    words = Vocabulary.learn(COUNTS, 100, 1)
    stored(Vocabulary, words, tmp_path / "v.txt")
    again = Vocabulary.read(tmp_path / "v.txt")
    assert again.words == words
    assert again(tf.constant(words)).numpy().tolist() == list(range(8))
