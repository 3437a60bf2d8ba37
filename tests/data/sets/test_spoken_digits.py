"""Strings of spoken digits, of made-up recordings and of the real ones."""

import io
import tarfile
import wave

import numpy as np
import pytest

from zoo.data.sets import spoken_digits as digits
from zoo.errors import ZooError


def recordings() -> list[digits.Spoken]:
    """Of two speakers, ten recordings of each of three digits; samples tell which one it is."""
    return [
        digits.Spoken(digit, speaker, number, np.full(100 + number, int(digit) + 1, np.int16))
        for digit in "012"
        for speaker in ("george", "theo")
        for number in range(12)
    ]


def samples(content: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_parts_are_by_number_as_the_set_says():
    parts = digits.split(recordings(), "all")
    assert {spoken.number for spoken in parts["test"]} == set(range(5))
    assert {spoken.number for spoken in parts["validation"]} == set(range(5, 9))
    assert {spoken.number for spoken in parts["train"]} == {9, 10, 11}


def test_a_speaker_who_is_left_out_is_for_test_alone():
    parts = digits.split(recordings(), "without_theo")
    assert {spoken.speaker for spoken in parts["test"]} == {"theo"}
    assert {spoken.speaker for part in ("train", "validation") for spoken in parts[part]} == {"george"}
    assert len(parts["test"]) == 36


def test_a_string_is_of_one_speaker_and_as_long_as_it_says():
    made = digits.strings(recordings(), 400, seed=1)
    again = digits.strings(recordings(), 400, seed=1)
    assert [text for text, _ in made] == [text for text, _ in again]
    for text, spoken in made:
        assert text == "".join(one.digit for one in spoken) and 1 <= len(text) <= 7
        assert len({one.speaker for one in spoken}) == 1
    assert {len(text) for text, _ in made} == set(range(1, 8))


def test_recordings_stand_one_behind_the_other_with_pauses():
    one, two = np.full(50, 3, np.int16), np.full(70, 5, np.int16)
    found = digits.spliced([one, two], np.random.default_rng(1))
    assert found[found != 0].tolist() == [3] * 50 + [5] * 70
    quiet = np.flatnonzero(found)
    assert 160 <= quiet[0] <= 2000 and 160 <= len(found) - 1 - quiet[-1] <= 2000
    assert samples(digits.as_wav(found)).tolist() == found.tolist()


def test_an_archive_that_is_another_one_is_refused(tmp_path):
    path = tmp_path / "master.tar.gz"
    path.write_bytes(b"no archive")
    with pytest.raises(ZooError, match="fetch it again"):
        digits.read_recordings(path)
    with tarfile.open(path, "w:gz") as archive:
        content = digits.as_wav(np.zeros(10, np.int16))
        entry = tarfile.TarInfo("x/recordings/1_theo_0.wav")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(ZooError, match="fetch it again"):
        digits.read_recordings(path)


def test_the_real_ones_are_all_there(mirror):
    path = mirror / "github.com/Jakobovski/free-spoken-digit-dataset/archive/master.tar.gz"
    found = digits.read_recordings(path)
    assert len(found) == 3000
    parts = digits.split(found, "all")
    assert [len(parts[name]) for name in ("train", "validation", "test")] == [2460, 240, 300]
    assert max(len(spoken.samples) for spoken in found) < 3 * digits.RATE
