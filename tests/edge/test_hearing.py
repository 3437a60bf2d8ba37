"""Converted transcribers hear and read what the saved ones do."""

import io
import itertools
import subprocess
import sys
import wave

import numpy as np
import pytest
import tensorflow as tf
from converted import asked, converted

import zoo
from zoo import decoding, images, sounds
from zoo.data.sets import printed_lines
from zoo.edge.runtime import hearing


def wav(samples, rate=8000, width=2, channels=1) -> bytes:
    """Returns a file of samples from -1 to 1."""
    whole = np.round(np.asarray(samples) * (2 ** (8 * width - 1) - 1)).astype(np.int64)
    whole = whole + 128 if width == 1 else whole
    raw = whole.astype("<i8").reshape(-1, 1).view(np.uint8)[:, :width].tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((channels, width, rate, 0, "NONE", ""))
        written.writeframes(raw)
    return file.getvalue()


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return converted("transcription_digits", tmp_path_factory)


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return converted("transcription_lines", tmp_path_factory)


def spoken_or_noise() -> list[np.ndarray]:
    """Returns sounds of all lengths, some of which are heard as digits."""
    random = np.random.default_rng(8)
    tones = [np.sin(np.arange(n) * f / 8000 * 2 * np.pi) for n, f in ((9_000, 440), (3_000, 1_200))]
    bursts = np.repeat(random.random(40) > 0.5, 400) * random.normal(0, 0.2, 16_000)
    return [*tones, bursts, random.normal(0, 0.05, 24_000), np.zeros(8_000), np.ones(1), bursts[:79]]


def test_sounds_are_heard_as_the_saved_model_hears_them(digits):
    model, _, ours = digits
    sounded = spoken_or_noise()
    for samples, expected in zip(sounded, model.predict([wav(x) for x in sounded]), strict=True):
        (decoded,) = sounds.read(tf.constant([wav(samples)]), 8000).samples
        answer = ours.answer(decoded.numpy())
        assert answer["score"] == pytest.approx(expected["score"], abs=1e-3)
        for name in ("text", "valid", "truncated"):
            assert answer[name] == expected[name]
    bursts = np.round(sounded[2] * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16)
    assert ours.answer(bursts) == ours.answer(bursts / 2**15)
    for nothing in ([], [np.nan], [np.inf, 0]):
        assert ours.answer(nothing) == {"text": "", "score": 0.0, "valid": False, "truncated": False}


def test_real_digits_are_heard_where_there_is_no_tensorflow(mirror, zoo_cache, digits, tmp_path):
    model, folder, _ = digits
    files = zoo.data.load("spoken_digits", "transcription").test.column("file")[:8]
    paths = [tmp_path / f"{number}.wav" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    found = asked(folder, *paths)
    assert [row["text"] for row in found] == [row["text"] for row in model.predict(list(files))]
    assert all(row["text"] for row in found)


@pytest.mark.parametrize(("width", "channels"), itertools.product((1, 2, 3, 4), (1, 2)))
def test_files_of_any_width_are_read_as_in_the_graph(width, channels, tmp_path):
    samples = np.random.default_rng(width).uniform(-1, 1, 600)
    (tmp_path / "a.wav").write_bytes(content := wav(samples, 8000, width, channels))
    (expected,) = sounds.read(tf.constant([content]), 8000).samples
    np.testing.assert_allclose(hearing._samples(tmp_path / "a.wav", 8000), expected, atol=1e-6)


def test_what_is_no_recording_of_that_rate_is_a_line(digits, tmp_path):
    _, folder, ours = digits
    (tmp_path / "other.wav").write_bytes(wav(np.zeros(9), rate=16_000))
    (tmp_path / "no.wav").write_bytes(b"RIFF")
    for name, told in (("other.wav", "16000 samples a second"), ("no.wav", "is no WAV file")):
        with pytest.raises(ValueError, match=told):
            ours.read(tmp_path / name)
        command = [sys.executable, str(folder / "ask.py"), str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and told in done.stderr
    with pytest.raises(ValueError, match=r"shape \(3, 2\); give \(samples,\)"):
        ours.answer(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="answer_file reads a file"):
        ours.answer("call.wav")


def test_lines_are_read_as_the_saved_model_reads_them(lines, tmp_path):
    model, folder, ours = lines
    fonts, some = printed_lines.read_fonts(), printed_lines.lines()["test"][:12]
    files = [printed_lines.as_png(printed_lines.nth(n, text, "test", fonts)) for n, text in enumerate(some)]
    paths = [tmp_path / f"{number}.png" for number in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    expected = model.predict(files)
    for path, right in zip(paths, expected, strict=True):
        answer = ours.answer_file(path)
        assert (answer["text"], answer["valid"]) == (right["text"], True)
        assert answer["score"] == pytest.approx(right["score"], abs=2e-2)
    assert [row["text"] for row in asked(folder, *paths[:2])] == [row["text"] for row in expected[:2]]
    assert ours.answer(np.zeros((0, 5)))["valid"] is False
    long = np.tile(*ours.read(paths[0]), (1, 30, 1))
    assert ours.answer(long)["truncated"]
    (tmp_path / "no.png").write_bytes(b"none")
    with pytest.raises(ValueError, match="is no picture"):
        ours.read(tmp_path / "no.png")


@pytest.mark.parametrize(("rows", "wide"), [(20, 300), (64, 200), (32, 90), (101, 1_700), (7, 3)])
def test_pictures_become_columns_as_in_the_graph(lines, rows, wide):
    model, _, ours = lines
    picture = np.random.default_rng(rows).integers(0, 256, (rows, wide, 3)).astype(np.uint8)
    config = model.manifest.config
    content = tf.io.encode_png(picture).numpy()
    expected = images.read_lines(tf.constant([content]), config["height"], config["most_frames"])
    frames, truncated = ours._seen(picture.astype(np.float32))
    assert truncated == expected.truncated.numpy()[0]
    np.testing.assert_allclose(frames, expected.frames[0], atol=2e-3)


@pytest.mark.parametrize(("beam", "most"), [(1, 9), (3, 9), (8, 9), (8, 2)])
def test_the_search_is_that_of_the_graph(beam, most):
    random = np.random.default_rng(beam)
    for steps, size in ((1, 2), (6, 3), (30, 5)):
        logits = random.normal(0, 2, (4, steps, size)).astype(np.float32)
        logits[..., 0] += np.where(random.random((4, steps)) < 0.3, 15, 0)  # surely nothing
        log_probs = tf.nn.log_softmax(logits)
        found = decoding.ctc.prefix_search(log_probs, tf.fill([4], steps), beam, most)
        for row in range(4):
            text, score = hearing.prefix_search(log_probs[row].numpy().astype(np.float64), beam, most)
            length = int(found.lengths[row, 0])
            assert list(text) == found.symbols[row, 0, :length].numpy().tolist()
            assert score == pytest.approx(float(found.scores[row, 0]), abs=1e-3)
