import json
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from tiny import TINY_TRANSLATOR, assert_refused, checkpoint, operations, run, stop_when, stored

import zoo
from zoo import cli, training
from zoo.cli.evaluate import evaluate
from zoo.data import load
from zoo.export import serving
from zoo.recipes import translation
from zoo.text.pieces import PADDING, Pieces
from zoo.training.losses import SequenceCrossentropy

RECIPE = ("-m", "zoo.recipes.translation")
# Gives the process two devices before the recipe starts.
ON_TWO_DEVICES = """
import runpy, sys
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
runpy.run_module("zoo.recipes.translation", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def config() -> translation.Config:
    return cli.parse("translation", translation.Config, list(TINY_TRANSLATOR))


def recipe() -> None:
    cli.run(translation.Config, translation.main, presets="translation")


def learned(config, examples, folder) -> dict[str, Pieces]:
    sizes = {"source": config.source_pieces, "target": config.target_pieces}
    counts = {side: translation.count_units(config, examples.train, side) for side in sizes}
    lines = {side: Pieces.learn(counts[side], sizes[side], config.min_count) for side in sizes}
    return {side: stored(Pieces, lines[side], folder / f"{side}.txt") for side in sizes}


def test_it_learns_exports_and_shows_scores_beside_baselines(trained_translator):
    manifest = json.loads((trained_translator / "saved_models/tiny/zoo.json").read_text())
    score, baselines = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert score["exact_match"] > 0.9
    assert set(baselines) == {"the source itself", "nearest training pair"}
    assert max(baseline["bleu"] for baseline in baselines.values()) < score["bleu"]
    assert sum(manifest["dataset"]["sizes"].values()) == 300
    assert set(manifest["signatures"]) == {"serving_default", "greedy", "beam", "attention"}
    metrics = json.loads((trained_translator / "runs/tiny/metrics.json").read_text())
    assert metrics["test"] == {**baselines, "tiny": score}
    validated = [epoch["val_score"] for epoch in metrics["history"]]
    assert len(validated) == 6
    assert validated[metrics["best_epoch"] - 1] == max(validated)
    assert " cheval\n" in (trained_translator / "runs/tiny/target.txt").read_text()
    assert (trained_translator / "runs/tiny/learning_curve.png").read_bytes().startswith(b"\x89PNG")


# The model in training ------------------------------------------------------------------------------------


def test_real_batches_are_what_the_fused_kernels_demand_and_targets_are_one_step_ahead(
    config, pairs, tmp_path
):
    examples = load(str(pairs), "translation")
    pieces = learned(config, examples, tmp_path)
    rows = 0
    # Sentences have 7 or 8 pieces.
    for batches in (translation.make_batches(config, pieces, examples.train, 2, most) for most in (7, None)):
        rows = len(batches) - rows
        for inputs, targets, weights in batches.in_order().as_numpy_iterator():
            assert len(weights) % 2 == 0
            for name, numbers in (*inputs.items(), ("targets", targets)):
                real = numbers != PADDING
                assert real[:, 0].all(), name  # no row is empty
                assert not (real[:, 1:] & ~real[:, :-1]).any()  # padding stands on the right
            assert (inputs["target"][:, 0] == Pieces.START).all()
            after = np.where(targets[:, :-1] == Pieces.END, PADDING, targets[:, :-1])
            np.testing.assert_array_equal(inputs["target"][:, 1:], after)
            assert ((targets == Pieces.END).sum(axis=1) == 1).all()
            assert ((inputs["source"] == Pieces.END).sum(axis=1) == 1).all()
    assert 0 < rows < len(batches)  # how many were too long


@pytest.mark.parametrize("input_feeding", [False, True])
def test_with_a_gpu_all_rnns_train_on_the_fused_kernel_and_none_is_exported(
    input_feeding, config, pairs, tmp_path, monkeypatch
):
    # An `import ... as` of this path binds a function of the same name, not the module.
    monkeypatch.setattr(sys.modules["keras.src.backend.tensorflow.rnn"], "_is_gpu_available", lambda: True)
    flags = ["--decoder-layers", "2", "--input-feeding" if input_feeding else "--no-input-feeding"]
    config = cli.parse("translation", translation.Config, [*TINY_TRANSLATOR, *flags])
    pieces = learned(config, load(str(pairs), "translation"), tmp_path)
    network = translation.build_model(config, {side: len(inventory) for side, inventory in pieces.items()})
    loss = SequenceCrossentropy(PADDING, config.label_smoothing)
    network.compile(training.make_optimizer(config, 10), loss, jit_compile=False)
    inputs = {name: tf.ones([2, 5], tf.int32) for name in translation.SIDES}
    data = (inputs, tf.ones([2, 5], tf.int32), tf.ones([2]))
    step = operations(tf.function(network.train_step).get_concrete_function(data))
    # Both directions of the encoder, and the decoder's layers unless each step waits for the one before.
    assert step.count("CudnnRNNV3") == step.count("CudnnRNNBackpropV3") == (2 if input_feeding else 4)
    assert bool(step.count("While") + step.count("StatelessWhile")) == input_feeding

    module = translation.Translation(config, network, pieces)
    assert [layer.use_cudnn for layer in serving.recurrent_layers(module.model)] == [False] * 4
    exported = operations(module.translate.get_concrete_function())
    assert len(exported) > 100
    assert not [name for name in exported if "Cudnn" in name]


# Trains on one, then on two logical CPU devices, with batches of 5 and a last one of 3 pairs.
TWO_DEVICES = """
import json, sys
import numpy as np
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
from zoo import cli, training
from zoo.data import load
from zoo.training.losses import SequenceCrossentropy
from zoo.recipes import translation
from zoo.training.folder import Folder as Run
from zoo.text.pieces import Pieces

results = []
for replicas, strategy in enumerate(("one", "mirrored"), 1):
    flags = [*sys.argv[2:], "--strategy", strategy, "--name", strategy]
    config = cli.parse("translation", translation.Config, flags)
    scope = training.start(config)
    assert scope.num_replicas_in_sync == replicas
    examples = load(sys.argv[1], "translation")
    run = Run("translation", config)
    run.create("data")
    sizes = {"source": config.source_pieces, "target": config.target_pieces}
    counts = {side: translation.count_units(config, examples.train, side) for side in sizes}
    pieces = {side: Pieces(Pieces.learn(counts[side], sizes[side], config.min_count)) for side in sizes}
    with scope.scope():
        model = translation.build_model(config, {side: len(inventory) for side, inventory in pieces.items()})
    before = [weight.numpy() for weight in model.weights]
    batches = translation.make_batches(config, pieces, examples.train.first(33), replicas)
    outcome = training.fit(run, config, model, batches, batches, SequenceCrossentropy(0, 0.1), [])
    writer = translation.writer_of(model, pieces)
    def greedy(inputs):
        decoded = translation.search(config, model, writer, inputs["source"], 1)[1]
        return writer.written(decoded).texts[:, 0]
    results.append({"weights": {w.path: w.numpy().tolist() for w in model.weights},
                    "moved": [float(np.abs(w - b).max()) for w, b in zip(model.weights, before)],
                    "losses": [epoch["val_loss"] for epoch in outcome.history],
                    "texts": [text.decode() for text in batches.answering(greedy)()]})
print("RESULT" + json.dumps(results))
"""


@pytest.mark.parametrize("feeding", ["--input-feeding", "--no-input-feeding"])
def test_two_devices_agree_with_one_on_odd_batches_of_unequal_pairs(pairs, tmp_path, feeding):
    flags = [*TINY_TRANSLATOR, "--dropout", "0", "--word-dropout", "0", "--batch-size", "5", "--epochs", "2",
             "--clip-norm", "0.05", "--schedule", "constant", "--weight-average", "0.9"]  # fmt: skip
    output = run("-c", TWO_DEVICES, str(pairs), *flags, feeding, cwd=tmp_path).stdout
    one, two = json.loads(output.split("RESULT")[1])
    assert len(one["losses"]) == 2
    np.testing.assert_allclose(two["losses"], one["losses"], atol=1e-5)
    for path, weight in one["weights"].items():
        np.testing.assert_allclose(two["weights"][path], weight, atol=1e-6, err_msg=path)
    assert two["texts"] == one["texts"]
    assert min(one["moved"]) > 1e-3  # there was something to agree on


# The program ----------------------------------------------------------------------------------------------


def test_killed_it_ends_with_bit_identical_weights(trained_translator, pairs, tmp_path):
    command = [*RECIPE, "--dataset", str(pairs), "--name", "tiny", *TINY_TRANSLATOR]
    stop_when((tmp_path / "runs/tiny/checkpoint.npz").exists, command, tmp_path)
    done = checkpoint(tmp_path)[1]["epoch"]
    assert 1 <= done < 6
    assert not (tmp_path / "saved_models").exists()
    output = run(*command, cwd=tmp_path).stdout
    assert f"continues after epoch {done}" in output

    (expected, state), (found, found_state) = checkpoint(trained_translator), checkpoint(tmp_path)
    assert found_state["best_epoch"] == state["best_epoch"]
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    for figure in ("val_loss", "val_score"):
        scores = [[epoch[figure] for epoch in s["history"]] for s in (state, found_state)]
        assert scores[0] == scores[1]


def shortly(folder, data, *extra, program=RECIPE) -> dict:
    """Trains for five steps and returns the manifest."""
    flags = ["--dataset", str(data), *TINY_TRANSLATOR, "--epochs", "1", "--steps-per-epoch", "5", *extra]
    run(*program, *flags, cwd=folder)
    return json.loads((folder / "saved_models/translation/zoo.json").read_text())


def test_words_are_spelled_to_phonemes_in_any_case_and_scored_by_their_errors(pairs, tmp_path):
    settings = ("--attention", "none", "--cell", "peephole_lstm", "--beam-size", "1")
    spelling = ("--source-pieces", "0", "--lower-case", "--scored-as", "pronunciation")
    manifest = shortly(tmp_path, pairs, *settings, *spelling)
    assert set(manifest["signatures"]) == {"serving_default", "greedy", "beam"}
    assert manifest["signatures"]["beam"]["outputs"]["scores"] == "float32 (any, 1)"
    score = manifest["metrics"]["test"]
    assert set(score) == set(manifest["baselines"]["test"]["the source itself"])
    assert set(score) == {"n", "word_error_rate", "phoneme_error_rate"}
    letters = (tmp_path / "runs/translation/source.txt").read_text().split("\n")[PADDING + 259 : -1]
    assert max(map(len, letters)) == 1 and not any(map(str.isupper, letters))
    model = zoo.load(f"{tmp_path}/saved_models/translation")
    loud, quiet = model.predict(["THE RED DOG HEARS THE CAT", "the red dog hears the cat"])
    assert loud == quiet
    assert evaluate(model) == score


def test_several_devices_train_a_mix_of_files_with_other_settings(pairs, tmp_path):
    (tmp_path / "own.tsv").write_text(pairs.read_text().replace("horse", "zebu").replace("cheval", "zébu"))
    settings = ("--input-feeding", "--attention", "additive", "--cell", "simplified_gru", "--encoder-layers",
                "2", "--decoder-layers", "3", "--storage", "float32", "--mixed-precision", "--strategy",
                "mirrored")  # fmt: skip
    shutil.copy(pairs, tmp_path / "pairs.tsv")
    manifest = shortly(tmp_path, "pairs.tsv+own.tsv", *settings, program=("-c", ON_TWO_DEVICES))
    assert set(manifest["signatures"]) == {"serving_default", "greedy", "beam", "attention"}
    assert manifest["signatures"]["beam"]["outputs"]["scores"] == "float32 (any, 3)"
    assert set(manifest["metrics"]) == set(manifest["baselines"]) == {"test", "test_own.tsv"}
    assert manifest["dataset"]["name"] == "pairs.tsv+own.tsv"
    pieces = (tmp_path / "runs/translation/source.txt").read_text().split("\n")
    assert " horse" in pieces and " zebu" in pieces


@pytest.fixture(scope="module")
def copied(trained_translator, pairs, tmp_path_factory):
    """A folder in which a copy of the recipe went on from `tiny`, with a beast that it did not know."""
    folder = tmp_path_factory.mktemp("copied")
    shutil.copy(translation.__file__, folder / "mine.py")
    (folder / "own.tsv").write_text(pairs.read_text().replace("horse", "zebu").replace("cheval", "zébu"))
    flags = ["--dataset", "own.tsv", *TINY_TRANSLATOR, "--epochs", "1", "--learning-rate", "1e-6",
             "--init-from", str(trained_translator / "runs/tiny")]  # fmt: skip
    (folder / "output").write_text(run("mine.py", *flags, cwd=folder).stdout)
    return folder


def test_a_copied_recipe_runs_unchanged_elsewhere(copied):
    manifest = json.loads((copied / "saved_models/mine/zoo.json").read_text())
    assert manifest["command"].startswith("python mine.py --dataset own.tsv")


def test_a_warm_start_keeps_both_vocabularies_and_begins_with_what_was_learned(trained_translator, copied):
    output = (copied / "output").read_text()
    count = len(checkpoint(trained_translator)[1]["weights"])
    assert f"{count} of {count} weights" in output
    for side, new in (("source", " zebu"), ("target", " zébu")):
        pieces = (copied / f"runs/mine/{side}.txt").read_text().split("\n")
        old = (trained_translator / f"runs/tiny/{side}.txt").read_text().split("\n")[:-1]
        assert pieces[: len(old)] == old
        assert new in pieces[len(old) :]
    manifest = json.loads((copied / "saved_models/mine/zoo.json").read_text())
    assert 0.2 < manifest["metrics"]["test"]["exact_match"] < 0.9  # those without the new beast


def test_a_run_of_another_configuration_is_left_alone(trained_translator, pairs, tmp_path, call):
    shutil.copytree(trained_translator, tmp_path / "work")
    before = (tmp_path / "work/runs/tiny/checkpoint.npz").read_bytes()
    flags = ["--dataset", str(pairs), "--name", "tiny", *TINY_TRANSLATOR, "--attention", "additive"]
    result = call(recipe, tmp_path / "work", *flags, code=2)
    assert "attention is dot there and additive here" in result.err.replace("'", "")
    assert (tmp_path / "work/runs/tiny/checkpoint.npz").read_bytes() == before


FINE = "".join(f"one {i}\tun {i}\n" for i in range(60))
FILES = {
    "fine.tsv": f"source\ttarget\n{FINE}",
    "columns.tsv": f"source\tfrench\n{FINE}",
    "blank.tsv": f"source\ttarget\none\t\n{FINE}",
    "few.tsv": "source\ttarget\none\tun\n",
    "empty.tsv": "",
    "cells.tsv": f"source\ttarget\n{FINE}one\tun\tuno\n",
}


@pytest.mark.parametrize(
    ("arguments", "named", "mend"),
    [
        (["--dataset", "columns.tsv"], "no column 'target'", "name the columns"),
        (["--dataset", "columns.tsv", "--target", "fr"], "no column 'fr'", "name the columns"),
        (["--dataset", "blank.tsv"], "line 2 has a blank target", "fill it in"),
        (["--dataset", "few.tsv"], "few.tsv: too few rows", "give more"),
        (["--dataset", "empty.tsv"], "empty.tsv: the file is empty", "source and target"),
        (["--dataset", "cells.tsv"], "line 62 has 3 cells", "quote texts"),
        (["--dataset", "fine.tsv", "--source", "target"], "both the column 'target'", "choose two"),
        (["--dataset", "fine.tsv", "--max-pieces", "1"], "--max-pieces 1", "raise it"),
        (["--dataset", "fine.tsv", "--init-from", "nothing"], "nothing", "give a path"),
        (["--dataset", "nowhere.tsv"], "nowhere.tsv: no such file", "give the path"),
        (["--dataset", "phrases"], "unknown data set 'phrases'", "cldr_phrases"),
        (["--source", "xx"], "'xx'", "choose"),
        (["--source", "en", "--target", "en"], "'en'", "choose two"),
        (["--preset", "multi40k"], "--preset multi40k", "multi30k"),
        (["--attention", "dots"], "--attention", "additive"),
        (["--cell", "rnn"], "--cell", "gru"),
        (["--max-pieces", "0"], "--max-pieces 0", "at least 1"),
        (["--source-pieces", "299"], "--source-pieces 299", "at least 300"),
        (["--target-pieces", "-1"], "--target-pieces -1", "at least 300"),
        (["--dataset", "multi30k+nowhere"], "unknown data set 'nowhere'", "choose"),
        (["--scored-as", "song"], "--scored-as", "pronunciation"),
        (["--beam-size", "0"], "--beam-size 0", "at least 1"),
        (["--decoder-layers", "0"], "--decoder-layers 0", "at least 1"),
        (["--encoder-units", "-1"], "--encoder-units -1", "at least 1"),
        (["--width", "0"], "--width 0", "at least 1"),
        (["--dropout", "1"], "--dropout 1.0", "at most 0.99"),
        (["--label-smoothing", "1"], "--label-smoothing 1.0", "at most 0.99"),
        (["--word-dropout", "-0.1"], "--word-dropout -0.1", "at least 0"),
        (["--length-penalty", "-1"], "--length-penalty -1.0", "at least 0"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(tmp_path, call, arguments, named, mend):
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    assert_refused(call, recipe, tmp_path, arguments, named, mend)


def test_presets_parse_and_the_default_one_is_the_default_config():
    presets = cli.presets("translation")
    assert "multi30k" in presets
    if "cldr_phrases" in presets:
        default = cli.parse("translation", translation.Config, ["--preset", "cldr_phrases"])
        assert default == translation.Config()
    for name in presets:
        config = cli.parse("translation", translation.Config, ["--preset", name, "--width", "7"])
        training.check_ranges(config)
        assert (config.name, config.width) == ("", 7)  # a shipped model is replaced on purpose only
