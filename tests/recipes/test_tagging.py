import json
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, manifest_of, train
from tiny import (
    assert_refused,
    learned,
    sentences_of,
    stored,
)

import zoo
from zoo.data import load
from zoo.recipes import tagging
from zoo.text import Known, Vocabulary

CASE = CASES["tagging"]


def test_it_learns_exports_and_shows_scores_beside_the_baseline(trained_tagger):
    manifest = manifest_of(trained_tagger)
    score, baseline = manifest["metrics"]["test"], manifest["baselines"]["test"]
    assert score["f1"] > 0.9
    assert set(score["f1_by_type"]) == {"person", "place"}
    assert set(baseline) == {"majority tag per token"}
    assert baseline["majority tag per token"]["f1"] < score["f1"]
    assert manifest["labels"] == ["B-person", "B-place", "I-person", "I-place", "O"]
    assert sum(manifest["dataset"]["sizes"].values()) == 400
    assert set(manifest["signatures"]) == {"serving_default", "flat", "padded", "tokens", "states"}
    metrics = json.loads((trained_tagger / "runs/tiny/metrics.json").read_text())
    assert metrics["test"] == {**baseline, "tiny": score}
    validated = [epoch["val_score"] for epoch in metrics["history"]]
    assert len(validated) == 8
    assert validated[metrics["best_epoch"] - 1] == max(validated)
    assert "falk\n" in (trained_tagger / "runs/tiny/vocabulary.txt").read_text()
    assert (trained_tagger / "runs/tiny/learning_curve.png").read_bytes().startswith(b"\x89PNG")


# The model in training ------------------------------------------------------------------------------------


def test_decoding_with_the_crf_never_breaks_the_scheme():
    config = CASE.parse(*CASE.flags)
    names = ("B-a", "B-b", "I-a", "I-b", "O", "keyword")
    allowed = {"I-a": ("B-a", "I-a"), "I-b": ("B-b", "I-b")}

    def illegal(numbers, lengths) -> int:
        rows = [[names[i] for i in row[:n]] for row, n in zip(numbers.numpy(), lengths, strict=True)]
        pairs = [pair for row in rows for pair in pairwise(["O", *row])]
        return sum(tag in allowed and before not in allowed[tag] for before, tag in pairs)

    keras.utils.set_random_seed(4)
    draw = np.random.default_rng(4)
    network = tagging.build_model(config, Known(range(50)), names)
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


def test_real_batches_are_what_the_fused_kernels_demand(sentences, tmp_path):
    config = CASE.parse(*CASE.flags)
    examples = load(str(sentences), "tagging")
    words = learned(tagging, config, examples.train)
    known = Known(stored(Vocabulary, words, tmp_path / "vocabulary.txt"))
    batches = tagging.make_batches(config, known, examples.train, examples.label_names, 2, most=5)
    for inputs, tags, weights in batches.in_order().as_numpy_iterator():
        real = inputs["words"] != 0
        assert real[:, 0].all()  # no row is empty
        assert not (real[:, 1:] & ~real[:, :-1]).any()  # padding stands on the right
        assert ((tags != tagging.NO_TAG) == real).all()
        assert 1 < real.shape[1] <= 5
        assert len(weights) % 2 == 0
    assert batches.targets.lengths.sum() == sum(min(len(row), 5) for row in sentences_of(examples.train)[0])


# The program ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [
        ("--no-crf", "--cell", "simplified_gru"),
        (
            "--cell",
            "simple_rnn",
            "--character-units",
            "0",
            "--spelling-units",
            "0",
            "--vectors",
            "glove",
            "--vectors-size",
            "500",
            "--cluster-units",
            "4",
            "--lower-case",
            "0.2",
            "--capitals",
            "0.1",
        ),
        ("--mixed-precision", "--cell", "peephole_lstm"),
    ],
)
def test_other_settings_train_and_export(sentences, tmp_path, extra):
    flags = [*CASE.flags, "--epochs", "1", "--layers", "1", *extra]
    train("tagging", tmp_path, "--dataset", sentences, *flags)
    (answer,) = zoo.load(tmp_path / "saved_models/tagging").predict(["Ada met Bo in New Oslo."])
    assert len(answer["tokens"]) == 7


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
    assert_refused(call, CASE.program, tmp_path, arguments, named, mend)
