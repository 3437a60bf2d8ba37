"""Going on from a trained model with fewer or more labels: those that both have keep what was learned."""

import json
import re

import numpy as np
import pytest
from cases import CASES, until_trained

FEWER, MORE = ("a", "c"), ("a", "aa", "b", "c")


def write_data(path, labels):
    """Writes texts or sentences with a label for each word; every part holds every label."""
    words = [f"word{number}" for number in range(200)]
    rows = [(word, labels[number % len(labels)]) for number, word in enumerate(words)]
    if path.suffix == ".csv":
        path.write_text("text,label\n" + "".join(f"{word},{label}\n" for word, label in rows))
    else:
        path.write_text("".join(f"{word} B-{label}\nand O\n\n" for word, label in rows))
    return path


def label_axes(path):
    """Tells which axes of a weight have an entry for each label."""
    if path == "crf/transitions":
        return [0, 1]
    return [-1] if re.match("logits/|crf/", path) else []


@pytest.mark.parametrize("labels", [FEWER, MORE])
@pytest.mark.parametrize(("name", "file"), [("sentiment", "a.csv"), ("tagging", "a.conll")])
def test_labels_that_both_have_keep_what_was_learned(name, file, labels, tmp_path):
    case, run = CASES[name], tmp_path / "run"
    seen = until_trained(case, write_data(tmp_path / file, "abc"), tmp_path)
    run.mkdir()
    seen.module.known.words.write(run / "vocabulary.txt")
    draw = np.random.default_rng(1)
    before = {weight.path: draw.normal(size=weight.shape).astype(np.float32) for weight in seen.model.weights}
    arrays = {f"best/{number}": value for number, value in enumerate(before.values())}
    np.savez(run / "checkpoint.npz", _state=np.array(json.dumps({"weights": list(before)})), **arrays)
    known = list(seen.module.manifest.labels)
    (run / "config.json").write_text(json.dumps({"recipe": name, "labels": known}))

    data = write_data(tmp_path / f"new{file}", labels)
    after = until_trained(case, data, tmp_path, "--init-from", "run")
    names = list(after.module.manifest.labels)
    shared = [label for label in names if label in known]
    assert len(names) != len(known) and len(shared) == min(len(names), len(known))
    for weight in after.model.weights:
        mine, theirs = weight.numpy(), before[weight.path]
        for axis in label_axes(weight.path):
            mine = np.take(mine, [names.index(label) for label in shared], axis)
            theirs = np.take(theirs, [known.index(label) for label in shared], axis)
        np.testing.assert_array_equal(mine, theirs, err_msg=weight.path)
