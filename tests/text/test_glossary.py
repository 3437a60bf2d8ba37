import pytest
import tensorflow as tf

from zoo.text import Alphabet, Glossary

PAIRS = (["休", "林", "cat"], ["⿰亻木", "⿰木木", "cat"])


@pytest.fixture
def glossary(tmp_path) -> Glossary:
    counts = Glossary.count(*PAIRS)
    made = Glossary(Glossary.learn(counts, len(counts), 1))
    made.write(tmp_path / "names.txt")
    return Glossary.read(tmp_path / "names.txt")


def test_names_stand_for_what_is_told_and_all_else_for_itself(glossary):
    asked = ["休", " 林 ", "cat", "⿰亻木", "", "休休"]
    told = [text.decode() for text in glossary.told(tf.constant(asked)).numpy()]
    assert told == ["⿰亻木", "⿰木木", "cat", "⿰亻木", "", "休休"]
    assert glossary.told(tf.constant([], tf.string)).shape == (0,)


def test_known_pairs_come_first_and_nothing_at_all_is_a_glossary():
    known = Glossary.learn(Glossary.count(*PAIRS), 3, 1)
    grown = Glossary.learn(Glossary.count(["森", "休"], ["⿱木林", "⿰亻木"]), 2, 1, known)
    assert grown == [*known, "森\t⿱木林"]
    nothing = Glossary(Glossary.learn(Glossary.count([], []), 0, 1))
    assert nothing.told(tf.constant(["休"])).numpy()[0].decode() == "休"


def test_an_alphabet_knows_texts_of_its_characters_alone():
    alphabet = Alphabet(["<blank>", "a", "b"])
    assert alphabet.knows(tf.constant(["ab", " a", "", "abc", "\xff"])).numpy().tolist() == [
        True, True, True, False, False,
    ]  # fmt: skip
