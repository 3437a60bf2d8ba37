"""Drawing: what a task says of drawings, with answers worked out by hand."""

import numpy as np
import pytest

from zoo.data import Examples, Part
from zoo.data.own.drawings import Drawn
from zoo.errors import ZooError
from zoo.tasks import Drawing, Manifest, drawing_samples
from zoo.tasks.base import Answered, Given
from zoo.tasks.drawing import _part

TASK = Drawing()
MANIFEST = Manifest(name="pen", mapping="drawing", defaults={"temperature": 0.1, "seed": 7})
LINE = np.array([[0, 0, 0], [1, 0, 1]], np.float32)
DOT = np.array([[0.5, 0.5, 1]], np.float32)


class Copies:
    """A model that draws a line whatever is asked, and finds each point of others to cost two nats."""

    name, manifest = "pen", MANIFEST

    def predict(self, inputs, signature="", **settings):
        rows = TASK.rows(inputs, self)
        if signature == "score":
            return [{"log_probability": -2.0 * len(strokes), "points": len(strokes)} for _, strokes in rows]
        assert settings["temperature"] == 0.1 and settings["seed"] == list(range(len(rows)))
        return [{"strokes": LINE.tolist(), "svg": f"<svg >{text}</svg>"} for text, _ in rows]


def examples(test, train=()):
    rows = [Drawn(text, strokes) for text, strokes in (*train, *test)]
    cut = len(train)
    return Examples("a", _part(rows[:cut]), _part([]), _part(rows[cut:]), (), "", "", "")


def lower(hundredths):
    return LINE + np.array([0, 0.01 * hundredths, 0])


def test_rows_are_descriptions_alone_or_with_strokes():
    (one, none), (two, strokes) = TASK.rows(["休", ("木", LINE.tolist())], Copies())
    assert (one, two, none.shape, strokes.tolist()) == ("休", "木", (0, 3), LINE.tolist())
    tensors = TASK.tensors([("休", none), ("木", strokes)], "continue")
    assert tensors["text"] == ["休", "木"] and tensors["strokes"].shape == (2, 2, 3)
    assert np.isnan(tensors["strokes"][0]).all()
    assert TASK.tensors([("休", none)], "") == {"text": ["休"]}
    for wrong in (3, ("a", [[1, 2]]), ("a", "b"), ("a", [1, 2, 3]), (b"a", LINE)):
        with pytest.raises(ZooError, match="pen: "):
            TASK.rows([wrong], Copies())
    with pytest.raises(ZooError, match="in a list"):
        TASK.rows("休", Copies())


def test_each_drawing_has_a_seed_one_higher():
    assert TASK.chosen({}, "", 3, MANIFEST) == {"seed": [7, 8, 9]}
    assert TASK.chosen({"seed": 1, "temperature": 0.5}, "", 2, MANIFEST) == {
        "seed": [1, 2],
        "temperature": 0.5,
    }
    with pytest.raises(ZooError, match="score reads strokes"):
        TASK.chosen({}, "score", 1, MANIFEST)
    with pytest.raises(ZooError, match="--length"):
        TASK.chosen({"length": 3}, "", 1, MANIFEST)


def test_what_stands_behind_the_end_is_left_out():
    padded = np.concatenate([LINE, np.full((2, 3), np.nan)])
    assert TASK.readable({"strokes": padded, "finished": True})["strokes"].tolist() == LINE.tolist()
    assert TASK.readable({"points": 3}) == {"points": 3}


def test_answers_are_shown_as_drawings_with_notes():
    row = {
        "text": "line",
        "strokes": LINE.tolist(),
        "svg": "<svg >1</svg>",
        "finished": False,
        "known": False,
    }
    answered = Answered([row], MANIFEST)
    (painted,) = TASK.painted(answered)
    top = painted.plain.split("\n")
    assert top[0] == "line" and set(top[1]) == {"⠉"} and len(top[1]) == 20
    assert TASK.picture(answered).count("<svg ") == 2 and ">line</text>" in TASK.picture(answered)
    assert [note.split()[0] for note in TASK.notes(row, answered)] == ["has", "was"]
    assert TASK.notes({**row, "finished": True, "known": True}, answered) == []
    assert TASK.given(["休"], "", Copies()) == Given(["休"], [{"text": "休"}])


def test_a_score_counts_points_and_what_is_nearest_to_what_was_drawn():
    # Of what is asked, one line lies where the line is drawn, and one dot is farther than 20 others.
    near = [("near", lower(i)) for i in range(21)]
    found = TASK.evaluate(Copies(), examples([("line", LINE), ("dot", DOT)], near), "test")
    assert dict(found.score.figures) == {"nats": 2.0, "recognised": 50.0}
    assert [(name, rank) for name, _, rank in found.predicted] == [("line", 1), ("dot", 23)]
    assert found.rows[1] == {"text": "dot", "units": 1, "score": -2.0}


def test_one_drawing_of_several_of_a_text_is_enough():
    near = [("near", lower(i)) for i in range(1, 22)]
    found = TASK.evaluate(Copies(), examples([("dot", DOT)], [*near, ("dot", LINE)]), "test")
    assert found.score.figures["recognised"] == 100


def test_the_baseline_is_one_gaussian_and_draws_what_was_not_asked():
    train = [("line", LINE)] * 3 + [("dot", DOT)] * 3
    scores = TASK.baselines(examples([("line", LINE)], train), None)["test"]["one Gaussian"]
    assert scores.counts == {"points": 2} and scores.figures["recognised"] == 100
    assert -3 < scores.figures["nats"] < 20


def test_samples_have_drawings_nothing_and_a_dot():
    import tensorflow as tf

    strokes = tf.ragged.constant([LINE.tolist()] * 2, ragged_rank=1, inner_shape=(3,))
    samples = drawing_samples(["a", "b"], strokes)
    assert set(samples) == {"serving_default", "continue", "score"}
    assert {len(value) for inputs in samples.values() for value in inputs.values()} == {4}
    assert isinstance(_part([]), Part) and len(_part([])) == 0
