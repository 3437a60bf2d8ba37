import io
import json
import warnings
import wave

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, train
from PIL import Image
from tiny import assert_refused, assert_same_answers, tensorflow_alone

import zoo.data
from zoo import models
from zoo.__main__ import main as zoo_main
from zoo.metrics import transcription as score_of

CASE = CASES["transcription"]


@pytest.fixture(scope="module")
def model(trained_transcriber) -> models.Model:
    return models.load(trained_transcriber / "saved_models/tiny")


@pytest.fixture(scope="module")
def test_part(prints) -> tuple[list[bytes], list[str]]:
    part = zoo.data.load(str(prints), "transcription").test
    return list(part.column("file")), part.strings("text")


def ask(model, files, signature="serving_default") -> dict[str, np.ndarray]:
    found = model.signatures[signature](file=tf.constant(files, tf.string, shape=[len(files)]))
    return {name: value.numpy() for name, value in found.items()}


def beeps(count: int, seed: int, rate: int = 8000) -> tuple[bytes, str]:
    """A WAV file of short tones, low or high: `l` or `h` each."""
    draw = np.random.default_rng(seed)
    parts, text = [np.zeros(400)], ""
    for _ in range(count):
        high = draw.integers(2)
        text += "lh"[high]
        time = np.arange(round(rate * draw.uniform(0.08, 0.12))) / rate
        parts += [0.4 * np.sin(2 * np.pi * (2000 if high else 500) * time), np.zeros(rate // 16)]
    samples = np.concatenate(parts) + draw.normal(0, 0.003, sum(map(len, parts)))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, rate, 0, "NONE", ""))
        written.writeframes((samples * 32767).astype("<i2").tobytes())
    return file.getvalue(), text


# What it learns -------------------------------------------------------------------------------------------


def test_it_learns_to_read_what_nobody_aligned(trained_transcriber, model, test_part):
    manifest = manifest_of(trained_transcriber)
    score, baseline = manifest["metrics"]["test"], manifest["baselines"]["test"]["one text"]
    assert score["character_error_rate"] < 10 < 50 < baseline["character_error_rate"]
    assert set(manifest["signatures"]) == {"serving_default", "beam", "alignment"}
    files, texts = test_part
    read = [answer["text"] for answer in model.predict(files)]
    assert score_of(texts, read)["character_error_rate"] == pytest.approx(
        score["character_error_rate"], abs=1e-9
    )


def test_it_learns_from_sound_too(tmp_path):
    rows = ["file,text,split"]
    for number in range(120):
        content, text = beeps(number % 3 + 1, number)
        (tmp_path / f"{number}.wav").write_bytes(content)
        rows.append(f"{number}.wav,{text},{('train', 'train', 'train', 'validation', 'test')[number % 5]}")
    (tmp_path / "transcripts.csv").write_text("\n".join(rows))
    flags = (*CASE.flags, "--reads", "sound", "--strides", "4", "--cell", "gru", "--epochs", "30")
    train("transcription", tmp_path, "--dataset", tmp_path, *flags, "--name", "sound")
    assert manifest_of(tmp_path, "sound")["metrics"]["test"]["character_error_rate"] < 20
    content, text = beeps(3, 7)
    long, _ = beeps(3, 7, rate=16_000)
    found = ask(models.load(tmp_path / "saved_models/sound"), [content, content[:-50], long, b"RIFF"])
    assert found["text"][0].decode() == text
    assert found["valid"].tolist() == [True, True, True, False]
    seconds = [*found["starts"][0, :3], *found["ends"][0, :3]]
    # The tones stand about 0.16 s apart.
    np.testing.assert_allclose(np.diff(seconds[:3]), 0.16, atol=0.09)


def test_other_cells_train_in_mixed_precision_and_of_a_line_that_is_too_long_the_beginning_is_read(
    prints, tmp_path, test_part
):
    few = (*CASE.flags, "--epochs", "1", "--name", "other", "--cell", "simple_rnn", "--mixed-precision")
    few += ("--strides", "1", "--convolutions", "1", "--most-frames", "60")
    train("transcription", tmp_path, "--dataset", prints, *few)
    assert manifest_of(tmp_path, "other")["metrics"]["test"]["character_error_rate"] > 0
    page, wide = np.asarray(Image.open(io.BytesIO(test_part[0][0])).convert("L")), io.BytesIO()
    Image.fromarray(np.tile(page, (1, 4))).save(wide, "PNG")
    other = models.load(tmp_path / "saved_models/other")
    found = ask(other, [wide.getvalue(), test_part[0][1]])
    assert found["truncated"].tolist() == [True, False] and found["valid"].all()
    assert ask(other, [wide.getvalue()], "alignment")["steps"].tolist() == [60]


def test_files_of_another_kind_than_said_are_refused(prints, call, tmp_path):
    flags = ("--dataset", str(prints), "--reads", "sound")
    assert_refused(call, CASE.program, tmp_path, flags, "can be read as sound (--reads)")


def test_each_halving_of_frames_takes_a_convolution(prints, call, tmp_path):
    flags = ("--dataset", str(prints), "--min-count", "1", "--convolutions", "2", "--strides", "8")
    assert_refused(call, CASE.program, tmp_path, flags, "--strides 8", "--convolutions; or give 4")


# The exported model ---------------------------------------------------------------------------------------


def test_tensorflow_alone_gives_the_answers_of_this_process(trained_transcriber, model, test_part, tmp_path):
    files = np.array([*test_part[0][:3], b"", b"no picture"], object)
    given = {name: {"file": files} for name in model.signatures}
    found = tensorflow_alone(trained_transcriber / "saved_models/tiny", "", given, tmp_path)
    for name, inputs in given.items():
        expected = model.signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        assert_same_answers(found[name], {key: value.numpy() for key, value in expected.items()})


def test_a_files_answer_does_not_depend_on_its_neighbours(model, test_part):
    files = [b"", *test_part[0][:20], b"no picture"]
    together = ask(model, files)
    assert together["valid"].tolist() == [False, *[True] * 20, False]
    for number, file in enumerate(files):
        alone = ask(model, [file])
        assert alone["text"][0] == together["text"][number]
        np.testing.assert_allclose(alone["score"][0], together["score"][number], atol=1e-4)
        np.testing.assert_array_equal(alone["starts"][0], together["starts"][number])


def test_what_cannot_be_read_has_no_text_and_no_score(model):
    found = ask(model, [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
    assert not found["valid"].any() and not found["truncated"].any()
    assert found["text"].tolist() == [b""] * 3
    assert (found["score"] == 0).all() and (found["ends"] == 0).all()
    found = ask(model, [b""], "beam")
    assert found["texts"].tolist() == [[b""] * 3] and (found["scores"] == 0).all()
    assert ask(model, [])["text"].shape == (0,)
    assert ask(model, [], "beam")["texts"].shape == (0, 3)


def test_symbols_stand_where_they_are_written(model, test_part):
    files, _ = test_part
    found = ask(model, files)
    for row, text in enumerate(found["text"]):
        count = len(text)
        assert b"".join(found["symbols"][row]) == text
        starts, ends = found["starts"][row], found["ends"][row]
        assert (starts[:count] < ends[:count]).all() and (ends[: count - 1] <= starts[1:count]).all()
        width = Image.open(io.BytesIO(files[row])).width
        assert ends[:count].max(initial=0) <= width + 4  # rounded up to whole steps
        assert (ends[count:] == 0).all()


def test_the_best_of_the_beam_is_the_answer_and_probabilities_add_up(model, test_part):
    files = test_part[0][:5]
    best, beam, seen = (ask(model, files, name) for name in ("serving_default", "beam", "alignment"))
    assert beam["texts"][:, 0].tolist() == best["text"].tolist()
    np.testing.assert_allclose(beam["scores"][:, 0], best["score"], atol=1e-5)
    assert (np.diff(beam["scores"], axis=1) <= 1e-6).all()
    for row, steps in enumerate(seen["steps"]):
        np.testing.assert_allclose(seen["probabilities"][row, :steps].sum(axis=1), 1, atol=1e-5)
        assert (seen["probabilities"][row, steps:] == 0).all()
    assert seen["alphabet"][0].tolist()[0] == b""


# Its commands ---------------------------------------------------------------------------------------------


def test_it_reads_files_folders_and_tables(trained_transcriber, prints, tmp_path, call):
    name = str(trained_transcriber / "saved_models/tiny")
    told = call(zoo_main, tmp_path, "predict", name, prints / "000.png", "--json").out
    assert json.loads(told)["file"].endswith("000.png")
    lines = call(zoo_main, tmp_path, "predict", name, prints, "--json").out.splitlines()
    assert len(lines) == 144
    lines = call(zoo_main, tmp_path, "predict", name, "--input", prints / "transcripts.csv", "--json").out
    assert [json.loads(line)["file"] for line in lines.splitlines()][:2] == ["000.png", "001.png"]
    (tmp_path / "bad.png").write_bytes(b"no picture")
    told = call(zoo_main, tmp_path, "predict", name, prints / "000.png", "bad.png")
    assert "is not a picture" in told.out + told.err
    refused = call(zoo_main, tmp_path, "predict", name, "bad.png", code=2).err
    assert "bad.png: is not a picture, or is damaged" in refused and refused.count("\n") == 1
    refused = call(zoo_main, tmp_path, "predict", name, "none.png", code=2).err
    assert "none.png: no such file" in refused


def test_it_is_scored_on_a_users_own_table(trained_transcriber, prints, tmp_path, call):
    name = str(trained_transcriber / "saved_models/tiny")
    told = call(zoo_main, tmp_path, "evaluate", name, "--dataset", prints).out
    assert "CER" in told and "lines wrong" in told


def test_a_picture_shows_each_symbol_over_its_place(trained_transcriber, prints, tmp_path, call):
    name = str(trained_transcriber / "saved_models/tiny")
    told = call(zoo_main, tmp_path, "inspect", "alignment", name, prints / "005.png").out
    assert "the blank, is the most probable at" in told
    assert (tmp_path / "alignment.png").read_bytes().startswith(b"\x89PNG")
    call(zoo_main, tmp_path, "inspect", "alignment", name, prints / "005.png", "--output", "a.svg")
    assert "blank" in (tmp_path / "a.svg").read_text()
    (tmp_path / "bad.png").write_bytes(b"")
    refused = call(zoo_main, tmp_path, "inspect", "alignment", name, "bad.png", code=2).err
    assert "bad.png: cannot be read" in refused


def test_keras_reads_what_was_trained(trained_transcriber):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = keras.saving.load_model(trained_transcriber / "runs/tiny/model.keras")
    assert stored.output.shape[2] == 5  # O, T, I, X and the blank
