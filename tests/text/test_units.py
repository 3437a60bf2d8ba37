from itertools import product

import pytest
import tensorflow as tf
from tiny import stored

from zoo.text import PADDING, Vocabulary
from zoo.text.units import WORD, Units, between, join, split
from zoo.text.units import parted as python_parted

RESERVED = ["<padding>", "<unknown>", "<start>"]
A, B = 3, 4  # their numbers in `made`


def made(folder, *words: str, level="char") -> Units:
    return stored(Units, [*RESERVED, *words], folder / "vocabulary.txt", level)


def parted(text, level) -> list[str]:
    return [unit.decode() for unit in split(tf.constant([text]), level).to_list()[0]]


@pytest.mark.parametrize(
    ("text", "characters", "words"),
    [
        ("", [], []),
        ("  ", [" ", " "], []),
        (" a  b ", [" ", "a", " ", " ", "b", " "], ["a", "b"]),
        ("a\r\nb\rc", ["a", "\n", "b", "\n", "c"], ["a", "\n", "b", "\n", "c"]),
        ("\n\n a\t\n", ["\n", "\n", " ", "a", "\t", "\n"], ["\n", "\n", "a", "\n"]),
        ("a \n \n b", ["a", " ", "\n", " ", "\n", " ", "b"], ["a", "\n", "\n", "b"]),
        ("e\u0301\u00a0x", ["e", "\u0301", "\u00a0", "x"], ["e\u0301\u00a0x"]),
        ("a\u2028\x0bb\x0cc", ["a", "\u2028", "\x0b", "b", "\x0c", "c"], ["a\u2028\x0bb", "c"]),
        (b"\xffa \xc3", ["\ufffd", "a", " ", "\ufffd"], ["\ufffda", "\ufffd"]),
    ],
)
def test_texts_are_parted_into_code_points_or_into_words_and_line_breaks(text, characters, words):
    assert parted(text, "char") == characters
    assert parted(text, "word") == words


def test_python_finds_the_words_that_the_graph_does():
    parts = ["\r\n", *"aé \t\f\r\n\x00\x0b\x1c\x85\u00a0\u2028"]
    texts = ["".join(three) for three in product(parts, repeat=3)]
    found = [[b"\n" if word[0] in "\r\n" else word.encode() for word in WORD.findall(text)] for text in texts]
    assert found == split(tf.constant(texts), "word").to_list()


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("text", ["", "a b", "\n", "a\n\nb c\n", "\n\nNaïve 東京\u00a0– e\u0301\nc"])
def test_what_was_parted_is_joined_again(text, level):
    assert join(split(tf.constant([text, "b a"]), level), level).numpy().tolist() == [text.encode(), b"b a"]


def test_numbers_are_those_of_the_vocabulary_and_a_line_break_is_the_start(tmp_path):
    characters, words = made(tmp_path, "a", "b"), made(tmp_path, "a", "b", level="word")
    assert characters.encode(tf.constant(["ab\r\nxa", ""])).to_list() == [
        [A, B, Vocabulary.START, Vocabulary.UNKNOWN, A],
        [],
    ]
    assert words.encode(tf.constant(["a ab\nb", " "])).to_list() == [
        [A, Vocabulary.UNKNOWN, Vocabulary.START, B],
        [],
    ]
    assert len(words) == 5
    assert words.encode(tf.zeros([0], tf.string)).to_list() == []


def test_no_word_is_taken_for_a_reserved_number(tmp_path):
    units = made(tmp_path, "a", level="word")
    assert units.encode(tf.constant([" ".join(RESERVED)])).to_list() == [[Vocabulary.UNKNOWN] * 3]
    learned = Units.learn(Units.count([tf.constant(["<start> <start> b"])], "word"), 9, 1)
    assert learned == [*RESERVED, "b"]


def test_numbers_are_written_without_padding_and_unknown_as_its_own_mark(tmp_path):
    numbers = tf.constant([[A, Vocabulary.START, B, Vocabulary.UNKNOWN], [B, A, PADDING, PADDING]])
    characters, words = made(tmp_path, "a", "b"), made(tmp_path, "a", "b", level="word")
    assert [text.decode() for text in characters.decode(numbers).numpy()] == ["a\nb\ufffd", "ba"]
    assert [text.decode() for text in words.decode(numbers).numpy()] == ["a\nb \ufffd", "b a"]
    for units in (characters, words):
        assert units.decode(tf.zeros([2, 0], tf.int32)).numpy().tolist() == [b"", b""]
        assert units.decode(tf.zeros([0, 3], tf.int32)).shape == [0]
    assert words.units(numbers)[0].numpy().tolist() == [b"a", b"\n", b"b", b"\xef\xbf\xbd"]


def test_characters_that_break_lines_elsewhere_keep_their_numbers_in_the_file(tmp_path):
    odd = [" ", "\t", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\ufeff", "é"]
    units = made(tmp_path, *odd)
    numbers = units.encode(tf.constant(["".join(odd)]))
    assert numbers.to_list() == [list(range(3, 3 + len(odd)))]
    assert units.decode(numbers.to_tensor()).numpy()[0].decode() == "".join(odd)
    assert Vocabulary.read(tmp_path / "vocabulary.txt").words == [*RESERVED, *odd]


@pytest.mark.parametrize(
    ("prompt", "written", "whole"),
    [
        ("", "a b", "a b"),
        ("a", "b", "a b"),
        ("a ", "b", "a b"),
        ("x y\n", "b", "x y\nb"),
        ("a\r\n", "b", "a\r\nb"),
        ("a", "\nb", "a\nb"),
        ("a", "", "a"),
        ("x\ny", "z", "x\ny z"),
        (b"\xff a ", "b", "\ufffd a b".encode()),
        (b"a \xff", "b", "a \ufffd b".encode()),
        ("a\u00a0", "b", "a\u00a0 b"),
    ],
)
def test_words_follow_a_prompt_behind_one_space(tmp_path, prompt, written, whole):
    found = made(tmp_path, level="word").follow(tf.constant([prompt]), tf.constant([written]))
    assert found[0] == tf.constant(whole)
    characters = made(tmp_path).follow(tf.constant([prompt]), tf.constant([written]))
    whole = prompt.decode("utf-8", "replace") if isinstance(prompt, bytes) else prompt
    assert characters[0] == tf.constant(whole) + written
    # The same rule outside the graph.
    assert whole + between("word", whole, written) + written == found[0].numpy().decode()
    assert between("char", whole, written) == ""


def test_frequent_units_are_kept_behind_those_already_known():
    texts = [tf.constant(["bbb a\n", "c\r\n"]), tf.constant(["aab", "\n\n\n"])]
    assert Units.learn(Units.count(texts, "char"), 9, 2) == [*RESERVED, "b", "a"]  # four times and three
    assert Units.learn(Units.count(texts, "char"), 1, 1, [*RESERVED, "a", "z"]) == [*RESERVED, "a", "z", "b"]
    assert Units.learn(Units.count(texts, "word"), 9, 1) == [
        *RESERVED,
        "a",
        "aab",
        "bbb",
        "c",
    ]  # ties by spelling


def test_many_texts_are_encoded_as_each_alone(tmp_path, monkeypatch):
    units = made(tmp_path, "a", "b")
    texts = [b"ab", b"", b"a" * 12, b"\nb", b"b"]
    for rows, size in ((2, 99), (99, 10), (99, 99)):
        monkeypatch.setattr("zoo.text.units._ROWS", rows)
        monkeypatch.setattr("zoo.text.units._BYTES", size)
        found = [numbers.tolist() for numbers in units.arrays(texts)]
        assert found == [[A, B], [], [A] * 12, [Vocabulary.START, B], [B]]
    assert list(units.arrays([])) == []


def test_what_a_corpus_writes_for_a_word_that_it_left_out_is_no_word():
    counts = Units.count([tf.constant(["a <unk> b <unk>", "<unk>\na"])], "word")
    assert counts == {b"a": 2, b"b": 1}
    units = Units(Units.learn(counts, 100, 1), "word")
    assert units.encode(tf.constant(["a <unk>"])).to_list()[0][1] == Vocabulary.UNKNOWN


def test_tokens_are_what_sentiment_reads_and_line_breaks_are_none_of_them(tmp_path):
    assert parted("Not BAD,\nreally! :)", "token") == ["not", "bad", ",", "really", "!", ":", ")"]
    units = made(tmp_path, "not", "bad", level="token")
    assert units.encode(tf.constant(["Not BAD\nso", ""])).to_list() == [[A, B, Vocabulary.UNKNOWN], []]
    assert units.decode(tf.constant([[A, B, PADDING]])).numpy().tolist() == [b"not bad"]
    assert units.follow(tf.constant(["Not"]), tf.constant(["bad"])).numpy().tolist() == [b"Not bad"]


@pytest.mark.parametrize("level", ["char", "word", "token"])
def test_python_parts_texts_as_the_graph_does(level):
    text = "A b,\nIt's  c\u00a0d"
    assert [unit.replace("\r\n", "\n") for unit in python_parted(text, level)] == parted(text, level)


def test_backwards_numbers_run_from_the_end_and_what_is_written_stands_before(tmp_path):
    units = Units([*RESERVED, "a", "b"], "word", backwards=True)
    numbers = units.encode(tf.constant(["a b\nb", "a", ""]))
    assert numbers.to_list() == [[B, Vocabulary.START, B, A], [A], []]
    assert units.decode(numbers.to_tensor()).numpy().tolist() == [b"a b\nb", b"a", b""]
    assert next(units.arrays([b"a b b", b"b"])).tolist() == [B, B, A]
    assert units.follow(tf.constant(["a b"]), tf.constant(["b"])).numpy().tolist() == [b"b a b"]
    units.write(tmp_path / "vocabulary.txt")
    assert Units.read(tmp_path / "vocabulary.txt", "word", True).encode(tf.constant(["a b"])).to_list() == [
        [B, A]
    ]
