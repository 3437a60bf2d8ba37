"""Transcription: what a task says of files, with answers worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from zoo import baselines
from zoo.data import Examples, Part
from zoo.errors import ZooError
from zoo.tasks import Manifest, Transcription
from zoo.tasks.base import Given

TASK = Transcription()
PRINT = Manifest(name="reader", mapping="transcription", config={"reads": "print"})
SOUND = Manifest(name="ear", mapping="transcription", config={"reads": "sound"})


class Spelled:
    """A model that says what the bytes are, and of no bytes that they cannot be read."""

    name, manifest = "reader", PRINT

    def predict(self, inputs, signature="", **settings):
        return [
            {"text": file.decode(), "score": -1.0, "valid": bool(file)} for file in TASK.rows(inputs, self)
        ]


def part(files, texts):
    return Part({"file": np.array(files, object), "text": texts})


def test_rows_are_bytes_or_paths_that_are_there(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"a")
    assert TASK.rows([path, b"b"], Spelled()) == [path, b"b"]
    assert list(TASK.blocks([path, b"b"], "", Spelled(), False)) == [[b"a", b"b"]]
    with pytest.raises(ZooError, match=r"'a\.png' is none: give it as pathlib\.Path"):
        TASK.rows(["a.png"], Spelled())
    with pytest.raises(ZooError, match=r"none\.png: no such file"):
        TASK.rows([tmp_path / "none.png"], Spelled())
    with pytest.raises(ZooError, match="in a list"):
        TASK.rows(path, Spelled())


def test_a_frame_names_files_and_numbers_bytes():
    assert TASK.named([Path("a.wav"), b"x"], Spelled()) == [{"file": "a.wav"}, {"file": "row 2"}]


def test_padding_is_left_out_of_answers():
    outputs = {
        "text": np.array([b"ab", b""]),
        "symbols": np.array([[b"a", b"b", b""], [b"", b"", b""]]),
        "starts": np.array([[1.0, 2, 0], [0, 0, 0]]),
        "ends": np.array([[2.0, 3, 0], [0, 0, 0]]),
    }
    first, second = TASK.answers(outputs, [b"", b""], PRINT)
    assert first == {"text": "ab", "symbols": ["a", "b"], "starts": [1, 2], "ends": [2, 3]}
    assert second == {"text": "", "symbols": [], "starts": [], "ends": []}
    shown = {"probabilities": np.ones((1, 4, 2)), "steps": np.array([3]), "frames": np.ones((1, 9, 5))}
    (shown,) = TASK.answers({**shown, "lengths": np.array([6])}, [b""], PRINT)
    assert (len(shown["probabilities"]), len(shown["frames"])) == (3, 6)


def test_a_table_lists_files_from_its_own_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(b"a")
    table = tmp_path / "in/list.csv"
    table.write_text("file,more\na.png,1\n")
    given = TASK.given([], str(table), Spelled())
    assert given == Given([tmp_path / "in/a.png"], [{"file": "a.png"}])
    table.write_text("file\nb.png\n")
    with pytest.raises(ZooError, match=r"b\.png: no such file"):
        TASK.given([], str(table), Spelled())


def test_of_files_those_that_cannot_be_read_are_named_and_none_is_refused():
    given = Given([Path("a"), Path("b")], [{"file": "a"}, {"file": "b"}])
    good, bad = {"text": "x", "valid": True}, {"text": "", "valid": False}
    answered = TASK.answered(given, [good, bad], SOUND)
    assert [TASK.notes(row, answered) for row in answered.rows] == [[], ["is not a WAV file with sound"]]
    cut = TASK.answered(given, [{**good, "truncated": True}, good], SOUND)
    assert TASK.notes(cut.rows[0], cut) == ["its end was not read"]
    with pytest.raises(ZooError, match="a: is not a picture, or is damaged; give one that is"):
        TASK.answered(given, [bad, bad], PRINT)


def test_texts_are_scored_by_characters():
    held = part([b"abcd", b"xy", b""], ["abce", "xy", "z"])
    examples = Examples("made", held, held, held, (), "", "", "")
    evaluation = TASK.evaluate(Spelled(), examples, "test")
    # One of four characters replaced, none of two, one of one left out: 2 of 7; two of three lines are wrong.
    assert evaluation.score["character_error_rate"] == pytest.approx(100 * 2 / 7)
    assert evaluation.score["line_error_rate"] == pytest.approx(200 / 3)
    assert evaluation.rows[0] == {"file": "test 1", "truth": "abce", "answer": "abcd", "score": -1.0}
    scorer = TASK.scorer(held, lambda: [b"abce", b"xy", b"z"])
    assert scorer() == 0
    assert TASK.scorer(held, lambda: [b"abcd", b"xy", b""])() == pytest.approx(-100 * 2 / 7)


def test_the_baseline_is_the_text_in_the_middle():
    assert baselines.typical_text(["aaaa", "aaab", "aabb", "bbbb"]) == "aaab"
    held = part([b""], ["aaaa"])
    examples = Examples("made", part([b""] * 4, ["aaaa", "aaab", "aabb", "bbbb"]), held, held, (), "", "", "")
    found = TASK.baselines(examples, None)
    assert found["test"]["one text"]["character_error_rate"] == 25


@pytest.mark.parametrize(
    ("name", "row", "wanted"),
    [
        ("librispeech", {"speech": [0, -(2**15), 2**14], "text": "ONE TWO"}, ("one two", 16_000)),
        ("ljspeech", {"speech": [0, 5], "text": "1", "text_normalized": "One"}, ("one", 22_050)),
    ],
)
def test_speech_of_the_catalogue_becomes_wav_files(name, row, wanted):
    stored = tf.data.Dataset.from_tensors({**row, "speech": tf.constant(row["speech"], tf.int64)})
    (found,) = TASK.sets[name].read(stored, None)
    text, rate = wanted
    assert found["text"] == text.encode()
    samples, found_rate = tf.audio.decode_wav(found["file"])
    assert found_rate == rate
    np.testing.assert_allclose(samples[:, 0] * 2**15, row["speech"], atol=1.1)


def test_a_speaker_who_is_none_is_refused():
    with pytest.raises(
        ZooError, match=r"unknown data set 'spoken_digits/without_me': there is .*without_theo"
    ):
        TASK.sets["spoken_digits/*"].builder("spoken_digits/without_me")


def test_lines_to_try_are_pictures_of_their_names():
    tries = TASK.to_try(PRINT.with_changes(dataset=PRINT.dataset.__class__(name="printed_lines")))
    assert len(tries) == 3
    assert all(given.startswith(b"\x89PNG") for _, given in tries)
    assert TASK.to_try(SOUND) == []
