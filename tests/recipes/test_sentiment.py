import json
import shutil
import signal

import numpy as np
import pytest
from tiny import TINY, checkpoint, learned, run, stop_when, stored

from zoo import cli
from zoo.recipes import sentiment
from zoo.text import Vocabulary

RECIPE = ("-m", "zoo.recipes.sentiment")


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


# Validation loss turns up after some epochs, so that early stopping ends the training.
STOPS_EARLY = (*TINY, "--learning-rate", "0.03", "--schedule", "constant", "--weight-average", "0.3",
               "--patience", "3", "--epochs", "40")  # fmt: skip


def test_killed_and_interrupted_it_ends_with_bit_identical_weights(reviews, tmp_path_factory):
    command = [*RECIPE, "--dataset", str(reviews), "--name", "tiny", *STOPS_EARLY]
    trained, tmp_path = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("killed")
    run(*command, cwd=trained)
    run_folder = tmp_path / "runs/tiny"
    stored = run_folder / "checkpoint.npz"
    stop_when(lambda: (run_folder / "vocabulary.txt").exists(), command, tmp_path)
    assert not stored.exists()
    stop_when(stored.exists, command, tmp_path)
    first = checkpoint(tmp_path)[1]["epoch"]
    written = stored.stat().st_mtime_ns
    changed = lambda: stored.stat().st_mtime_ns != written  # noqa: E731
    assert stop_when(changed, command, tmp_path, signal.SIGINT) == 130
    done = checkpoint(tmp_path)[1]["epoch"]
    assert 1 <= first < done
    output = run(*command, cwd=tmp_path).stdout
    assert f"continues after epoch {done}" in output

    (expected, state), (found, found_state) = checkpoint(trained), checkpoint(tmp_path)
    assert found_state["best_epoch"] == state["best_epoch"] == state["epoch"] - 3
    assert state["epoch"] < 40
    assert found_state["epoch"] == state["epoch"]
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    losses = [[epoch["val_loss"] for epoch in s["history"]] for s in (state, found_state)]
    assert losses[0] == losses[1]


def test_the_same_command_again_trains_no_more(trained, reviews, tmp_path):
    shutil.copytree(trained, tmp_path / "again")
    output = run(*RECIPE, "--dataset", str(reviews), "--name", "tiny", *TINY, cwd=tmp_path / "again").stdout
    assert "training was finished after epoch 8" in output
    assert checkpoint(tmp_path / "again")[1] == checkpoint(trained)[1]


def test_a_copied_recipe_runs_unchanged_elsewhere(reviews, tmp_path):
    shutil.copy(sentiment.__file__, tmp_path / "mine.py")
    arguments = ["--dataset", str(reviews), *TINY, "--epochs", "1", "--cell", "simplified_gru"]
    arguments += ["--pooling", "last"]
    run("mine.py", *arguments, cwd=tmp_path)
    assert (tmp_path / "saved_models/mine/saved_model.pb").exists()
    assert "recipes/sentiment" not in (tmp_path / "saved_models/mine/README.md").read_text()


@pytest.mark.parametrize(
    "extra",
    [
        ("--cell", "simple_rnn", "--pooling", "mean", "--optimizer", "rmsprop", "--subword-units", "0"),
        ("--mixed-precision", "--strategy", "mirrored", "--optimizer", "adagrad", "--schedule", "constant",
         "--cell", "peephole_lstm"),
    ],
)  # fmt: skip
def test_other_settings_train_and_export(reviews, tmp_path, extra):
    arguments = ["--dataset", str(reviews), *TINY, "--epochs", "1", "--layers", "1", *extra]
    run(*RECIPE, *arguments, cwd=tmp_path)
    assert (tmp_path / "saved_models/sentiment/zoo.json").exists()


def test_a_warm_start_keeps_the_vocabulary_and_begins_with_what_was_learned(trained, tmp_path):
    own = tmp_path / "own.csv"
    rows = [f"the {thing} was {word} number {i},{label}" for i in range(20) for thing in ("soup", "zeppelin")
            for word, label in (("lovely", "praise"), ("dreadful", "blame"))]  # fmt: skip
    own.write_text("text,label\n" + "\n".join(rows) + "\n")
    for source, name in (("runs/tiny", "from_run"), ("saved_models/tiny", "from_model")):
        output = run(*RECIPE, "--dataset", str(own), *TINY, "--epochs", "1", "--learning-rate", "1e-6",
                     "--weight-average", "0", "--name", name, "--init-from", str(trained / source),
                     cwd=tmp_path).stdout  # fmt: skip
        assert "16 of 16 weights" in output
        manifest = json.loads((tmp_path / f"saved_models/{name}/zoo.json").read_text())
        assert manifest["metrics"]["test"]["accuracy"] == 1.0
        words = (tmp_path / f"runs/{name}/vocabulary.txt").read_text().split("\n")
        old = (trained / "runs/tiny/vocabulary.txt").read_text().split("\n")[:-1]
        assert words[: len(old)] == old
        assert "zeppelin" in words[len(old) :]


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
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_nothing_written(tmp_path, tweets, arguments, named, mend):
    (tmp_path / "one.csv").write_text("text,label\n" + "\n".join(f"text {i},same" for i in range(50)))
    (tmp_path / "blank.csv").write_text("text,label\ngood,a\n,b\n")
    (tmp_path / "latin.csv").write_bytes("text,label\ncafé,a\n".encode("latin-1"))
    (tmp_path / "wrong.toml").write_text("unitz = 3\n")
    before = sorted(tmp_path.rglob("*"))
    result = run(*RECIPE, *arguments, cwd=tmp_path, code=2)
    (line,) = result.stderr.strip().splitlines()
    assert named in line
    assert mend in line
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_of_another_configuration_is_left_alone(trained, reviews, tmp_path):
    shutil.copytree(trained, tmp_path / "work")
    command = [*RECIPE, "--dataset", str(reviews), "--name", "tiny", *TINY]
    before = checkpoint(tmp_path / "work")[1]
    result = run(*command, "--units", "9", cwd=tmp_path / "work", code=2)
    assert "units is 8 there and 9 here" in result.stderr
    assert "--fresh" in result.stderr
    assert checkpoint(tmp_path / "work")[1] == before


def test_strange_labels_and_texts_without_words_train_and_are_shown(tmp_path):
    own = tmp_path / "own.csv"
    own.write_text(
        "text,label\n" + "".join(f"{'😀😢'[i % 2]} {i},{('[/up]', ':bug:')[i % 2]}\n" for i in range(80))
    )
    output = run(*RECIPE, "--dataset", str(own), *TINY, "--epochs", "1", cwd=tmp_path, COLUMNS="160").stdout
    assert "no TF-IDF baseline" not in output or "majority" in output
    assert "[/up]" in output
    assert ":bug:" in output
    assert (tmp_path / "saved_models/sentiment/zoo.json").exists()


def test_an_export_of_something_else_is_never_replaced(reviews, tmp_path):
    (tmp_path / "saved_models/sentiment").mkdir(parents=True)
    (tmp_path / "saved_models/sentiment/precious").write_text("kept")
    result = run(*RECIPE, "--dataset", str(reviews), cwd=tmp_path, code=2)
    assert "choose another --name" in result.stderr
    assert (tmp_path / "saved_models/sentiment/precious").read_text() == "kept"
    assert not (tmp_path / "runs").exists()


def test_real_batches_are_what_the_fused_kernels_demand(tweets, tmp_path):
    config = sentiment.Config()
    path = tmp_path / "vocabulary.txt"
    vocabulary = stored(Vocabulary, learned(sentiment, config, tweets.train), path)
    batches = sentiment.make_batches(config, vocabulary, tweets.validation, replicas=2)
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


def test_the_default_preset_is_the_default_config_and_all_presets_parse():
    assert set(cli.presets("sentiment")) == {"tweets", "tweets-best", "imdb"}
    assert cli.parse("sentiment", sentiment.Config, ["--preset", "tweets"]) == sentiment.Config()
    best = cli.parse("sentiment", sentiment.Config, ["--preset", "tweets-best", "--units", "7"])
    assert (best.dataset, best.word_dropout, best.units) == ("tweets", 0.5, 7)
    imdb = cli.parse("sentiment", sentiment.Config, ["--preset=imdb"])
    assert (imdb.name, imdb.dataset) == ("", "imdb_reviews")  # a shipped model is replaced on purpose only
