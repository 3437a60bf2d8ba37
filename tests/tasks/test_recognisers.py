"""Recognition: what a task says of signals, with answers worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from zoo import baselines, tasks
from zoo.data.scaling import Scaling
from zoo.errors import ZooError
from zoo.tasks import AboutSignals, Manifest, Recognition
from zoo.tasks.recognition import recognition_samples

ABOUT = {"channels": ["x", "y"], "longest": 4, "seen": [[-1.0, 1.0], [0.0, 10.0]]}
MANIFEST = Manifest(
    name="seen", mapping="recognition", labels=["down", "up"], own={"signals": ABOUT}, config={"max_steps": 9}
)


class Sure:
    """A model whose first score is the mean of x."""

    name, manifest = "seen", MANIFEST

    def predict(self, inputs, signature="", **settings):
        rows = Recognition().rows(inputs, self)
        share = [float(np.nanmean(row[:, 0])) for row in rows]
        return [
            {"label": "down" if x > 0.5 else "up", "score": max(x, 1 - x), "scores": {"down": x, "up": 1 - x}}
            for x in share
        ]


def part(*rows, labels):
    values = tf.ragged.stack([tf.constant(row, tf.float64) for row in rows]) if rows else None
    values = tf.RaggedTensor.from_row_lengths(np.concatenate(rows).astype(float), [len(row) for row in rows])
    return tasks.base.Part({"values": values, "label": np.array(labels)})


def test_of_training_it_is_known_what_was_seen():
    held = part([[1, 5], [np.nan, 7], [3, 6]], [[-2, 9]], labels=[0, 1])
    scaling = Scaling.fit(held.column("values").values.numpy())
    about = AboutSignals.of_training(("x", "y"), held.column("values"), 2, scaling)
    spread = np.std([1, 3, -2])
    assert about == AboutSignals(["x", "y"], 2, [[-2, 3], [5, 9]], about.scaling)
    np.testing.assert_allclose(about.scaling, [[2 / 3, spread], [27 / 4, np.std([5, 7, 6, 9])]])


@pytest.mark.parametrize("own", [{}, {"signals": {"channels": ["x"]}}, {"signals": {**ABOUT, "seen": [[1]]}}])
def test_a_manifest_that_says_nothing_of_signals_is_refused(own):
    with pytest.raises(ZooError, match="says nothing of the signals"):
        AboutSignals.of(MANIFEST.with_changes(own=own))


def test_rows_are_arrays_or_files_of_several_signals(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("id,x,y,noise\na,1,2,9\na,.5,4,9\nb,0,,9\n")
    rows = Recognition().rows([path, [[1, 2]], np.zeros((3, 2))], Sure())
    assert [row.tolist() for row in rows[:1]] == [[[1, 2], [0.5, 4]]]
    assert [row.shape for row in rows] == [(2, 2), (1, 2), (1, 2), (3, 2)]
    with pytest.raises(ZooError, match=r"an array of shape \(3, 4\); give \(time, 2\): x, y"):
        Recognition().rows([np.zeros((3, 4))], Sure())
    with pytest.raises(ZooError, match=r"shape \(3,\)"):
        Recognition().rows(np.zeros(3), Sure())
    ts = tmp_path / "own.ts"
    ts.write_text("@data\n1,2:3,4:5,6\n")
    with pytest.raises(ZooError, match="has 3 channels, but seen reads 2: x, y"):
        Recognition().rows([ts], Sure())


@pytest.mark.parametrize("row", [[["a", "b"]], [[1, 2], [3]], {"x": 1}])
def test_what_is_no_array_is_refused(row):
    with pytest.raises(ZooError, match="no array of numbers"):
        Recognition().rows([row], Sure())


def test_of_a_long_signal_no_more_is_sent_than_tells_that_there_was_more():
    rest = np.full((20, 2), np.nan)
    rest[15, 1] = 5
    long = np.concatenate([np.ones((9, 2)), rest])
    (sent,) = Recognition().rows([long], Sure())
    assert len(sent) == 10 and sent[9, 1] == 5
    (sent,) = Recognition().rows([np.concatenate([np.ones((9, 2)), rest[:3]])], Sure())
    assert len(sent) == 10 and np.isnan(sent[9]).all()


def test_a_frame_names_each_signal_of_a_file(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("id,x,y\na,1,2\nb,0,3\n")
    named = Recognition().named([str(path), np.zeros((1, 2))], Sure())
    assert named == [{"signal": "own.csv: a"}, {"signal": "own.csv: b"}, {"signal": "row 2"}]


def test_a_channel_that_training_never_saw_is_refused():
    held = part([[1, np.nan], [2, np.nan]], labels=[0])
    with pytest.raises(ZooError, match="'y' has not one number in the training part"):
        AboutSignals.of_training(("x", "y"), held.column("values"), 5, Scaling(np.zeros(2), np.ones(2)))


def test_signals_that_cannot_be_read_are_no_first_label():
    class Blind(Sure):
        def predict(self, inputs, signature="", **settings):
            return [{"label": "", "score": 0.0, "scores": {"down": 0.0, "up": 0.0}, "valid": False}]

    held = part([[1, 0]], labels=[0])
    examples = tasks.base.Examples("made", held, held, held, ("down", "up"), "", "", "", columns=("x", "y"))
    with pytest.raises(ZooError, match="row 1, 1 steps cannot be read"):
        Recognition().evaluate(Blind(), examples, "test")


def test_a_few_numbers_in_another_unit_among_gaps_are_told_of():
    values = np.full((100, 2), np.nan)
    values[:5, 1] = 500
    with pytest.warns(UserWarning, match="5 of 5 values of 'y'"):
        Recognition().rows([values], Sure())


def test_numbers_in_another_unit_are_told_of():
    with pytest.warns(UserWarning, match=r"3 of 3 values of 'y' lie far .*0 to 10"):
        Recognition().rows([np.array([[0, 500], [0, 600], [1, 700]])], Sure())


def test_shorter_signals_are_filled_up_with_what_is_missing():
    filled = Recognition().tensors([np.ones((1, 2)), np.ones((3, 2))], "")["values"]
    assert filled.shape == (2, 3, 2)
    assert np.isnan(filled[0, 1:]).all() and np.isfinite(filled[1]).all()


def test_labels_are_scored_against_the_models_own_by_name():
    held = part([[1, 0]], [[0, 0]], [[0.9, 0], [0.8, 0]], labels=[0, 1, 1])
    examples = tasks.base.Examples("made", held, held, held, ("down", "up"), "", "", "", columns=("x", "y"))
    evaluation = Recognition().evaluate(Sure(), examples, "test")
    assert evaluation.score["accuracy"] == pytest.approx(2 / 3)
    assert evaluation.score["confusion"] == [[1, 0], [1, 1]]
    assert evaluation.rows[2] == {
        "signal": "row 3, 2 steps", "truth": "up", "answer": "down", "score": pytest.approx(0.85)
    }  # fmt: skip


def test_a_recogniser_chooses_among_all_its_labels_whichever_recordings_show():
    assert Recognition().choices(["down", "up", "wave"], ["up", "down"]) == ["down", "up", "wave"]


def test_the_baseline_learns_from_the_size_of_numbers_and_says_the_commonest_label():
    draw = np.random.default_rng(1)
    parts = {}
    for split, each in (("train", 20), ("validation", 10), ("test", 10)):
        rows = [draw.normal(5 * (n % 2), 1, (6 + n % 3, 2)) for n in range(each)]
        rows[0][:, 1] = np.nan
        parts[split] = (rows, np.array([n % 2 for n in range(each)]))
    scores = baselines.signal_classification(parts, ["low", "high"])
    assert list(scores) == ["majority", "figures + logistic regression"]
    assert scores["majority"]["accuracy"] == 0.5
    assert scores["figures + logistic regression"]["accuracy"] == 1


def test_samples_hold_a_gap_and_a_signal_of_nothing():
    samples = recognition_samples(part([[1, 2], [3, 4]], [[5, 6]], labels=[0, 1]), 4)
    values = samples["serving_default"]["values"]
    assert np.isnan(values[-1]).all() and np.isnan(values[-2]).any() and not np.isnan(values[-2]).all()
    assert samples["step"]["state"].shape == (len(values), 1 + 4 * 2)
