import re
import warnings

import pytest
import tensorflow as tf

from zoo.edge.patterns import as_python, of_class, other_lower_case, pattern
from zoo.text import split as splitting
from zoo.text import tokens, words

TEXT = (
    "Don't @me: see https://x.org/a_b?q=1, it's 3.5% of $1,000… l'été d'Ünïcode 水を飲む "
    "ไทย 👍🏽 a\u0301b\u200dc "
    "def f(x):\n\tx **= 0xFF  # ok ''' U.S. Mr. can't CAN'T gonna 12/03/2020 well-known “q” [x] ^a]b \x1f ß"
)
RULES = {
    "words": ((words.INVISIBLE, ""), (words.SPACES, " "), *words.RULES),
    "units": splitting.RULES,
    **tokens.RULES,
}


@pytest.mark.parametrize("name", RULES)
def test_rules_do_in_python_what_they_do_in_tensorflow(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = [(re.compile(found, re.ASCII), put) for found, put in as_python(RULES[name])]
    ours, theirs = TEXT, tf.constant(TEXT)
    for (found, put), (rule, replacement) in zip(compiled, RULES[name], strict=True):
        ours, theirs = found.sub(put, ours), tf.strings.regex_replace(theirs, rule, replacement)
        assert ours == theirs.numpy().decode()


def test_classes_are_those_of_re2():
    assert of_class("Nd")[0] == (0x30, 0x39)
    assert of_class("Thai")[0] == (0x0E01, 0x0E3A)
    assert all(first <= last for first, last in of_class("L"))
    assert pattern(r"[^\p{Thai}\x{1F3FB}-\x{1F3FF}]").startswith(r"[^\u0e01-\u0e3a")
    assert pattern(r"a\x{200D}[[b]\[") == r"a\u200d[\[b]\["


def test_few_small_letters_are_others_than_python_s():
    others = other_lower_case()
    assert len(others) < 100 and "A" not in others and "İ" not in others
