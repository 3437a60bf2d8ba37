"""Benchmarks of training steps: what is measured, and the table."""

import csv

import pytest
from cases import CASES

from zoo.bench import step, training
from zoo.errors import ZooError


def test_a_step_is_measured_and_nothing_is_left_behind(reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = step.measured("sentiment", 3, ["--dataset", str(reviews), *CASES["sentiment"].flags])
    assert list(tmp_path.iterdir()) == []
    assert "core" in found["device"]
    assert 0 < found["step_ms"] < 60_000
    assert found["cpu_ms"] > 0
    assert found["tokens_per_second"] > 10
    assert found["run"] > 300
    assert found["traced"] > 300


def test_tokens_are_counted_without_padding():
    import tensorflow as tf

    words = tf.constant([[5, 6, 0], [7, 0, 0]])
    assert step.tokens({"picture": tf.zeros([2, 8, 8, 3]), "caption": words}) == 3
    assert step.tokens({"deviations": tf.zeros([2, 9, 4]), "waves": tf.zeros([2, 9, 1])}) == 18


def test_every_recipe_is_in_the_table_and_in_the_csv(tmp_path, monkeypatch, capsys):
    def measured(recipe, device, steps):
        names = ("step_ms", "cpu_ms", "faults", "tokens_per_second", "traced", "run")
        return {"device": f"a {device}", **dict.fromkeys(names, steps * 100.0)}

    monkeypatch.setattr(training, "_measured", measured)
    training.main(output=str(tmp_path / "steps.csv"))
    printed = capsys.readouterr().out
    with (tmp_path / "steps.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["recipe"] for row in rows] == sorted(CASES)
    assert {row["device"] for row in rows} == {"a CPU"}
    assert rows[0]["step_ms"] == "4000.0"
    assert rows[0]["tensorflow"].startswith("2.")
    for name in CASES:
        assert f"{name} on the CPU: 4000.0 ms a step" in printed


def test_what_cannot_be_measured_or_written_is_told_first(tmp_path):
    with pytest.raises(ZooError, match="TensorFlow sees no GPU here; `bench training` measures"):
        training.main(gpu=True)
    with pytest.raises(ZooError, match="there is no such folder"):
        training.main(output=str(tmp_path / "nowhere/steps.csv"))


def test_a_recipe_that_fails_is_told_with_its_device():
    with pytest.raises(ZooError, match=r"(?s)nothing on the CPU: .*No module named 'zoo.recipes.nothing'"):
        training.main(recipes=["nothing"])
