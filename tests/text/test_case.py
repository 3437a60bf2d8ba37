import os
import subprocess
import sys

import pytest
import tensorflow as tf

from zoo.text.case import lower


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


def test_a_turkish_machine_has_the_same_small_letters():
    program = """
import tensorflow as tf
from zoo.text.case import lower
print(lower(tf.constant(["TITLE I \\u0130"])).numpy()[0] == "title i i\\u0307".encode())
"""
    environment = {**os.environ, "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
    result = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == "True", result.stderr
