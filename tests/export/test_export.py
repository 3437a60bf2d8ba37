import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny import operations, placed, stored

from zoo import export
from zoo.data import gathered
from zoo.errors import ZooError
from zoo.export import blocks, bounds, serving, verify, writing
from zoo.layers import cudnn, loops
from zoo.recipes import sentiment
from zoo.tasks import Manifest
from zoo.text import Known, Vocabulary
from zoo.training import Settings

NASTY = [
    "",
    " \t\n",
    "a lovely soup",
    "NUL \x00 inside",
    b"not utf-8: \xff\xfe \xc3",
    "😀 👩🏽‍🚀 ☕",
    "x" * 50_000,
    "word " * 100_000,
    "' \" \\ <start> <padding>",
]


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """An untrained classifier with random weights, as the recipe would export it."""
    words = Vocabulary.learn({b"lovely": 3, b"soup": 2, b"word": 5}, 100, 1)
    path = tmp_path_factory.mktemp("vocabulary") / "vocabulary.txt"
    known = Known(stored(Vocabulary, words, path))
    keras.utils.set_random_seed(3)
    config = sentiment.Config(word_units=8, subword_units=8, subword_buckets=50, units=8)
    model = sentiment.build_model(config, known, 3)
    # Larger weights than a fresh model has: answers then differ visibly from row to row.
    model.set_weights([weight * 3 for weight in model.get_weights()])
    return sentiment.Sentiment(config, model, known, ["a", "b", "c"])


def test_every_row_has_an_answer_that_is_the_same_alone_and_in_any_batch(module):
    together = module.classify(tf.constant(NASTY))
    scores = together["scores"].numpy()
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert len(np.unique(scores.round(6), axis=0)) > 4
    for index, text in enumerate(NASTY):
        alone = module.classify(tf.constant([text]))
        np.testing.assert_allclose(alone["scores"].numpy()[0], scores[index], atol=1e-6)
        assert alone["label"].numpy()[0] == together["label"].numpy()[index]


def test_blank_texts_are_one_and_the_same_question(module):
    scores = module.classify(tf.constant(["", "  ", "\x00", "<br />"]))["scores"].numpy()
    np.testing.assert_array_equal(scores, np.repeat(scores[:1], 4, axis=0))


def test_a_batch_of_no_rows_gives_no_rows(module):
    answer = module.classify(tf.zeros([0], tf.string))
    assert {name: value.shape.as_list() for name, value in answer.items()} == {
        "label": [0],
        "score": [0],
        "labels": [0, 3],
        "scores": [0, 3],
    }


def test_rows_run_by_length_come_back_in_their_order(module):
    texts = ["word " * length for length in np.random.default_rng(0).integers(0, 40, 200)]
    features = gathered(sentiment.encode(module.config, module.known, tf.constant(texts)))
    padded = {name: ragged.to_tensor() for name, ragged in features.items()}
    expected = module.model(padded, training=False)
    specs = {"logits": tf.TensorSpec([None, 3])}
    found = blocks.by_length(lambda inputs: {"logits": module.model(inputs)}, features, specs, rows=7)
    np.testing.assert_allclose(found["logits"], expected, atol=1e-5)


ROWS = [[3, 1, 2], [], [7], [5, 5, 5, 5], [], [9, 8]]


def ragged(rows):
    return tf.ragged.constant(rows, dtype=tf.int32, ragged_rank=1)


def running(padded):
    """Sums and names of steps; what padding adds would show in neither."""
    sums = tf.cumsum(padded["numbers"], axis=1)
    return {"sums": sums, "names": tf.strings.as_string(padded["numbers"] * 10), "unused": sums}


STEPS = {"sums": tf.int32, "names": tf.string}


@pytest.mark.parametrize("rows", [1, 2, 4, 100])
@pytest.mark.parametrize("graph", [False, True])
def test_values_of_steps_come_back_in_the_order_and_the_lengths_of_the_rows(rows, graph):
    def run(numbers):
        return blocks.steps_by_length(running, {"numbers": numbers}, STEPS, rows=rows)

    found = (tf.function(run) if graph else run)(ragged(ROWS))
    assert list(found) == ["sums", "names"]
    assert found["sums"].to_list() == [[3, 4, 6], [], [7], [5, 10, 15, 20], [], [9, 17]]
    assert found["names"].to_list() == [[str(10 * n).encode() for n in row] for row in ROWS]


@pytest.mark.parametrize("rows", [[], [[]], [[], []]])
def test_no_rows_and_rows_without_steps_are_no_special_case(rows):
    numbers = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), [0] * len(rows))
    found = blocks.steps_by_length(running, {"numbers": numbers}, STEPS)
    assert {name: ragged.to_list() for name, ragged in found.items()} == {"sums": rows, "names": rows}
    assert [ragged.dtype for ragged in found.values()] == [tf.int32, tf.string]


def test_a_model_sees_no_batch_without_a_step_and_vectors_at_steps_too():
    seen = []

    def first(padded):
        seen.append(padded["vectors"].shape.as_list())
        return {"first": padded["vectors"][:, :, 0]}

    vectors = tf.RaggedTensor.from_row_lengths(tf.constant([[1, 2], [3, 4], [5, 6]]), [0, 1, 2])
    found = blocks.steps_by_length(first, {"vectors": vectors}, {"first": tf.int32}, rows=1)
    assert found["first"].to_list() == [[], [1], [3, 5]]
    assert seen == [[1, 1, 2], [1, 1, 2], [1, 2, 2]]


def shapes(lengths, **limits):
    """Returns the shapes, padding included, that rows of these lengths go through a model in."""
    seen = []

    def function(padded, lengths):
        seen.append(tuple(padded["numbers"].shape))
        return {"": tf.cast(lengths, tf.int32)}

    numbers = ragged([[1] * length for length in lengths])
    order, found = blocks._in_blocks(
        function, {"numbers": numbers}, {"": tf.TensorSpec([None], tf.int32)}, **limits
    )
    assert found[""].numpy().tolist() == sorted(lengths)
    assert [lengths[i] for i in order.numpy()] == sorted(lengths)
    return seen


def test_a_block_holds_at_most_so_many_rows():
    assert shapes([3, 1, 2, 1, 1], rows=2) == [(2, 1), (2, 2), (1, 3)]
    assert shapes([1, 1], rows=2) == [(2, 1)]


def test_a_block_holds_at_most_so_many_steps_padding_included():
    # 2 x 3 are 6 steps, 3 x 4 would be 12.
    assert shapes([2, 3, 4, 4, 5], rows=10, steps=11) == [(2, 3), (2, 4), (1, 5)]
    assert shapes([2, 3, 4, 4, 5], rows=10, steps=12) == [(3, 4), (2, 5)]  # 4 rows would be 16; 2 x 5 are 10


def test_a_row_longer_than_all_steps_of_a_block_goes_alone():
    assert shapes([30, 2, 40], rows=10, steps=5) == [(1, 2), (1, 30), (1, 40)]
    assert shapes([25_000, 10_000, 10_000], rows=256) == [(2, 10_000), (1, 25_000)]


def test_ragged_outputs_are_spread_into_dense_and_flat_ones():
    columns = {"names": tf.ragged.constant([["a"], [], ["b", "c"]]), "numbers": ragged([[1], [], [2, 3]])}
    spread = blocks.dense_and_flat(columns, tf.constant([False, True, False]))
    found = {name: value.numpy().tolist() for name, value in spread.items()}
    assert found == {
        "names": [[b"a", b""], [b"", b""], [b"b", b"c"]],
        "numbers": [[1, 0], [0, 0], [2, 3]],
        "flat_names": [b"a", b"b", b"c"],
        "flat_numbers": [1, 2, 3],
        "row_splits": [0, 1, 1, 3],
        "truncated": [False, True, False],
    }
    assert spread["row_splits"].dtype == tf.int64


def test_one_long_row_among_short_ones_does_not_widen_them_without_end(monkeypatch):
    monkeypatch.setattr(bounds, "_BYTES", 64 * 8)  # room for eight places
    found = blocks.dense_and_flat({"numbers": ragged([[1], [2, 3], [4, 5, 6, 7]])}, tf.constant([False] * 3))
    assert found["numbers"].numpy().tolist() == [[1, 0], [2, 3], [4, 5]]
    assert found["truncated"].numpy().tolist() == [False, False, True]
    assert found["flat_numbers"].numpy().tolist() == [1, 2, 3, 4, 5, 6, 7]
    alone = blocks.dense({"numbers": ragged([[1], [], [4, 5, 6, 7]])}, tf.constant([True, False, False]))
    assert {name: value.numpy().tolist() for name, value in alone.items()} == {
        "numbers": [[1, 0], [0, 0], [4, 5]],
        "length": [1, 0, 2],
        "truncated": [True, False, True],
    }
    assert bounds.columns(0) == bounds.columns(1) == 8
    assert bounds.columns(4096) == 1
    rows, truncated = bounds.cut(ragged([[1], [2, 3], []]), 1)
    assert rows.to_list() == [[1], [2], []]
    assert truncated.numpy().tolist() == [False, True, False]


@pytest.mark.parametrize("lengths", [[0], [], [10], [11], [12, 3, 0, 40, 10], [100]])
def test_long_rows_are_read_in_windows_and_every_step_comes_back_once(lengths):
    rows = tf.RaggedTensor.from_row_lengths(tf.range(sum(lengths)), tf.constant(lengths, tf.int64))
    read = []

    def see(features):
        read.extend(features["x"].to_list())
        around = [[(window[0], x, window[-1]) for x in window] for window in features["x"].to_list()]
        values = tf.constant(
            [seen for window in around for seen in window], tf.int32, [len(features["x"].values), 3]
        )
        return {"seen": features["x"].with_values(values)}

    found = blocks.in_windows(see, {"x": rows}, window=10, beside=3)["seen"]
    assert found.row_lengths().numpy().tolist() == lengths
    assert found.values[:, 1].numpy().tolist() == rows.values.numpy().tolist()
    assert max(map(len, read), default=0) <= 10
    for row, seen in zip(rows.to_list(), found.to_list(), strict=True):
        for first, x, last in seen:  # what was read beside each step, unless the row ends there
            assert x - first >= min(3, x - row[0])
            assert last - x >= min(3, row[-1] - x)
    # A row that fits is read as it is.
    assert all(row in read for row in rows.to_list() if len(row) <= 10)


def test_no_rows_are_spread_into_tensors_without_rows():
    nothing = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), tf.zeros([0], tf.int64))
    found = blocks.dense_and_flat({"numbers": nothing}, tf.zeros([0], tf.bool))
    assert {name: value.shape.as_list() for name, value in found.items()} == {
        "numbers": [0, 0],
        "flat_numbers": [0],
        "row_splits": [1],
        "truncated": [0],
    }


def test_label_is_the_one_with_the_highest_score(module):
    answer = {name: value.numpy() for name, value in module.classify(tf.constant(NASTY)).items()}
    best = answer["scores"].argmax(axis=1)
    np.testing.assert_array_equal(answer["label"], answer["labels"][np.arange(len(NASTY)), best])
    np.testing.assert_array_equal(answer["score"], answer["scores"].max(axis=1))


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_an_export_holds_loops_and_kernels_whatever_machine_wrote_it(module, cell, gpu, monkeypatch):
    monkeypatch.setattr("zoo.layers.fused.has_gpu", lambda: gpu)
    config = sentiment.Config(word_units=8, subword_units=0, units=8, cell=cell)
    model = sentiment.build_model(config, module.known, 3)
    exported = sentiment.Sentiment(config, model, module.known, ["a", "b", "c"])
    assert [layer.portable for layer in serving.recurrent_layers(exported.model)] == [True] * 4
    found = exported.classify.get_concrete_function()
    names = operations(found)
    assert names.count("CudnnRNNV3") == names.count("StatelessWhile") == 4
    assert "CudnnRNNV3" not in placed(found.graph.as_graph_def())
    assert exported.predict(["good"])[0]["label"] in {"a", "b", "c"}


def test_where_the_kernel_works_an_export_answers_the_same(module, monkeypatch):
    """The device's number is made up, and a loop stands for cuDNN, so the whole graph runs as on a GPU."""

    def kernel(mode, x, mask, weights, first, backwards):
        traced.append(mode)
        equations = {"lstm": loops.LSTM, "gru": loops.GRU}[mode]
        loop = loops.Loop(equations, tf.transpose(mask)[:, :, None], backwards)
        outputs, *last = loop.run(tf.transpose(x, (1, 0, 2)), weights, list(first))
        return [tf.transpose(outputs, (1, 0, 2)), *last]

    def answers():
        model = sentiment.build_model(config, module.known, 3)
        model.set_weights(weights or model.get_weights())
        weights[:] = model.get_weights()
        exported = sentiment.Sentiment(config, model, module.known, ["a", "b", "c"])
        return [list(row["scores"].values()) for row in exported.predict(["good", "", "bad film " * 9])]

    config = sentiment.Config(word_units=8, subword_units=0, units=8)
    traced, weights = [], []
    expected = answers()
    assert traced == []
    monkeypatch.setattr(tf.raw_ops, "DeviceIndex", lambda device_names: tf.constant(0))
    monkeypatch.setattr(cudnn, "run", kernel)
    np.testing.assert_allclose(answers(), expected, atol=1e-6)
    assert len(traced) == 4


def test_a_half_precision_model_is_exported_in_full_precision(module):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = sentiment.build_model(
            sentiment.Config(units=4, word_units=4, subword_units=4), Known(range(10)), 2
        )
    finally:
        keras.config.set_dtype_policy("float32")
    copy = serving.portable(model)
    assert {layer.compute_dtype for layer in copy._flatten_layers() if layer.weights} == {"float32"}
    for mine, theirs in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def save(module, directory, **changes):
    manifest = {
        "recipe": "sentiment", "mapping": "classification", "command": "python", "seed": 1, "labels": ["a"],
        "dataset": {"name": "d", "version": "", "source": "s", "licence": "l", "sizes": {"test": 1}},
        "metrics": {"test": {"n": 1, "accuracy": 0.5}}, "baselines": {"test": {}},
        "training": {"epochs": 1, "best_epoch": 1, "seconds": 1.0}, **changes,
    }  # fmt: skip
    export.save(module, directory, ["", "a lovely soup"], Manifest.from_json(manifest))


def test_a_process_without_keras_gives_the_same_answers(module, tmp_path):
    save(module, tmp_path / "model")
    program = """
import sys, json
sys.modules["keras"] = None
import tensorflow as tf
f = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
print(json.dumps(f(text=tf.constant(["a lovely soup", "", "word"]))["scores"].numpy().tolist()))
"""
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model")], capture_output=True, text=True, check=True
    )
    expected = module.classify(tf.constant(["a lovely soup", "", "word"]))["scores"].numpy()
    np.testing.assert_allclose(json.loads(result.stdout), expected, atol=1e-6)


def test_files_stay_below_16_mb_and_weights_are_stored_once(module, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_SHARD_BYTES", 2_000)
    save(module, tmp_path / "model")
    shards = list((tmp_path / "model/variables").glob("*.data-*"))
    assert len(shards) > 1
    stored = sum(path.stat().st_size for path in shards)
    assert 4 * module.model.count_params() <= stored < 4 * module.model.count_params() + 10_000


def test_an_export_that_answers_otherwise_in_a_fresh_process_is_not_kept(module, tmp_path, monkeypatch):
    broken = verify._FRESH_PROCESS.replace("samples[place].tolist()", "samples[place].tolist()[::-1]")
    assert broken != verify._FRESH_PROCESS
    monkeypatch.setattr(verify, "_FRESH_PROCESS", broken)
    with pytest.raises(ZooError, match="differs in a fresh process"):
        save(module, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_files_that_end_in_zeros_reach_the_fresh_process_whole(tmp_path):
    class Lengths(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="file")])
        def of(self, file):
            return {"bytes": tf.strings.length(file), "same": file}

    module = Lengths()
    signatures = {"serving_default": module.of}
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=signatures)
    given = {"serving_default": {"file": tf.constant([b"RIFF\0\0\0", b"", b"\0"])}}
    verify.verify(tmp_path / "model", signatures, given)


def test_an_export_replaces_its_own_kind_only(module, tmp_path):
    save(module, tmp_path / "model")
    save(module, tmp_path / "model", seed=2)
    assert json.loads((tmp_path / "model/zoo.json").read_text())["seed"] == 2
    with pytest.raises(ZooError, match="was not exported by the recipe tagging"):
        save(module, tmp_path / "model", recipe="tagging")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_kill_between_the_renames_left_is_put_back_first(module, tmp_path):
    save(module, tmp_path / "model", recipe="tagging")
    (tmp_path / "model").rename(tmp_path / ".model.old")
    (tmp_path / ".model.new").mkdir()
    with pytest.raises(ZooError, match="was not exported by the recipe sentiment"):
        save(module, tmp_path / "model")
    assert (tmp_path / "model/saved_model.pb").exists()


def test_a_place_that_cannot_hold_a_model_is_found_out_before_training(tmp_path):
    (tmp_path / "saved_models").write_text("a file")
    with pytest.raises(ZooError, match="saved_models: cannot be written"):
        export.check_target(tmp_path / "saved_models/model", "sentiment")


def interrupt(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["while writing", "between the renames"])
def test_an_interrupted_export_leaves_the_old_model_whole(module, tmp_path, monkeypatch, where):
    save(module, tmp_path / "model")
    before = sorted((path.name, path.stat().st_mtime) for path in (tmp_path / "model").rglob("*"))
    rename = Path.rename
    if where == "while writing":
        monkeypatch.setattr(writing, "hashes", interrupt)
    else:
        monkeypatch.setattr(
            Path, "rename", lambda s, to: interrupt() if s.name.endswith(".new") else rename(s, to)
        )
    with pytest.raises(KeyboardInterrupt):
        save(module, tmp_path / "model")
    assert sorted((path.name, path.stat().st_mtime) for path in (tmp_path / "model").rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


class Repeating(serving.Serving):
    """Takes several tensors, of which order and type matter."""

    @export.signature(
        text=tf.TensorSpec([None], tf.string),
        times=tf.TensorSpec([None], tf.int64),
        after=tf.TensorSpec([None, 2], tf.float32),
    )
    def repeat(self, text, times, after):
        """Returns texts with numbers behind them."""
        numbers = tf.strings.reduce_join(tf.strings.as_string(after, precision=1), axis=1)
        return {"text": tf.strings.join([text, tf.strings.as_string(times), numbers])}


def test_a_signature_of_several_tensors_is_verified_with_samples_of_each(tmp_path):
    inputs = keras.Input((1,))
    module = Repeating(keras.Model(inputs, keras.layers.Dense(1)(inputs)), Settings())
    given = {"after": [[1, 2], [3, 4]], "text": ["é", ""], "times": [2**40, -1]}  # in any order
    manifest = {
        "recipe": "none", "mapping": "none", "command": "python", "seed": 1, "labels": [],
        "dataset": {"name": "d", "version": "", "source": "s", "licence": "l", "sizes": {"test": 1}},
        "metrics": {}, "baselines": {"test": {}}, "defaults": {"times": 3, "after": [0.0, 1.0]},
        "training": {"epochs": 1, "best_epoch": 1, "seconds": 1.0},
    }  # fmt: skip
    export.save(module, tmp_path / "m", {"serving_default": given}, Manifest.from_json(manifest))
    model = tf.saved_model.load(str(tmp_path / "m")).signatures["serving_default"]
    found = model(text=tf.constant(["a"]), times=tf.constant([7], tf.int64), after=tf.constant([[0.5, 1.0]]))
    assert found["text"].numpy().tolist() == [b"a70.51.0"]
    stored = json.loads((tmp_path / "m/zoo.json").read_text())["signatures"]["serving_default"]
    assert stored["inputs"] == {
        "after": "float32 (any, 2)", "text": "string (any)", "times": "int64 (any)"
    }  # fmt: skip


def test_a_signature_without_samples_is_not_exported_unverified(module, tmp_path):
    with pytest.raises(ZooError, match=r"^export: no samples of the signature serving_default; give some"):
        export.save(module, tmp_path / "model", {"other": ["a"]})
    assert not list(tmp_path.iterdir())


def test_a_model_that_would_not_load_again_is_not_exported(module, tmp_path):
    class Reading(type(module)):
        @export.signature("text", "read")
        def read(self, text):
            """Reads files."""
            return {"content": tf.map_fn(tf.io.read_file, text)}

    reading = Reading(module.config, module.model, module.known, ["a", "b", "c"])
    with pytest.raises(ZooError, match=r"^export: it holds ReadFile, .*: zoo.load would refuse the model"):
        export.save(reading, tmp_path / "reading", ["a"])
    assert not list(tmp_path.iterdir())
