from collections import Counter

import tensorflow as tf

from zoo.text import Alphabet

SYMBOLS = ["<blank>", "a", " ", "é", "😀"]


def test_characters_are_numbered_from_one_and_unknown_ones_left_out():
    found = Alphabet(SYMBOLS).encode(tf.constant(["aé a", "", "x", "a  \n a ", "😀"]))
    assert found.to_list() == [[1, 3, 2, 1], [], [], [1, 2, 1], [4]]


def test_what_was_encoded_is_decoded_and_padding_is_nothing():
    alphabet = Alphabet(SYMBOLS)
    numbers = alphabet.encode(tf.constant(["aé a", "", "😀"])).to_tensor()
    assert [text.decode() for text in alphabet.decode(numbers).numpy()] == ["aé a", "", "😀"]
    assert alphabet.decode(numbers[:, None]).shape == (3, 1)
    assert alphabet.symbols(tf.constant([[0, 3]])).numpy().tolist() == [[b"", "é".encode()]]


def test_no_bytes_fail():
    assert Alphabet(SYMBOLS).encode(tf.constant([b"a\xffa", b"\xf0\x9f"])).to_list() == [[1, 1], []]


def test_the_commonest_characters_are_learned_and_known_ones_keep_their_numbers():
    counts = Alphabet.count([tf.constant(["aab", "b\nc"]), tf.constant(["a"])])
    assert counts == Counter({b"a": 3, b"b": 2, b" ": 1, b"c": 1})
    assert Alphabet.learn(counts, 10, 1) == ["<blank>", "a", "b", " ", "c"]
    assert Alphabet.learn(counts, 3, 1) == ["<blank>", "a", "b"]
    assert Alphabet.learn(counts, 10, 2) == ["<blank>", "a", "b"]
    assert Alphabet.learn(counts, 2, 1, ["<blank>", "x", "b"]) == ["<blank>", "x", "b", "a", " "]


def test_it_is_written_and_read_back(tmp_path):
    path = tmp_path / "symbols.txt"
    Alphabet(SYMBOLS).write(path)
    again = Alphabet.read(path)
    assert list(again.lines) == SYMBOLS
    assert again.encode(tf.constant(["é "])).to_list() == [[3]]
