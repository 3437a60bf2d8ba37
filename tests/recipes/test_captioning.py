import json

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, trained_until_scored
from tiny import assert_refused, stored

from zoo import cli, layers, metrics
from zoo.data import Part, load, read_pictures
from zoo.recipes import captioning
from zoo.tasks import Captioning
from zoo.text import PADDING, Pieces, Split

CASE = CASES["captioning"]


def learned(config, part) -> list[str]:
    return Pieces.learn(Split.of_column(part.blocks("captions")).counts, config.pieces, config.min_count)


def test_it_learns_exports_and_shows_scores_beside_baselines(trained_captioner):
    manifest = manifest_of(trained_captioner)
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert score["word_accuracy"] > 0.5  # half of the words are always the same
    assert set(baselines) == {"most typical caption", "nearest training picture"}
    assert manifest["dataset"]["sizes"] == {"train": 24, "validation": 12, "test": 12}
    assert set(manifest["signatures"]) == {"serving_default", "beam", "attention"}
    stored = json.loads((trained_captioner / "runs/tiny/metrics.json").read_text())
    assert stored["test"] == {**baselines, "tiny": score}
    validated = [epoch["val_score"] for epoch in stored["history"]]
    assert validated[stored["best_epoch"] - 1] == max(validated)
    for picture in ("learning_curve.png", "test.png"):
        assert (trained_captioner / "runs/tiny" / picture).read_bytes().startswith(b"\x89PNG")


# The model in training ------------------------------------------------------------------------------------


def test_every_picture_counts_alike_and_targets_are_one_step_ahead(squares, tmp_path):
    flags = [*CASE.flags, "--captions-each", "3", "--batch-size", "7"]
    config = cli.parse("captioning", captioning.Config, flags)
    examples = load(str(squares), "captioning")
    captions = examples.train.rows_of_strings("captions")
    captions[0] = ["one", "two"]
    part = Part({"captions": captions})
    pieces = stored(Pieces, learned(config, part), tmp_path / "captions.txt")
    pictures = read_pictures(examples.train, config.image_size)
    assert pictures.shape == (24, 32, 32, 4)
    seen = []
    batches = captioning.make_batches(config, pieces, part, pictures, 2)
    assert len(batches) == 3 * 24
    for inputs, targets, weights in batches.in_order().as_numpy_iterator():
        assert len(weights) % 2 == 0
        assert (inputs["caption"][:, 0] == Pieces.START).all()
        after = np.where(targets[:, :-1] == Pieces.END, PADDING, targets[:, :-1])
        np.testing.assert_array_equal(inputs["caption"][:, 1:], after)
        texts = pieces.decode(tf.constant(targets)).numpy()
        for picture, text, weight in zip(inputs["picture"], texts, weights, strict=True):
            if weight:
                (row,) = [i for i, each in enumerate(pictures) if (each == picture).all()]
                assert text.decode() in captions[row]
                seen.append((row, text.decode()))
    assert sorted(row for row, _ in seen) == sorted([*range(24)] * 3)
    assert sorted(text for row, text in seen if row == 0) == ["one", "one", "two"]


@pytest.fixture
def built(tmp_path, monkeypatch, zoo_cache) -> list:
    """The encoders that are built, with random weights; what they make of pictures is kept in a new cache."""
    built = []

    def random_weights(name, size, weights=True, frames=1):
        built.append(from_the_zoo(name, size, False, frames))
        return built[-1]

    from_the_zoo = layers.image_encoder
    monkeypatch.setattr(layers, "image_encoder", random_weights)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    return built


FROZEN = (*CASE.flags, "--encoder", "keras:MobileNetV3Small", "--mirror", "--epochs", "1",
          "--steps-per-epoch", "2")  # fmt: skip


def asking_numbers_of(squares) -> list[int]:
    """Returns the numbers that are asked for, of mirrored pictures too."""
    config = cli.parse("captioning", captioning.Config, [*CASE.flags, "--captions-each", "2"])
    part = load(str(squares), "captioning").train
    pieces = Pieces(learned(config, part))
    pictures = np.arange(48, dtype=np.float32).reshape(48, 1, 1, 1) % 24  # each twice: the mirrored follow
    batches = captioning.asking_numbers(captioning.make_batches(config, pieces, part, pictures, 1), 24)
    for inputs, numbers, _ in batches.in_order().as_numpy_iterator():
        assert (inputs["picture"][:, 0, 0, 0] == numbers).all()
    return batches.targets.tolist()


def test_the_features_of_a_frozen_encoder_are_computed_once_and_it_learns_on_by_itself(
    squares, tmp_path, built
):
    seen = trained_until_scored("captioning", tmp_path, "--dataset", squares, *FROZEN)
    assert seen.said.count("encoding 24 pictures") == seen.said.count("encoding 12 pictures") == 1
    files = sorted((tmp_path / "cache/features").iterdir())
    shapes = sorted(np.load(file, mmap_mode="r").shape for file in files)
    assert shapes == [(12, 1, 1, 576), (48, 1, 1, 576)]  # training has the mirrored ones, too
    assert not built[0].trainable_weights
    arrays = np.load(tmp_path / "runs/captioning/checkpoint.npz")
    stored = json.loads(str(arrays["_state"]))["weights"]
    assert not {weight.path for weight in built[0].weights} & set(stored)
    assert {weight.path for weight in built[0].weights} < set(seen.module.weight_names)
    # Now from captions that it draws.
    flags = [*FROZEN, "--init-from", "runs/captioning", "--name", "on", "--self-critical", "cider+bleu"]
    seen = trained_until_scored("captioning", tmp_path, "--dataset", squares, *flags, "--drawn", "3")
    assert "encoding" not in seen.said
    # Rewards are those of the picture, whichever way round it is; nothing is added to what can be written.
    assert sorted(set(asking_numbers_of(squares))) == [*range(24)]
    written = [(tmp_path / f"runs/{name}/captions.txt").read_text() for name in ("captioning", "on")]
    assert written[0] == written[1]
    before, after = (
        {
            name: array
            for name, array in np.load(tmp_path / f"runs/{name}/checkpoint.npz").items()
            if "best" in name
        }
        for name in ("captioning", "on")
    )
    (epoch,) = json.loads(str(np.load(tmp_path / "runs/on/checkpoint.npz")["_state"]))["history"]
    assert 0 < epoch["reward"] < 11 and epoch["val_loss"] > 0
    assert before.keys() == after.keys()
    moved = [np.abs(after[name] - before[name]).max() for name in before]
    assert 0 < max(moved) < 0.1  # a step or two from where it started
    (answer,) = seen.module.predict([next(squares.glob("*.png"))])
    assert answer["valid"]


# The program ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        ("--attention", "none", "--cell", "peephole_lstm", "--beam-size", "1"),
        ("--attention", "additive", "--cell", "simplified_gru", "--layers", "2", "--mirror",
         "--storage", "float32", "--mixed-precision"),
    ],
)  # fmt: skip
def test_other_settings_train_and_answer(squares, tmp_path, extra):
    flags = [*CASE.flags, "--epochs", "1", "--steps-per-epoch", "3", *extra]
    module = trained_until_scored("captioning", tmp_path, "--dataset", squares, *flags).module
    assert ("attention" in module.signatures) == ("none" not in extra)
    (answer,) = module.predict([next(squares.glob("*.png"))], "beam")
    assert len(answer["captions"]) == (1 if "none" in extra else 3)


@pytest.mark.parametrize(
    ("arguments", "named", "mend"),
    [
        (["--dataset", "none"], "unknown data set 'none'", "emoji"),
        (["--dataset", "none.csv"], "none.csv: no such file", "captions.csv"),
        (["--dataset", "empty"], "empty", "captions.csv"),
        (["--dataset", "missing"], "line 2", "train.png"),
        (["--dataset", "text"], "train.png", "is no JPEG, PNG, GIF, BMP or WebP picture"),
        (["--encoder", "huge"], "unknown encoder 'huge'", "choose small"),
        (["--encoder", "keras:ResNet49"], "keras:ResNet49", "keras:ResNet50"),
        (["--preset", "flickr9k"], "--preset flickr9k", "flickr8k"),
        (["--attention", "dots"], "--attention", "additive"),
        (["--cell", "rnn"], "--cell", "gru"),
        (["--image-size", "31"], "--image-size 31", "at least 32"),
        (["--pieces", "299"], "--pieces 299", "at least 300"),
        (["--max-pieces", "0"], "--max-pieces 0", "at least 1"),
        (["--captions-each", "0"], "--captions-each 0", "at least 1"),
        (["--beam-size", "0"], "--beam-size 0", "at least 1"),
        (["--layers", "0"], "--layers 0", "at least 1"),
        (["--units", "-1"], "--units -1", "at least 1"),
        (["--dropout", "1"], "--dropout 1.0", "at most 0.99"),
        (["--label-smoothing", "-0.1"], "--label-smoothing -0.1", "at least 0"),
        (["--frames", "0"], "--frames 0", "at least 1"),
        (["--frames", "65"], "--frames 65", "at most 64"),
        (["--length-penalty", "-1"], "--length-penalty -1.0", "at least 0"),
        (
            ["--self-critical", "cider", "--encoder", "efficientnet_lite0"],
            "--self-critical",
            "add --init-from",
        ),
        (["--self-critical", "cider"], "--encoder small", "must be frozen"),
        (
            ["--self-critical", "cider", "--encoder", "efficientnet_lite0", "--fine-tune"],
            "--fine-tune",
            "frozen",
        ),
        (["--self-critical", "bleu"], "--self-critical", "cider+bleu"),
        (["--drawn", "1"], "--drawn 1", "at least 2"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(tmp_path, call, arguments, named, mend):
    for folder in ("empty", "missing", "text"):
        (tmp_path / folder).mkdir()
    parts = ("train", "validation", "test")
    rows = "".join(f"{part}.png,a dog,{part}\n" for part in parts)
    for folder in ("missing", "text"):
        (tmp_path / folder / "captions.csv").write_text(f"image,caption,split\n{rows}")
    for part in parts:
        (tmp_path / "text" / f"{part}.png").write_text("words")
    assert_refused(call, CASE.program, tmp_path, arguments, named, mend)


@pytest.mark.parametrize(
    ("trained", "mend"),
    [
        ({"encoder": "keras:ResNet50"}, "with --encoder keras:ResNet50; add it"),
        ({"encoder": "small", "fine_tune": True}, "with --fine-tune; add it"),
    ],
)
def test_a_decoder_that_reads_the_maps_of_another_encoder_is_no_start(tmp_path, call, trained, mend):
    (tmp_path / "runs/other").mkdir(parents=True)
    (tmp_path / "runs/other/checkpoint.npz").write_bytes(b"")
    (tmp_path / "runs/other/config.json").write_text(json.dumps(trained))
    assert_refused(call, CASE.program, tmp_path, ["--init-from", "other"], "--init-from other", mend)


def test_the_best_epoch_is_told_by_right_words_while_no_caption_is_right():
    found = ["the dog", "a dog runs", "a dog runs over grass"]
    scores = [metrics.captioning([["a dog runs over the grass"]], [caption]) for caption in found]
    assert [score.figures[score.headline] for score in scores] == [0, 0, 0]
    merits = [Captioning().merit(score) for score in scores]
    assert merits == sorted(set(merits)) and merits[-1] < 0
    assert Captioning().merit(metrics.Score(1, {"exact_match": 0.1, "word_accuracy": 0.2})) == 0.1
