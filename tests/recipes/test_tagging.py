import json
import shutil
import signal
import sys
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import (
    TINY_TAGGER,
    assert_refused,
    checkpoint,
    learned,
    operations,
    run,
    sentences_of,
    stop_when,
    stored,
)

from zoo import cli, training
from zoo.data import load
from zoo.export import serving
from zoo.recipes import tagging
from zoo.text import Vocabulary
from zoo.training.losses import CRFLoss, SequenceCrossentropy

RECIPE = ("-m", "zoo.recipes.tagging")
# Gives the process two devices before the recipe starts.
ON_TWO_DEVICES = """
import runpy, sys
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
runpy.run_module("zoo.recipes.tagging", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def config() -> tagging.Config:
    return cli.parse("tagging", tagging.Config, list(TINY_TAGGER))


def test_it_learns_exports_and_shows_scores_beside_the_baseline(trained_tagger):
    manifest = json.loads((trained_tagger / "saved_models/tiny/zoo.json").read_text())
    score, baseline = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert score["f1"] > 0.9
    assert set(score["f1_by_type"]) == {"person", "place"}
    assert set(baseline) == {"majority tag per token"}
    assert baseline["majority tag per token"]["f1"] < score["f1"]
    assert manifest["labels"] == ["B-person", "B-place", "I-person", "I-place", "O"]
    assert sum(manifest["dataset"]["sizes"].values()) == 400
    assert set(manifest["signatures"]) == {"serving_default", "flat", "tokens", "states"}
    metrics = json.loads((trained_tagger / "runs/tiny/metrics.json").read_text())
    assert metrics["test"] == {**baseline, "tiny": score}
    validated = [epoch["val_score"] for epoch in metrics["history"]]
    assert len(validated) == 8
    assert validated[metrics["best_epoch"] - 1] == max(validated)
    assert "falk\n" in (trained_tagger / "runs/tiny/vocabulary.txt").read_text()
    assert (trained_tagger / "runs/tiny/learning_curve.png").read_bytes().startswith(b"\x89PNG")


# The model in training ------------------------------------------------------------------------------------


def test_decoding_with_the_crf_never_breaks_the_scheme(config):
    names = ("B-a", "B-b", "I-a", "I-b", "O", "keyword")
    allowed = {"I-a": ("B-a", "I-a"), "I-b": ("B-b", "I-b")}

    def illegal(numbers, lengths) -> int:
        rows = [[names[i] for i in row[:n]] for row, n in zip(numbers.numpy(), lengths, strict=True)]
        pairs = [pair for row in rows for pair in pairwise(["O", *row])]
        return sum(tag in allowed and before not in allowed[tag] for before, tag in pairs)

    keras.utils.set_random_seed(4)
    draw = np.random.default_rng(4)
    network = tagging.build_model(config, 50, names)
    network.set_weights([6 * weight + draw.normal(size=weight.shape) for weight in network.get_weights()])
    lengths = draw.integers(1, 30, 64)
    real = tf.sequence_mask(lengths, 29)
    inputs = {
        "words": tf.where(real, draw.integers(1, 50, (64, 29), "int32"), 0),
        "characters": tf.constant(draw.integers(0, 1001, (64, 29, 8), "int32")),
        "spelling": tf.constant(draw.integers(1, 201, (64, 29, 9), "int32")),
    }
    assert illegal(tagging.decode(config, network, inputs)["tags"], lengths) == 0
    assert illegal(tf.argmax(network(inputs), 2), lengths) > 50  # were each tag chosen for itself


@pytest.mark.parametrize("crf", [True, False])
def test_with_a_gpu_all_rnns_train_on_the_fused_kernel_and_none_is_exported(crf, tmp_path, monkeypatch):
    # An `import ... as` of this path binds a function of the same name, not the module.
    monkeypatch.setattr(sys.modules["keras.src.backend.tensorflow.rnn"], "_is_gpu_available", lambda: True)
    config, names = tagging.Config(crf=crf, style="prose"), ("B-a", "I-a", "O")
    vocabulary = stored(Vocabulary, Vocabulary.learn({b"word": 2}, 50, 1), tmp_path / "vocabulary.txt")
    network = tagging.build_model(config, len(vocabulary), names)
    layer = network.get_layer("crf") if crf else None
    loss = CRFLoss(layer, tagging.NO_TAG) if crf else SequenceCrossentropy(tagging.NO_TAG)
    network.compile(training.make_optimizer(config, 10), loss, jit_compile=False)
    inputs = {name: tf.ones([2, 5, *x.shape[2:]], tf.int32) for name, x in network.input.items()}
    data = (inputs, tf.zeros([2, 5], tf.int32), tf.ones([2]))
    step = operations(tf.function(network.train_step).get_concrete_function(data))
    assert step.count("CudnnRNNV3") == 2 * 2 + 2  # layers x directions, and the characters' RNN
    assert step.count("CudnnRNNBackpropV3") == 2 * 2 + 2
    loops = step.count("While") + step.count("StatelessWhile")
    assert loops == (2 if crf else 0)  # the CRF's forward algorithm and its gradient

    module = tagging.Tagging(config, network, vocabulary, names)
    assert [layer.use_cudnn for layer in serving.recurrent_layers(module.model)] == [False] * 6
    for function in (module.tag_text, module.tag_tokens):
        exported = operations(function.get_concrete_function())
        assert len(exported) > 100
        assert not [name for name in exported if "Cudnn" in name]


def test_real_batches_are_what_the_fused_kernels_demand(config, sentences, tmp_path):
    examples = load(str(sentences), "tagging")
    words = learned(tagging, config, examples.train)
    vocabulary = stored(Vocabulary, words, tmp_path / "vocabulary.txt")
    batches = tagging.make_batches(config, vocabulary, examples.train, examples.label_names, 2, most=5)
    for inputs, tags, weights in batches.in_order().as_numpy_iterator():
        real = inputs["words"] != 0
        assert real[:, 0].all()  # no row is empty
        assert not (real[:, 1:] & ~real[:, :-1]).any()  # padding stands on the right
        assert ((tags != tagging.NO_TAG) == real).all()
        assert 1 < real.shape[1] <= 5
        assert len(weights) % 2 == 0
    assert batches.targets.lengths.sum() == sum(min(len(row), 5) for row in sentences_of(examples.train)[0])


# Trains on one, then on two logical CPU devices, with batches of 5 and a last one of 3 sentences.
TWO_DEVICES = """
import dataclasses, json, sys
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
from zoo import cli, training
from zoo.data import load
from zoo.recipes import tagging
from zoo.training.folder import Folder as Run
from zoo.text import Vocabulary

results = []
for replicas, strategy in enumerate(("one", "mirrored"), 1):
    config = cli.parse("tagging", tagging.Config, [*sys.argv[2:], "--strategy", strategy, "--name", strategy])
    scope = training.start(config)
    assert scope.num_replicas_in_sync == replicas
    examples = load(sys.argv[1], "tagging")
    run = Run("tagging", config)
    run.create("data")
    counts = tagging.count_words(examples.train)
    words = Vocabulary.learn(counts, config.vocabulary_size, config.min_count)
    vocabulary, names = Vocabulary(words), examples.label_names
    with scope.scope():
        model = tagging.build_model(config, len(words), names)
    batches = tagging.make_batches(config, vocabulary, examples.train.first(33), names, replicas)
    loss = training.CRFLoss(model.get_layer("crf"), tagging.NO_TAG)
    outcome = training.fit(run, config, model, batches, batches, loss, [])
    tag = batches.answering(lambda inputs: tagging.decode(config, model, inputs)["tags"])
    results.append({"weights": {w.path: w.numpy().tolist() for w in model.weights},
                    "losses": [epoch["val_loss"] for epoch in outcome.history],
                    "tags": [row.tolist() for row in tag()]})
print("RESULT" + json.dumps(results))
"""


def test_two_devices_agree_with_one_on_odd_batches_of_unequal_sentences(sentences, tmp_path):
    none = [flag for name in ("", "word-", "spelling-", "embedding-") for flag in (f"--{name}dropout", "0")]
    flags = [*TINY_TAGGER, *none, "--batch-size", "5", "--epochs", "3", "--clip-norm", "0.05",
             "--schedule", "constant", "--weight-average", "0.9"]  # fmt: skip
    output = run("-c", TWO_DEVICES, str(sentences), *flags, cwd=tmp_path).stdout
    one, two = json.loads(output.split("RESULT")[1])
    assert len(one["losses"]) == 3
    np.testing.assert_allclose(two["losses"], one["losses"], atol=1e-5)
    for path, weight in one["weights"].items():
        np.testing.assert_allclose(two["weights"][path], weight, atol=1e-6, err_msg=path)
    assert two["tags"] == one["tags"]
    assert any(tag != "O" for row in one["tags"] for tag in row)


# The program ----------------------------------------------------------------------------------------------


def test_killed_and_interrupted_it_ends_with_bit_identical_weights(trained_tagger, sentences, tmp_path):
    command = [*RECIPE, "--dataset", str(sentences), "--name", "tiny", *TINY_TAGGER]
    stored = tmp_path / "runs/tiny/checkpoint.npz"
    stop_when(stored.exists, command, tmp_path)
    first, written = checkpoint(tmp_path)[1]["epoch"], stored.stat().st_mtime_ns
    changed = lambda: stored.stat().st_mtime_ns != written  # noqa: E731
    assert stop_when(changed, command, tmp_path, signal.SIGINT) == 130
    done = checkpoint(tmp_path)[1]["epoch"]
    assert 1 <= first < done < 8
    assert not (tmp_path / "saved_models").exists()
    assert not list((tmp_path / "runs/tiny").glob(".*"))  # nothing half written
    output = run(*command, cwd=tmp_path).stdout
    assert f"continues after epoch {done}" in output

    (expected, state), (found, found_state) = checkpoint(trained_tagger), checkpoint(tmp_path)
    assert found_state["best_epoch"] == state["best_epoch"]
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    for figure in ("val_loss", "val_score"):
        scores = [[epoch[figure] for epoch in s["history"]] for s in (state, found_state)]
        assert scores[0] == scores[1]


@pytest.mark.parametrize(
    ("program", "extra"),
    [
        (RECIPE, ("--no-crf", "--cell", "simplified_gru")),
        (RECIPE, ("--cell", "simple_rnn", "--character-units", "0", "--spelling-units", "0")),
        (("-c", ON_TWO_DEVICES), ("--mixed-precision", "--strategy", "mirrored", "--cell", "peephole_lstm")),
    ],
)
def test_other_settings_train_and_export(sentences, tmp_path, program, extra):
    flags = ["--dataset", str(sentences), *TINY_TAGGER, "--epochs", "1", "--layers", "1", *extra]
    run(*program, *flags, cwd=tmp_path)
    assert (tmp_path / "saved_models/tagging/zoo.json").exists()


@pytest.fixture(scope="module")
def copied(trained_tagger, sentences, tmp_path_factory):
    """A folder in which a copy of the recipe went on from `tiny`, with a place it did not know."""
    folder = tmp_path_factory.mktemp("copied")
    shutil.copy(tagging.__file__, folder / "mine.py")
    (folder / "own.bio").write_text(sentences.read_text().replace("Rome", "Quito"))
    flags = ["--dataset", "own.bio", *TINY_TAGGER, "--epochs", "1", "--learning-rate", "1e-6",
             "--init-from", str(trained_tagger / "saved_models/tiny")]  # fmt: skip
    (folder / "output").write_text(run("mine.py", *flags, cwd=folder).stdout)
    return folder


def test_a_copied_recipe_runs_unchanged_elsewhere(copied):
    manifest = json.loads((copied / "saved_models/mine/zoo.json").read_text())
    assert manifest["command"].startswith("python mine.py --dataset own.bio")


def test_a_warm_start_keeps_the_vocabulary_and_begins_with_what_was_learned(trained_tagger, copied):
    output = (copied / "output").read_text()
    count = len(checkpoint(trained_tagger)[1]["weights"])
    assert f"{count} of {count} weights" in output
    words = (copied / "runs/mine/vocabulary.txt").read_text().split("\n")
    old = (trained_tagger / "runs/tiny/vocabulary.txt").read_text().split("\n")[:-1]
    assert words[: len(old)] == old
    assert "quito" in words[len(old) :]
    manifest = json.loads((copied / "saved_models/mine/zoo.json").read_text())
    assert manifest["metrics"]["test"]["f1"] > 0.8


def test_a_run_of_another_configuration_is_left_alone(trained_tagger, sentences, tmp_path):
    shutil.copytree(trained_tagger, tmp_path / "work")
    before = (tmp_path / "work/runs/tiny/checkpoint.npz").read_bytes()
    command = [*RECIPE, "--dataset", str(sentences), "--name", "tiny", *TINY_TAGGER, "--no-crf"]
    result = run(*command, cwd=tmp_path / "work", code=2)
    assert "crf is True there and False here" in result.stderr
    assert (tmp_path / "work/runs/tiny/checkpoint.npz").read_bytes() == before


def recipe() -> None:
    cli.run(tagging.Config, tagging.main, presets="tagging")


FILES = {
    "uneven.conll": b"Ada B-person\nmet O O\n",
    "scheme.conll": b"Ada B-person\nmet VERB\n",
    "latin.conll": "café O\n".encode("latin-1"),
    "empty.conll": b"\n",
    "single.conll": b"Ada\nmet\n",
    "few.conll": b"Ada B-person\n",
    "same.conll": b"".join(b"word%d O\n\n" % i for i in range(60)),
    "fine.conll": b"".join(b"word%d ADJ O\n.%d . B-x\n\n" % (i, i) for i in range(60)),
}


@pytest.mark.parametrize(
    ("arguments", "named", "mend"),
    [
        (["--dataset", "uneven.conll"], "line 2 has 3 columns", "part the columns"),
        (["--dataset", "scheme.conll"], "line 2 has the tag 'VERB'", "write O"),
        (["--dataset", "latin.conll"], "latin.conll", "UTF-8"),
        (["--dataset", "empty.conll"], "empty.conll: the file is empty", "a token and its tag"),
        (["--dataset", "single.conll"], "one column only", "a token and its tag"),
        (["--dataset", "few.conll"], "too few sentences", "give more"),
        (["--dataset", "same.conll"], "only one tag ('O')", "at least two"),
        (["--dataset", "fine.conll", "--tags", "4"], "no column '4'", "from 2 to 3"),
        (["--dataset", "fine.conll", "--tags", "ner"], "no column 'ner'", "from 2 to 3"),
        (["--dataset", "conll2003", "--tags", "upos"], "no column 'upos'", "ner or chunks or pos"),
        (["--dataset", "nowhere.conll"], "nowhere.conll: no such file", "give the path"),
        (["--dataset", "conll"], "unknown data set 'conll'", "conll2003"),
        (["--dataset", "fine.conll", "--init-from", "nothing"], "nothing", "give a path"),
        (["--preset", "conll"], "--preset conll", "conll2003"),
        (["--style", "verse"], "--style", "prose"),
        (["--units", "0"], "--units 0", "at least 1"),
        (["--max-tokens", "0"], "--max-tokens 0", "at least 1"),
        (["--characters", "3"], "--characters 3", "at least 4"),
        (["--character-units", "-1"], "--character-units -1", "at least 0"),
        (["--spelling-buckets", "0"], "--spelling-buckets 0", "at least 1"),
        (["--vocabulary-size", "3"], "--vocabulary-size 3", "at least 4"),
        (["--embedding-dropout", "1"], "--embedding-dropout 1.0", "at most 0.99"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(tmp_path, call, arguments, named, mend):
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    assert_refused(call, recipe, tmp_path, arguments, named, mend)


def test_presets_parse_and_the_default_one_is_the_default_config():
    assert set(cli.presets("tagging")) == {"python", "conll2000", "conll2003", "en_ewt"}
    assert cli.parse("tagging", tagging.Config, ["--preset", "python"]) == tagging.Config()
    for name in cli.presets("tagging"):
        config = cli.parse("tagging", tagging.Config, ["--preset", name, "--units", "7"])
        training.check_ranges(config)
        assert (config.name, config.units) == ("", 7)  # a shipped model is replaced on purpose only
