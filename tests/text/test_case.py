import os
import subprocess
import sys

import pytest
import tensorflow as tf

from zoo.text.case import loud, lower, upper


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TITLE I", "title i"),
        ("ÉTÉ ΣΊΣΥΦΟΣ", "été σίσυφος"),
        ("İstanbul", "i̇stanbul"),
        ("ẞ 東京 👩🏽‍🚀", "ß 東京 👩🏽‍🚀"),
        ("", ""),
    ],
)
def test_letters_of_every_alphabet_become_small(text, expected):
    assert lower(tf.constant([text])).numpy()[0].decode() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title i", "TITLE I"),
        ("l’été à σίσυφος", "L’ÉTÉ À ΣΊΣΥΦΟΣ"),
        ("straße ı 東京", "STRASSE I 東京"),
        ("", ""),
    ],
)
def test_letters_of_every_alphabet_become_large(text, expected):
    assert upper(tf.constant([text])).numpy()[0].decode() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WHERE IS IT?", True),
        ("3 KG\nOF ÄPFEL!", True),
        ("WHERE is it?", False),
        ("NASA", False),
        ("3 KG", False),
        ("I A", False),
        ("東京 AB", False),
        ("12:30", False),
        ("", False),
    ],
)
def test_texts_in_capitals_alone_are_told(text, expected):
    assert loud(tf.constant([[text]])).numpy().tolist() == [[expected]]


def test_a_turkish_machine_has_the_same_letters():
    program = """
import tensorflow as tf
from zoo.text.case import lower, upper
small = lower(tf.constant(["TITLE I \\u0130"])).numpy()[0] == "title i i\\u0307".encode()
large = upper(tf.constant(["title i \\u0131"])).numpy()[0] == b"TITLE I I"
print(small and large)
"""
    environment = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == "True", result.stderr
