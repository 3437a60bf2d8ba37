import json
import shutil
import signal

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, checkpoint, manifest_of, train, trained_until_scored, until_trained
from tiny import assert_refused, learned, operations, run, stop_when, stored

from zoo import training
from zoo.recipes import sentiment
from zoo.text import Known, Vocabulary

CASE = CASES["sentiment"]


def test_it_learns_exports_and_shows_scores_beside_baselines(trained):
    manifest = json.loads((trained / "saved_models/tiny/zoo.json").read_text())
    assert manifest["metrics"]["test"]["accuracy"] > 0.95
    assert set(manifest["baselines"]["test"]) == {"majority", "TF-IDF + logistic regression"}
    assert manifest["labels"] == ["blame", "praise"]
    assert sum(manifest["dataset"]["sizes"].values()) == 600
    metrics = json.loads((trained / "runs/tiny/metrics.json").read_text())
    assert metrics["test"]["tiny"] == manifest["metrics"]["test"]
    assert (trained / "runs/tiny/learning_curve.png").read_bytes().startswith(b"\x89PNG")
    assert list((trained / "runs/tiny/logs/train").iterdir())


def test_stopped_at_any_moment_it_ends_as_if_nothing_had_been(trained, reviews, tmp_path):
    flags = ["--dataset", str(reviews), "--name", "tiny", *CASE.flags]
    command = ["-m", "zoo.recipes.sentiment", *flags]
    stored = tmp_path / "runs/tiny/checkpoint.npz"
    stop_when((tmp_path / "runs/tiny/vocabulary.txt").exists, command, tmp_path)
    assert not stored.exists()
    assert stop_when(stored.exists, command, tmp_path, signal.SIGINT) == 130
    done = checkpoint(tmp_path)[1]["epoch"]
    assert not (tmp_path / "saved_models").exists()
    assert not list((tmp_path / "runs/tiny").glob(".*"))  # nothing half written
    assert f"continues after epoch {done}" in run(*command, cwd=tmp_path).stdout
    (expected, _), (arrays, _) = checkpoint(trained), checkpoint(tmp_path)
    assert arrays.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(arrays[name], expected[name], err_msg=name)
    manifest = manifest_of(tmp_path)
    assert manifest["metrics"] == manifest_of(trained)["metrics"]
    assert manifest["command"].startswith("python -m zoo.recipes.sentiment --dataset")


def test_the_same_command_again_trains_no_more(trained, reviews, tmp_path):
    shutil.copytree(trained, tmp_path / "again")
    flags = ["--dataset", reviews, "--name", "tiny", *CASE.flags]
    again = trained_until_scored("sentiment", tmp_path / "again", *flags)
    assert "training was finished after epoch 8" in again.said
    assert checkpoint(tmp_path / "again")[1] == checkpoint(trained)[1]


def test_a_copied_recipe_trains_and_exports_unchanged_elsewhere(reviews, tmp_path):
    shutil.copy(sentiment.__file__, tmp_path / "mine.py")
    flags = [*CASE.flags, "--epochs", "1", "--cell", "simplified_gru", "--pooling", "last"]
    train("mine.py", tmp_path, "--dataset", reviews, *flags)
    assert manifest_of(tmp_path, "mine")["command"].startswith("python mine.py --dataset")
    assert "recipes/sentiment" not in (tmp_path / "saved_models/mine/README.md").read_text()


@pytest.mark.parametrize(
    "extra",
    [
        ("--cell", "simple_rnn", "--pooling", "mean", "--optimizer", "rmsprop", "--subword-units", "0",
         "--wide", "500", "--teachers", "ngrams"),
        ("--mixed-precision", "--strategy", "mirrored", "--optimizer", "adagrad", "--schedule", "constant",
         "--cell", "peephole_lstm"),
    ],
)  # fmt: skip
def test_other_settings_train_and_export(reviews, tmp_path, extra):
    flags = [*CASE.flags, "--epochs", "1", "--layers", "1", *extra]
    train("sentiment", tmp_path, "--dataset", reviews, *flags)
    assert (tmp_path / "saved_models/sentiment/zoo.json").exists()


@pytest.mark.parametrize(
    ("arguments", "named", "mend"),
    [
        (["--dataset", "nowhere.csv"], "nowhere.csv", "give the path"),
        (["--dataset", "imdb"], "'imdb'", "imdb_reviews"),
        (["--dataset", "one.csv"], "one.csv", "at least two"),
        (["--dataset", "blank.csv"], "line 3", "remove the row"),
        (["--dataset", "latin.csv"], "latin.csv", "UTF-8"),
        (["--preset", "best"], "best", "tweets-best"),
        (["--preset", "wrong.toml"], "unitz", "settings are"),
        (["--untis", "3"], "--untis", "--units"),
        (["--cell", "rnn"], "--cell", "simple_rnn"),
        (["--epochs", "0"], "--epochs", "at least 1"),
        (["--dropout", "2"], "--dropout", "at most 0.99"),
        (["--max-words", "-1"], "--max-words", "at least 1"),
        (["--name", "../x"], "../x", "plain name"),
        (["--init-from", "nothing"], "nothing", "give a path"),
        (["--init-from", "sentiment_tweets"], "was trained with --vectors glove", "add it"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(tmp_path, call, arguments, named, mend):
    (tmp_path / "one.csv").write_text("text,label\n" + "\n".join(f"text {i},same" for i in range(50)))
    (tmp_path / "blank.csv").write_text("text,label\ngood,a\n,b\n")
    (tmp_path / "latin.csv").write_bytes("text,label\ncafé,a\n".encode("latin-1"))
    (tmp_path / "wrong.toml").write_text("unitz = 3\n")
    assert_refused(call, CASE.program, tmp_path, arguments, named, mend)


def test_strange_labels_and_texts_without_words_train_and_are_shown(tmp_path):
    own = tmp_path / "own.csv"
    own.write_text(
        "text,label\n" + "".join(f"{'😀😢'[i % 2]} {i},{('[/up]', ':bug:')[i % 2]}\n" for i in range(80))
    )
    output = train("sentiment", tmp_path, "--dataset", own, *CASE.flags, "--epochs", "1")
    assert "no TF-IDF baseline" not in output or "majority" in output
    assert "[/up]" in output
    assert ":bug:" in output
    assert (tmp_path / "saved_models/sentiment/zoo.json").exists()


def test_an_export_of_something_else_is_never_replaced(reviews, tmp_path, call):
    (tmp_path / "saved_models/sentiment").mkdir(parents=True)
    (tmp_path / "saved_models/sentiment/precious").write_text("kept")
    flags = ["--dataset", reviews]
    assert_refused(call, CASE.program, tmp_path, flags, "saved_models/sentiment", "choose another --name")
    assert (tmp_path / "saved_models/sentiment/precious").read_text() == "kept"


def test_real_batches_are_what_the_fused_kernels_demand(tweets, tmp_path):
    config = sentiment.Config()
    path = tmp_path / "vocabulary.txt"
    known = Known(stored(Vocabulary, learned(sentiment, config, tweets.train), path))
    batches = sentiment.make_batches(config, known, training.taught(tweets)[1], replicas=2)
    assert len(batches) == 3407
    rows = 0
    for inputs, _, _ in batches.in_order().as_numpy_iterator():
        real = inputs["words"] != 0
        assert real[:, 0].all()  # no row is empty
        assert not (real[:, 1:] & ~real[:, :-1]).any()  # padding stands on the right
        assert inputs["subwords"].shape == (*inputs["words"].shape, 20)
        assert inputs["words"].shape[1] == real.sum(axis=1).max()
        rows += len(real)
    assert rows == 3408  # the last batch is filled up for two devices


def test_without_a_gpu_no_fused_kernel_is_traced(reviews, tmp_path):
    seen = until_trained(CASE, reviews, tmp_path)
    batch = next(iter(seen.train.in_order()))
    step = operations(tf.function(seen.model.train_step).get_concrete_function(batch))
    assert not [name for name in step if "Cudnn" in name]
    assert {"While", "StatelessWhile"} & set(step)
