import json
import shutil

import numpy as np
import pytest
from cases import CASES, manifest_of, train
from tiny import assert_refused, stored

import zoo
from zoo import __main__
from zoo.cli.evaluate import evaluate
from zoo.data import load
from zoo.recipes import translation
from zoo.text.pieces import PADDING, Pieces

CASE = CASES["translation"]


def learned(config, examples, folder) -> dict[str, Pieces]:
    sizes = {"source": config.source_pieces, "target": config.target_pieces}
    pairs = translation.split(config, examples.train)
    lines = {side: Pieces.learn(pairs[side].counts, sizes[side], config.min_count) for side in sizes}
    return {side: stored(Pieces, lines[side], folder / f"{side}.txt") for side in sizes}


def test_it_learns_exports_and_shows_scores_beside_baselines(trained_translator):
    manifest = manifest_of(trained_translator)
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


def test_real_batches_are_what_the_fused_kernels_demand_and_targets_are_one_step_ahead(pairs, tmp_path):
    config = CASE.parse(*CASE.flags)
    examples = load(str(pairs), "translation")
    pieces = learned(config, examples, tmp_path)
    pairs, rows = translation.split(config, examples.train), 0
    # Sentences have 7 or 8 pieces.
    for batches in (translation.make_batches(config, pieces, pairs, 2, most) for most in (7, None)):
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


# The program ----------------------------------------------------------------------------------------------


def shortly(folder, data, *extra) -> dict:
    """Trains for five steps and returns the manifest."""
    flags = [*CASE.flags, "--epochs", "1", "--steps-per-epoch", "5", *extra]
    train("translation", folder, "--dataset", data, *flags)
    return manifest_of(folder, "translation")


def test_words_are_spelled_to_phonemes_in_any_case_and_scored_by_their_errors(pairs, tmp_path):
    settings = ("--attention", "none", "--cell", "peephole_lstm", "--beam-size", "1")
    spelling = ("--source-pieces", "0", "--lower-case", "--scored-as", "pronunciation")
    manifest = shortly(tmp_path, pairs, *settings, *spelling)
    assert set(manifest["signatures"]) == {"serving_default", "greedy", "beam"}
    assert manifest["signatures"]["beam"]["outputs"]["scores"] == "float32 (any, 1)"
    score = manifest["metrics"]["test"]
    told = {"n", "word_error_rate", "phoneme_error_rate"}
    assert set(manifest["baselines"]["test"]["the source itself"]) == told
    assert set(score) == {*told, "auroc", "ece"}
    letters = (tmp_path / "runs/translation/source.txt").read_text().split("\n")[PADDING + 259 : -1]
    assert max(map(len, letters)) == 1 and not any(map(str.isupper, letters))
    model = zoo.load(f"{tmp_path}/saved_models/translation")
    loud, quiet = model.predict(["THE RED DOG HEARS THE CAT", "the red dog hears the cat"])
    assert loud == quiet
    assert evaluate(model) == score


def test_a_mix_of_files_and_other_settings_train_and_export(pairs, tmp_path):
    (tmp_path / "own.tsv").write_text(pairs.read_text().replace("horse", "zebu").replace("cheval", "zébu"))
    settings = ("--input-feeding", "--attention", "additive", "--cell", "simplified_gru", "--encoder-layers",
                "2", "--decoder-layers", "3", "--storage", "float32", "--mixed-precision")  # fmt: skip
    shutil.copy(pairs, tmp_path / "pairs.tsv")
    manifest = shortly(tmp_path, "pairs.tsv+own.tsv", *settings)
    assert set(manifest["signatures"]) == {"serving_default", "greedy", "beam", "attention"}
    assert manifest["signatures"]["beam"]["outputs"]["scores"] == "float32 (any, 3)"
    assert set(manifest["metrics"]) == set(manifest["baselines"]) == {"test", "test_own.tsv"}
    assert manifest["dataset"]["name"] == "pairs.tsv+own.tsv"
    pieces = (tmp_path / "runs/translation/source.txt").read_text().split("\n")
    assert " horse" in pieces and " zebu" in pieces


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
        (["--dataset", "cells.tsv"], "line 62 has 3 cells", "take the tabs out"),
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
    assert_refused(call, CASE.program, tmp_path, arguments, named, mend)


def test_what_is_doubtful_is_marked(trained_translator, tmp_path, call):
    model, output = trained_translator / "saved_models/tiny", tmp_path / "out.jsonl"
    texts = ("the red dog hears the cat", "Zyx qwv.")
    found = zoo.load(model).predict(texts)
    assert all(0 <= row["confidence"] <= 1 for row in found)
    least = found[0]["confidence"] + 1e-6  # more than one, or both
    flags = ("--min-confidence", f"{least:.7f}", "--output", output)
    said = call(__main__.main, tmp_path, "predict", model, *texts, *flags)
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert rows[0]["doubtful"] and rows[1]["doubtful"] == (found[1]["confidence"] < least)
    assert "doubtful (confidence below" in said.err
    call(__main__.main, tmp_path, "predict", model, *texts, "--min-confidence", "0", *flags[2:])
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert not any(row["doubtful"] for row in rows)
    said = call(__main__.main, tmp_path, "predict", model, *texts, *flags[:2], "--signature", "beam")
    assert "doubtful (confidence below" in said.err
    many = zoo.load(model).predict(texts, signature="beam")
    first = [row["translations"][0]["confidence"] for row in many]
    assert first == pytest.approx([row["confidence"] for row in rows], rel=1e-5)
    said = call(__main__.main, tmp_path, "predict", model, "a", "--min-confidence", "2", code=2).err
    assert "--min-confidence 2: must be from 0 to 1" in said


def test_texts_in_capitals_are_translated_as_those_in_small_letters(pairs, tmp_path):
    shortly(tmp_path, pairs, "--recased", "0.5", "--varied", "0.1", "--lexical", "--joint")
    model = zoo.load(f"{tmp_path}/saved_models/translation")
    quiet, loud, shout = model.predict(["the red dog.", "THE RED DOG.", "THE"])
    assert loud["translation"] == quiet["translation"].upper() != quiet["translation"]
    assert loud["score"] == pytest.approx(quiet["score"], rel=1e-5)
    assert not shout["translation"].isupper() or not shout["translation"]
    shown = model.predict(["THE RED DOG."], signature="attention")
    assert shown[0]["translation"] == loud["translation"]
    tokens = shown[0]["target_tokens"]
    assert tokens and all(token == token.upper() or token.startswith("<0x") for token in tokens)
    assert "".join(shown[0]["source_tokens"]).strip().startswith("THE RED DOG")


def test_one_inventory_cannot_start_from_two(trained_translator, pairs, tmp_path, call):
    start = trained_translator / "saved_models/tiny"
    flags = ["--dataset", str(pairs), *CASE.flags, "--init-from", str(start), "--joint"]
    assert_refused(call, CASE.program, tmp_path, flags, "knows its two languages by different pieces")
    flags = ["--dataset", str(pairs), *CASE.flags, "--joint", "--lower-case"]
    assert_refused(call, CASE.program, tmp_path, flags, "both sides are cut alike", "leave one out")
    flags = ["--dataset", str(pairs), *CASE.flags, "--lexical", "--attention", "none"]
    assert_refused(call, CASE.program, tmp_path, flags, "it is attention that gives pieces")
