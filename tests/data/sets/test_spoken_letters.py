"""Strings of spoken letters, put together from the installed package."""

from collections import Counter

import numpy as np
import pytest

from zoo.data.sets import spoken_letters as letters
from zoo.errors import ZooError


def test_no_string_of_several_letters_is_in_two_parts_and_lengths_are_even():
    parts = {part: list(letters.texts(part, 300)) for part in ("train", "validation", "test")}
    long = {part: {text for text in texts if len(text) > 1} for part, texts in parts.items()}
    assert not long["train"] & long["test"] and not long["validation"] & (long["train"] | long["test"])
    counts = Counter(map(len, parts["test"]))
    assert set(counts) == {1, 2, 3, 4, 5} and min(counts.values()) > 40
    assert parts["test"] == list(letters.texts("test", 300))


def test_what_is_said_is_louder_than_what_is_behind_it():
    said = {symbol: np.full(800, 0.5) for symbol in letters.SYMBOLS}
    found = letters.spelled("AB", said, np.random.default_rng(3))
    assert found.dtype == np.int16
    assert 2 * 680 <= len(found) <= 2 * 960 + 3 * 2400
    again = letters.spelled("AB", said, np.random.default_rng(3))
    np.testing.assert_array_equal(found, again)


def test_the_package_carries_a_recording_of_each():
    said = letters.read_recordings()
    assert list(said) == list(letters.SYMBOLS)
    assert all(0.1 * letters.RATE < len(samples) < 2 * letters.RATE for samples in said.values())
    assert max(np.abs(samples).max() for samples in said.values()) <= 1


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(letters, "files_of", lambda package: [])
    with pytest.raises(ZooError, match=r"pip install captcha==0\.7\.1"):
        letters.read_recordings()
