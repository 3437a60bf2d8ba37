"""From text without labels to a classifier: two language models, then what starts from them."""

import csv
from pathlib import Path

import numpy as np
from cases import CASES, trained_until_scored
from tiny import assert_refused

LANGUAGE = ("--level", "token", "--vocabulary-size", "30", "--min-count", "2", "--tied", "--samples", "20",
            "--layers", "1", "--width", "8", "--units", "8", "--window", "6", "--batch-size", "8",
            "--epochs", "2", "--learning-rate", "0.02", "--weight-average", "0")  # fmt: skip


def test_two_directions_start_a_classifier_whose_frozen_layers_stay(reviews, tmp_path):
    with Path(reviews).open(newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    lines = tmp_path / "texts.txt"
    lines.write_text("\n".join(texts * 5))

    to = trained_until_scored("generation", tmp_path, "--dataset", lines, "--name", "to", *LANGUAGE)
    losses = [epoch["val_loss"] for epoch in to.history]
    assert losses[-1] < losses[0] < np.log(len(to.module.units))
    # Of more words than have a number, none is new to the second.
    assert len(to.module.units) == 30
    start = ("--backwards", "--init-from", "to", "--freeze", "embedding")
    fro = trained_until_scored("generation", tmp_path, "--dataset", lines, "--name", "fro", *LANGUAGE, *start)
    assert "starts from to: 4 of 4 weights" in fro.said
    np.testing.assert_array_equal(fro.weights["embedding/embeddings"], to.weights["embedding/embeddings"])

    flags = ("--dataset", reviews, *CASES["sentiment"].flags, "--subword-units", "0", "--layers", "1",
             "--epochs", "2", "--init-from", "to+fro", "--freeze", "word_embedding",
             "both_ways_1")  # fmt: skip
    kept = trained_until_scored("sentiment", tmp_path, *flags, "--name", "kept")
    assert "starts from to+fro: 7 of 9 weights; new: logits/kernel, logits/bias" in kept.said
    changed = {path for path, weight in kept.weights.items() if (weight != kept.before[path]).any()}
    assert changed == {"logits/kernel", "logits/bias"}
    # Neither does what cannot learn take up words that it would know by random vectors.
    assert len(kept.module.known.words) == 30


def test_what_cannot_be_frozen_is_refused_before_anything_is_written(reviews, tmp_path, call):
    case = CASES["sentiment"]
    flags = ["--dataset", str(reviews), *case.flags, "--freeze", "embedding"]
    assert_refused(call, case.program, tmp_path, flags, "no such layer; it has word_embedding")
