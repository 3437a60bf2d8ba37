"""python -m zoo compare cells: trainings that differ in their cell alone, side by side."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from cases import TINY, checkpoint
from tiny import assert_refused

import zoo
from zoo import cli, export
from zoo.__main__ import main
from zoo.cli import compare
from zoo.metrics import Score
from zoo.recipes import sentiment

CELLS = ("simple_rnn", "simplified_gru")
COMMAND = ("compare", "cells", "--recipe", "sentiment", "--epochs", "2", "--cells", *CELLS, "--name", "both")


def flags(reviews) -> list[str]:
    """The recipe's own: tiny, with dropout, in the default seed."""
    return ["--", *TINY[:-2], "--layers", "1", "--steps-per-epoch", "4", "--dataset", str(reviews)]


class Compared:
    """A folder in which the command was run twice, first with Ctrl-C in the second training."""

    def __init__(self, folder: Path, reviews: Path):
        self.folder, self.reviews = folder, reviews
        self.trained, self.outputs = [], []

    def train(self, config):
        """Stands for the recipe's main, and notes what was trained."""
        self.trained.append(config.name)
        if len(self.trained) == 2:
            raise KeyboardInterrupt
        self.train_really(config)

    def run(self, call, *, code: int = 0, options=()):
        self.outputs.append(call(main, self.folder, *COMMAND, *options, *flags(self.reviews), code=code))
        return self.outputs[-1]


@pytest.fixture(scope="module")
def compared(tmp_path_factory, reviews):
    return Compared(tmp_path_factory.mktemp("compared"), reviews)


@pytest.fixture
def both(compared, call, monkeypatch):
    """What `compared` says, made by the first test that asks."""
    compared.train_really = sentiment.main
    monkeypatch.setattr(sentiment, "main", compared.train)
    if not compared.trained:
        compared.run(call, code=130)
        compared.run(call)
    return compared


def manifest(both, cell: str) -> dict:
    return json.loads((both.folder / f"runs/both/both_{cell}/zoo.json").read_text())


def test_ctrl_c_leaves_what_was_trained_and_the_same_command_trains_the_rest(both):
    assert both.trained == ["both_simple_rnn", "both_simplified_gru", "both_simplified_gru"]
    stopped, finished = both.outputs[:2]
    assert "the same command continues" in stopped.err
    assert "both_simple_rnn: was trained before" in finished.out


def test_the_trainings_differ_in_their_cell_and_name_alone(both):
    one, other = (manifest(both, cell)["config"] for cell in CELLS)
    assert {key for key in one if one[key] != other[key]} == {"cell", "name"}
    assert (one["epochs"], one["layers"], one["seed"]) == (2, 1, 1)


def best_accuracy(both, cell: str) -> float:
    state = json.loads((both.folder / f"runs/both_{cell}/metrics.json").read_text())
    return state["history"][state["best_epoch"] - 1]["val_accuracy"]


def test_the_table_shows_what_the_manifests_say(both):
    rows = {line.split()[1]: re.findall(r"[\d.,]+", line.split(maxsplit=2)[2])
            for line in both.outputs[1].out.splitlines() if line.startswith("│ simpl")}  # fmt: skip
    assert list(rows) == list(CELLS)
    for cell, figures in rows.items():
        found = manifest(both, cell)
        accuracy, f1, parameters, seconds = (float(x.replace(",", "")) for x in figures[1:])
        assert float(figures[0]) == pytest.approx(best_accuracy(both, cell), abs=1e-4)
        assert accuracy == pytest.approx(found["metrics"]["test"]["accuracy"], abs=1e-4)
        assert f1 == pytest.approx(found["metrics"]["test"]["macro_f1"], abs=1e-4)
        assert parameters == found["parameters"]
        assert seconds == pytest.approx(found["training"]["seconds"] / 2, abs=0.1)


def test_the_picture_and_the_models_stand_in_the_comparison_s_folder_alone(both):
    assert both.outputs[1].out.splitlines()[-1] == "runs/both/cells.png"
    assert (both.folder / "runs/both/cells.png").stat().st_size > 10_000
    assert not (both.folder / "saved_models").exists()
    model = zoo.load(str(both.folder / "runs/both/both_simplified_gru"))
    assert model.predict(["what a lovely soup"])[0]["label"] in ("praise", "blame")


def test_a_run_of_a_comparison_ends_with_the_weights_of_the_recipe_alone(both, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(export, "save", lambda *_: None)  # the others were
    config = cli.parse("sentiment", sentiment.Config, flags(both.reviews)[1:])
    settings = {"name": "tiny", "cell": "simplified_gru", "epochs": 2}
    both.train_really(type(config)(**{**vars(config), **settings}))
    alone, _ = checkpoint(tmp_path)
    (both.folder / "runs/tiny").symlink_to("both_simplified_gru")
    found, _ = checkpoint(both.folder)
    for name in alone:
        np.testing.assert_array_equal(found[name], alone[name], err_msg=name)


def test_another_seed_is_another_run_beside_those_that_are_there(both, call):
    before = both.trained.copy()
    both.trained = before[:1]  # so that the next is interrupted
    output = both.run(call, options=("--seeds", "1", "2"), code=130)
    assert both.trained == [*before[:1], "both_simple_rnn_seed_2"]
    assert "both_simple_rnn: was trained before" in output.out
    both.trained = before


def test_of_several_seeds_the_mean_and_the_standard_deviation_are_shown(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def result(bleu, seconds):
        score = Score(9, {"bleu": bleu})
        return compare.Result({"score": bleu / 100}, score, 4321, seconds, "data", tmp_path)

    results = {"lstm": [result(20.0, 1.0), result(23.0, 2.0)], "gru": [result(19.5, 1.0), result(19.5, 1.0)]}
    compare.print_table(results, "translation on pairs, seeds 1, 2")
    lines = [line.strip("│ ").split("│") for line in capsys.readouterr().out.splitlines()]
    (found,) = ([cell.strip() for cell in line] for line in lines if line[0].startswith("lstm"))
    assert found == ["lstm", "0.2150 ± 0.0212", "21.50 ± 2.12", "4,321", "1.5"]
    compare.draw(results, "translation on pairs, seeds 1, 2", tmp_path / "cells.svg")
    drawn = (tmp_path / "cells.svg").read_text()
    for text in ("seeds 1, 2", "test BLEU", "seconds per epoch", "parameters", "lstm", "gru"):
        assert f"<!-- {text}" in drawn or f", {text}" in drawn


def test_what_a_recipe_settled_by_its_data_is_no_other_configuration(tmp_path, monkeypatch):
    from zoo.recipes import tagging

    monkeypatch.chdir(tmp_path)
    config = tagging.Config(name="mine")
    assert compare._settled(config) == config
    (tmp_path / "runs/mine").mkdir(parents=True)
    (tmp_path / "runs/mine/config.json").write_text('{"style": "code", "units": 9}')
    assert compare._settled(config) == tagging.Config(name="mine", style="code")
    fresh = tagging.Config(name="mine", fresh=True)  # what the run holds is about to be discarded
    assert compare._settled(fresh) == fresh


def test_trainings_on_different_data_are_not_set_side_by_side(both, call):
    stored = both.folder / "runs/both_simplified_gru/config.json"
    kept = stored.read_text()
    stored.write_text(json.dumps({**json.loads(kept), "data": "other"}))
    output = both.run(call, code=2)
    stored.write_text(kept)
    assert "were trained on different data under one name; --fresh trains all anew" in output.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "sentimental"], ("sentimental", "choose captioning")),
        (["--cells", "ltsm"], ("--cells ltsm", "choose simple_rnn, lstm")),
        (["--preset", "imbd"], ("--preset imbd", "choose imdb")),
        (["--epochs", "-1"], ("--epochs -1", "must be at least 1")),
        (["--output", "cells.txt"], ("--output cells.txt", "ends in .png")),
        (["--", "--untis", "3"], ("--untis", "--units")),
        (["--", "--cell", "gru"], ("--cell", "leave it out")),
        (["--", "--dataset", "nowhere.csv"], ("nowhere.csv", "give the path")),
    ],
)
def test_what_cannot_be_compared_is_one_line(call, tmp_path, arguments, words):
    assert_refused(call, main, tmp_path, ["compare", "cells", *arguments], *words)


def test_a_folder_of_another_configuration_is_found_before_any_training(both, call):
    before = len(both.trained)
    command = ["compare", "cells", "--name", "both", *flags(both.reviews)]
    output = call(main, both.folder, *command, "--units", "9", code=2)
    assert "holds another configuration" in output.err
    assert len(both.trained) == before
