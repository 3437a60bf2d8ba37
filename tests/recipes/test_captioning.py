import json
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from tiny import TINY_CAPTIONER, assert_refused, checkpoint, operations, run, stop_when, stored

from zoo import cli, layers, metrics, training
from zoo.data import Part, load
from zoo.export import serving
from zoo.recipes import captioning
from zoo.tasks import Captioning
from zoo.text.pieces import PADDING, Pieces
from zoo.training.losses import SequenceCrossentropy

RECIPE = ("-m", "zoo.recipes.captioning")
# Gives the process two devices before the recipe starts.
ON_TWO_DEVICES = """
import runpy, sys
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
runpy.run_module("zoo.recipes.captioning", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def config() -> captioning.Config:
    return cli.parse("captioning", captioning.Config, list(TINY_CAPTIONER))


def learned(config, part) -> list[str]:
    return Pieces.learn(captioning.count_units(part), config.pieces, config.min_count)


def recipe() -> None:
    cli.run(captioning.Config, captioning.main, presets="captioning")


def test_it_learns_exports_and_shows_scores_beside_baselines(trained_captioner):
    manifest = json.loads((trained_captioner / "saved_models/tiny/zoo.json").read_text())
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
    flags = [*TINY_CAPTIONER, "--captions-each", "3", "--batch-size", "7"]
    config = cli.parse("captioning", captioning.Config, flags)
    examples = load(str(squares), "captioning")
    captions = examples.train.rows_of_strings("captions")
    captions[0] = ["one", "two"]
    part = Part({"captions": captions})
    pieces = stored(Pieces, learned(config, part), tmp_path / "captions.txt")
    pictures = captioning.read_pictures(config, examples.train, False, None)
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


@pytest.mark.parametrize("attention", ["dot", "none"])
def test_with_a_gpu_all_rnns_train_on_the_fused_kernel_and_none_is_exported(
    attention, squares, tmp_path, monkeypatch
):
    # An `import ... as` of this path binds a function of the same name, not the module.
    monkeypatch.setattr(sys.modules["keras.src.backend.tensorflow.rnn"], "_is_gpu_available", lambda: True)
    flags = [*TINY_CAPTIONER, "--layers", "2", "--cell", "lstm", "--attention", attention]
    config = cli.parse("captioning", captioning.Config, flags)
    train = load(str(squares), "captioning").train
    pieces = stored(Pieces, learned(config, train), tmp_path / "captions.txt")
    network = captioning.build_model(config, len(pieces), channels=4)
    loss = SequenceCrossentropy(PADDING, config.label_smoothing)
    network.compile(training.make_optimizer(config, 10), loss, jit_compile=False)
    inputs = {"picture": tf.zeros([2, 32, 32, 4]), "caption": tf.ones([2, 5], tf.int32)}
    data = (inputs, tf.ones([2, 5], tf.int32), tf.ones([2]))
    step = operations(tf.function(network.train_step).get_concrete_function(data))
    assert step.count("CudnnRNNV3") == step.count("CudnnRNNBackpropV3") == 2
    assert not step.count("While") + step.count("StatelessWhile")

    module = captioning.Captioning(config, network, pieces)
    assert [layer.use_cudnn for layer in serving.recurrent_layers(module.model)] == [False] * 2
    exported = operations(module.caption.get_concrete_function())
    assert len(exported) > 100
    assert not [name for name in exported if "Cudnn" in name]


# Trains on one, then on two logical CPU devices, without anything random.
TWO_DEVICES = """
import json, sys
import numpy as np
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
from zoo import cli, training
from zoo.data import load
from zoo.training.losses import SequenceCrossentropy
from zoo.recipes import captioning
from zoo.training.folder import Folder as Run
from zoo.text.pieces import Pieces

results = []
for replicas, strategy in enumerate(("one", "mirrored"), 1):
    flags = [*sys.argv[2:], "--strategy", strategy, "--name", strategy]
    config = cli.parse("captioning", captioning.Config, flags)
    scope = training.start(config)
    assert scope.num_replicas_in_sync == replicas
    examples = load(sys.argv[1], "captioning")
    run = Run("captioning", config)
    run.create("data")
    counts = captioning.count_units(examples.train)
    pieces = Pieces(Pieces.learn(counts, config.pieces, config.min_count))
    with scope.scope():
        model = captioning.build_model(config, len(pieces), 4)
    before = [weight.numpy() for weight in model.weights]
    pictures = captioning.read_pictures(config, examples.train, False, None)
    batches = captioning.make_batches(config, pieces, examples.train, pictures, replicas)
    outcome = training.fit(run, config, model, batches, batches, SequenceCrossentropy(0, 0.1), [])
    results.append({"weights": {w.path: w.numpy().tolist() for w in model.weights},
                    "moved": [float(np.abs(w - b).max()) for w, b in zip(model.weights, before)],
                    "losses": [epoch["val_loss"] for epoch in outcome.history]})
print("RESULT" + json.dumps(results))
"""


def test_two_devices_agree_with_one(squares, tmp_path):
    # For few steps, in which batch normalisation makes little of the rounding yet, and without Adam, whose
    # steps do not shrink with the gradient.
    flags = [*TINY_CAPTIONER, "--dropout", "0", "--no-augment", "--batch-size", "6", "--epochs", "1",
             "--optimizer", "adagrad", "--schedule", "constant", "--weight-average", "0.9",
             "--learning-rate", "0.003", "--steps-per-epoch", "4"]  # fmt: skip
    output = run("-c", TWO_DEVICES, str(squares), *flags, cwd=tmp_path).stdout
    one, two = json.loads(output.split("RESULT")[1])
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    for path, weight in one["weights"].items():
        np.testing.assert_allclose(two["weights"][path], weight, atol=1e-4, err_msg=path)
    assert np.median(one["moved"]) > 1e-4  # there was something to agree on


def test_the_features_of_a_frozen_encoder_are_computed_once(squares, tmp_path, monkeypatch, call, zoo_cache):
    built = []

    def random_weights(name, size, weights=True):
        built.append(from_the_zoo(name, size, False))
        return built[-1]

    from_the_zoo = layers.image_encoder
    monkeypatch.setattr(layers, "image_encoder", random_weights)
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    flags = ["--dataset", str(squares), *TINY_CAPTIONER, "--encoder", "keras:MobileNetV3Small", "--mirror",
             "--epochs", "1", "--steps-per-epoch", "2"]  # fmt: skip
    first = call(recipe, tmp_path, *flags).out
    assert first.count("encoding 24 pictures") == first.count("encoding 12 pictures") == 1
    files = sorted((tmp_path / "cache/features").iterdir())
    shapes = sorted(np.load(file, mmap_mode="r").shape for file in files)
    assert shapes == [(12, 1, 1, 576), (48, 1, 1, 576)]  # training has the mirrored ones, too
    assert not built[0].trainable_weights
    arrays = np.load(tmp_path / "runs/captioning/checkpoint.npz")
    stored = json.loads(str(arrays["_state"]))["weights"]
    assert not {weight.path for weight in built[0].weights} & set(stored)
    manifest = json.loads((tmp_path / "saved_models/captioning/zoo.json").read_text())
    assert {weight.path for weight in built[0].weights} < set(manifest["weights"])


# The program ----------------------------------------------------------------------------------------------


def test_killed_it_ends_with_bit_identical_weights(trained_captioner, squares, tmp_path):
    command = [*RECIPE, "--dataset", str(squares), "--name", "tiny", *TINY_CAPTIONER]
    stop_when((tmp_path / "runs/tiny/checkpoint.npz").exists, command, tmp_path)
    done = checkpoint(tmp_path)[1]["epoch"]
    assert not (tmp_path / "saved_models").exists()
    output = run(*command, cwd=tmp_path).stdout
    assert f"continues after epoch {done}" in output

    (expected, state), (found, found_state) = checkpoint(trained_captioner), checkpoint(tmp_path)
    assert found_state["best_epoch"] == state["best_epoch"]
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize(
    ("program", "extra"),
    [
        (RECIPE, ("--attention", "none", "--cell", "peephole_lstm", "--beam-size", "1")),
        (
            ("-c", ON_TWO_DEVICES),
            ("--attention", "additive", "--cell", "simplified_gru", "--layers", "2", "--mirror",
             "--storage", "float32", "--mixed-precision", "--strategy", "mirrored"),
        ),
    ],
)  # fmt: skip
def test_other_settings_train_and_export(squares, tmp_path, program, extra):
    flags = ["--dataset", str(squares), *TINY_CAPTIONER, "--epochs", "1", "--steps-per-epoch", "3", *extra]
    run(*program, *flags, cwd=tmp_path)
    manifest = json.loads((tmp_path / "saved_models/captioning/zoo.json").read_text())
    assert ("attention" in manifest["signatures"]) == ("none" not in extra)
    assert manifest["signatures"]["beam"]["outputs"]["scores"] == (
        "float32 (any, 1)" if "none" in extra else "float32 (any, 3)"
    )


def test_a_copied_recipe_runs_elsewhere_and_goes_on_from_a_trained_one(trained_captioner, squares, tmp_path):
    shutil.copy(captioning.__file__, tmp_path / "mine.py")
    shutil.copytree(squares, tmp_path / "own")
    table = tmp_path / "own/captions.csv"
    table.write_text(table.read_text().replace("blue", "teal"))
    flags = ["--dataset", "own", *TINY_CAPTIONER, "--epochs", "1", "--learning-rate", "1e-6",
             "--init-from", str(trained_captioner / "runs/tiny")]  # fmt: skip
    output = run("mine.py", *flags, cwd=tmp_path).stdout
    count = len(checkpoint(trained_captioner)[1]["weights"])
    assert f"{count} of {count} weights" in output
    pieces = (tmp_path / "runs/mine/captions.txt").read_text().split("\n")
    old = (trained_captioner / "runs/tiny/captions.txt").read_text().split("\n")[:-1]
    assert pieces[: len(old)] == old
    assert len(pieces) > len(old)
    manifest = json.loads((tmp_path / "saved_models/mine/zoo.json").read_text())
    assert manifest["command"].startswith("python mine.py --dataset own")


def test_a_run_of_another_configuration_is_left_alone(trained_captioner, squares, tmp_path, call):
    shutil.copytree(trained_captioner, tmp_path / "work")
    before = (tmp_path / "work/runs/tiny/checkpoint.npz").read_bytes()
    flags = ["--dataset", str(squares), "--name", "tiny", *TINY_CAPTIONER, "--attention", "additive"]
    result = call(recipe, tmp_path / "work", *flags, code=2)
    assert "attention is dot there and additive here" in result.err.replace("'", "")
    assert (tmp_path / "work/runs/tiny/checkpoint.npz").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "named", "mend"),
    [
        (["--dataset", "none"], "unknown data set 'none'", "emoji"),
        (["--dataset", "none.csv"], "none.csv: no such file", "captions.csv"),
        (["--dataset", "empty"], "empty", "captions.csv"),
        (["--dataset", "missing"], "line 2", "train.png"),
        (["--dataset", "text"], "train.png", "is no JPEG, PNG, GIF or BMP picture"),
        (["--encoder", "tiny"], "unknown encoder 'tiny'", "choose small"),
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
        (["--length-penalty", "-1"], "--length-penalty -1.0", "at least 0"),
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
    assert_refused(call, recipe, tmp_path, arguments, named, mend)


@pytest.mark.parametrize(
    ("trained", "mend"),
    [
        ({"encoder": "keras:ResNet50"}, "add --encoder keras:ResNet50"),
        ({"encoder": "small", "fine_tune": True}, "add --fine-tune"),
    ],
)
def test_a_decoder_that_reads_the_maps_of_another_encoder_is_no_start(tmp_path, call, trained, mend):
    (tmp_path / "runs/other").mkdir(parents=True)
    (tmp_path / "runs/other/checkpoint.npz").write_bytes(b"")
    (tmp_path / "runs/other/config.json").write_text(json.dumps(trained))
    assert_refused(call, recipe, tmp_path, ["--init-from", "other"], "--init-from other", mend)


def test_the_best_epoch_is_told_by_right_words_while_no_caption_is_right():
    found = ["the dog", "a dog runs", "a dog runs over grass"]
    scores = [metrics.captioning([["a dog runs over the grass"]], [caption]) for caption in found]
    assert [score.figures[score.headline] for score in scores] == [0, 0, 0]
    merits = [Captioning().merit(score) for score in scores]
    assert merits == sorted(set(merits)) and merits[-1] < 0
    assert Captioning().merit(metrics.Score(1, {"exact_match": 0.1, "word_accuracy": 0.2})) == 0.1
