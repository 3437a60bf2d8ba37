"""A captioner of clips: asked by the command line, in Python and as a plain SavedModel."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from cases import manifest_of
from PIL import Image

import zoo
from zoo import __main__, images
from zoo.data.own import clip_files


@pytest.fixture(scope="module")
def model(trained_clip_captioner):
    return zoo.load(trained_clip_captioner / "saved_models/tiny")


@pytest.fixture
def folder(films, trained_clip_captioner, tmp_path, monkeypatch):
    """One clip in every form that clips have, a still picture, and a table of two."""
    monkeypatch.setenv("ZOO_SAVED_MODELS", str(trained_clip_captioner / "saved_models"))
    with Image.open(films / "03.gif") as file:
        frames = []
        for number in range(file.n_frames):
            file.seek(number)
            frames.append(file.convert("RGB"))
    (tmp_path / "frames").mkdir()
    for number, frame in enumerate(frames):
        frame.save(tmp_path / "frames" / f"{number}.png")
    options = {"save_all": True, "append_images": frames[1:], "duration": 80}
    frames[0].save(tmp_path / "clip.png", "PNG", **options)
    frames[0].save(tmp_path / "clip.webp", "WEBP", lossless=True, **options)
    frames[0].save(tmp_path / "still.png")
    shutil.copy(films / "03.gif", tmp_path / "clip.gif")
    (tmp_path / "table.csv").write_text("image,caption\nclip.gif,a\nframes,b\n")
    return tmp_path


def test_it_learned_from_clips(trained_clip_captioner):
    manifest = manifest_of(trained_clip_captioner)
    assert manifest["config"]["frames"] == 3
    assert manifest["dataset"]["sizes"] == {"train": 24, "validation": 12, "test": 12}
    assert manifest["metrics"]["test"]["word_accuracy"] > 0.2
    assert (trained_clip_captioner / "runs/tiny/test.png").read_bytes().startswith(b"\x89PNG")


def test_a_clip_is_the_same_in_every_form(folder, model, call):
    names = ["clip.gif", "clip.png", "clip.webp", "frames"]
    lines = call(__main__.main, folder, "predict", "tiny", *names).out.splitlines()
    assert [line.split("\t")[0] for line in lines] == names
    assert len({line.split("\t")[1] for line in lines}) == 1 and lines[0].split("\t")[1]
    assert call(__main__.main, folder, "predict", "tiny", "--input", "table.csv").out.count("\n") == 2
    rows = [*(folder / name for name in names), *((folder / name).read_bytes() for name in names[:3])]
    answers = model.predict(rows)
    assert len({(row["caption"], round(row["score"], 5)) for row in answers}) == 1


def test_what_is_no_clip_is_told_beside_those_that_are(folder, call):
    output = call(__main__.main, folder, "predict", "tiny", "clip.gif", "still.png")
    assert output.out.splitlines()[1] == "still.png\t"
    assert "still.png is a still picture, no clip (an animated GIF" in output.err
    output = call(__main__.main, folder, "predict", "tiny", "still.png", code=2)
    assert "give animated GIF, WebP or PNG files, or folders of frames" in output.err
    output = call(__main__.main, folder, "predict", "tiny", "away.gif", code=2)
    assert "away.gif: no such file; give the path of a clip" in output.err


def test_a_table_of_clips_is_scored_and_what_cannot_be_read_is_named(folder, call):
    output = call(__main__.main, folder, "evaluate", "tiny", "--dataset", "table.csv")
    assert "word accuracy" in output.out
    (folder / "table.csv").write_text("image,caption\nclip.gif,a\nstill.png,b\n")
    output = call(__main__.main, folder, "evaluate", "tiny", "--dataset", "table.csv", code=2)
    assert "still.png is a still picture" in output.err


def test_where_and_when_a_word_looked_adds_up_to_one(folder, model, call):
    (answer,) = model.predict([folder / "clip.gif"], "attention")
    weights = np.array(answer["attention"])
    assert weights.shape == (len(answer["tokens"]), 3, 2, 2)
    np.testing.assert_allclose(weights.sum(axis=(1, 2, 3)), 1, atol=1e-4)
    output = call(__main__.main, folder, "inspect", "attention", "tiny", "clip.gif", "--output", "map.png")
    assert "frame" in output.out and (folder / "map.png").exists()


def test_plain_tensorflow_reads_animated_gif_and_webp(folder, model):
    loaded = tf.saved_model.load(str(model.path))
    files = [(folder / name).read_bytes() for name in ("clip.gif", "clip.webp", "still.png")]
    found = loaded.signatures["serving_default"](image=tf.constant([*files, b""]))
    assert found["valid"].numpy().tolist() == [True, True, False, False]
    assert found["caption"][0] == found["caption"][1] != b""
    assert found["caption"].numpy().tolist()[2:] == [b"", b""]


def test_the_order_of_frames_is_read(folder, model):
    clip = images.evenly(images.decode_all((folder / "clip.gif").read_bytes()), 3).numpy()
    both = [clip_files.as_webp([Image.fromarray(frame) for frame in frames]) for frames in (clip, clip[::-1])]
    forwards, backwards = model.predict(both)
    assert abs(forwards["score"] - backwards["score"]) > 1e-4


def test_clips_are_written_as_a_picture_in_which_they_play(folder, call):
    call(
        __main__.main,
        folder,
        "predict",
        "tiny",
        "clip.gif",
        "frames",
        "still.png",
        "--output",
        "captions.svg",
    )
    svg = (folder / "captions.svg").read_text()
    assert svg.count("<image") == svg.count("<animate") == 2 * 3


def test_several_captions_of_a_clip_stand_below_each_other(folder, model, call):
    flags = ("--signature", "beam", "--output", "captions.svg")
    call(__main__.main, folder, "predict", "tiny", "clip.gif", *flags)
    (row,) = model.predict([folder / "clip.gif"], "beam")
    said = [text["caption"] for text in row["captions"] if text["caption"]]
    assert (folder / "captions.svg").read_text().count("<text") >= len(said) > 1
