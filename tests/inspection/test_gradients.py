import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from matplotlib.image import imread
from tiny import assert_refused

from zoo import __main__
from zoo.inspection import gradient_sheet, gradients, sweep
from zoo.inspection.gradients import KINDS, Kind, Network, Settings
from zoo.layers import CELLS

# As small as it gets, with every piece of the sweep in it.
TINY = Settings(units=4, seeds=1, back=6, distance=3, updates=2, distances=(1, 2))
FLAGS = ("--units", 4, "--seeds", 1, "--back", 6, "--distance", 3, "--updates", 2, "--distances", 1, 2)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A folder with the tiny sweep in runs/gradients, and what it found."""
    folder = tmp_path_factory.mktemp("gradients")
    return folder, sweep.measure(TINY, folder / "runs" / "gradients")


def drawn(distance=5, rows=3):
    return gradients.recall(rows, distance, np.random.default_rng(1))


def test_the_task_shows_a_symbol_and_then_noise_alone():
    inputs, answers = drawn(distance=5, rows=200)
    assert inputs.shape == (200, 6, 8)
    np.testing.assert_array_equal(inputs.sum(axis=2), 1)
    np.testing.assert_array_equal(inputs[:, 0].argmax(axis=1), answers)
    assert set(answers) == {0, 1, 2, 3}
    assert set(inputs[:, 1:].argmax(axis=2).ravel()) == {4, 5, 6, 7}


def test_gradients_of_a_simple_rnn_are_the_product_of_its_jacobians():
    network = Network(Kind("simple_rnn", spread=1.0), units=5, seed=1)
    inputs, answers = drawn()
    kernel, recurrent, bias = (weight.numpy() for weight in network.layer.weights)
    readout, offset = (weight.numpy() for weight in network.readout.weights)
    for row in range(3):
        states = [np.zeros(5)]
        for x in inputs[row]:
            states.append(np.tanh(x @ kernel + states[-1] @ recurrent + bias))
        shares = np.exp(states[-1] @ readout + offset)
        slope = readout @ (shares / shares.sum() - np.eye(4)[answers[row]])
        expected = [np.linalg.norm(slope)]
        for state in reversed(states[2:]):
            # h_t = tanh(... + h_s U), so d h_t / d h_s = U diag(1 - h_t^2).
            slope = recurrent @ ((1 - state**2) * slope)
            expected.insert(0, np.linalg.norm(slope))
        found = gradients.gradient_norms(network, inputs[row : row + 1], answers[row : row + 1])
        np.testing.assert_allclose(found["h"], expected, rtol=1e-4)


def loss_after_nudge(network, inputs, answers, step, part, nudge):
    """Runs the layer by hand, adds to one state after one step, and returns the loss of the last."""
    states = gradients.first_states(network, 1)
    for t in range(inputs.shape[1]):
        _, states = network.layer.cell(tf.constant(inputs[:, t]), states)
        states = list(states)
        if t == step:
            states[part] = states[part] + nudge
            if part == 1:  # h is made of c in the same step, which the nudge has to reach too
                gate = states[0] / np.tanh(states[1] - nudge)
                states[0] = gate * np.tanh(states[1])
    return float(network.losses(states[0], tf.constant(answers))[0][0])


@pytest.mark.parametrize(("cell", "part"), [*((cell, 0) for cell in CELLS), ("lstm", 1)])
def test_gradients_are_those_of_finite_differences(cell, part):
    network = Network(Kind(cell), units=3, seed=1)
    inputs, answers = drawn(distance=3, rows=1)
    norms = gradients.gradient_norms(network, inputs, answers)["hc"[part]]
    for step in (0, 2, 3):
        slope = []
        for unit in range(3):
            nudge = 1e-2 * np.eye(3, dtype=np.float32)[[unit]]
            up, down = (
                loss_after_nudge(network, inputs, answers, step, part, sign * nudge) for sign in (1, -1)
            )
            slope.append((up - down) / 2e-2)
        assert np.linalg.norm(slope) == pytest.approx(norms[step], rel=0.02, abs=1e-4)


def test_norms_are_means_over_rows_that_know_nothing_of_each_other():
    network = Network(Kind("gru"), units=4, seed=1)
    inputs, answers = drawn()
    each = [gradients.gradient_norms(network, inputs[[i]], answers[[i]])["h"] for i in range(3)]
    together = gradients.gradient_norms(network, inputs, answers)
    assert list(together) == ["h"]
    np.testing.assert_allclose(together["h"], np.mean(each, axis=0), rtol=1e-4)


def test_a_forget_bias_reaches_the_forget_gate_alone_and_sets_how_fast_the_cell_state_fades():
    biases, fading = {}, {}
    for bias in (0.0, None, 5.0):
        network = Network(Kind("lstm", forget_bias=bias), units=16, seed=1)
        biases[bias] = network.layer.cell.bias.numpy().reshape(4, 16)
        norms = gradients.gradient_norms(network, *drawn(distance=10, rows=16))["c"]
        fading[bias] = norms[0] / norms[-1]
    for bias, expected in ((0.0, 0), (None, 1), (5.0, 5)):
        np.testing.assert_array_equal(biases[bias], np.array([0, expected, 0, 0])[:, None] * np.ones(16))
    assert fading[0.0] < 0.01 < fading[None] < 0.2 < fading[5.0]


def test_random_matrices_make_gradients_vanish_or_explode():
    last = {}
    for name, kind in gradients.MATRICES.items():
        norms = gradients.gradient_norms(Network(kind, units=32, seed=1), *drawn(distance=30))["h"]
        last[name] = norms[0] / norms[-1]
    assert last["random, 0.5"] < 1e-6 < last["orthogonal"] < 1 < last["random, 2"]


def test_clipping_limits_what_an_update_changes():
    changes = {}
    for clip in (0.0, 1e-3):
        network = Network(Kind("simple_rnn"), units=4, seed=1)
        before = [weight.numpy() for weight in network.weights]
        curves = gradients.train(network, gradients.trainer(network, keras.optimizers.SGD(1.0), clip), 2, 1)
        after = [weight.numpy() for weight in network.weights]
        changes[clip] = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(after, before, strict=True)))
        assert len(curves.losses) == 1
    assert changes[0.0] == pytest.approx(curves.norms[0], rel=1e-3)  # as it comes, at a learning rate of 1
    assert changes[1e-3] == pytest.approx(1e-3, rel=1e-3)


def test_a_network_learns_what_is_near_and_stops_there():
    settings = Settings(units=16, updates=150, distances=(1, 2))
    found = gradients.longest(Kind("simple_rnn"), settings, seed=1)
    assert found["longest"] == 2
    assert all(updates < 150 for updates in found["updates"].values())


def test_the_sweep_has_every_kind_and_seed_and_the_same_numbers_again(measured):
    _, found = measured
    assert {name.split("/")[0] for name in found} == {"matrix", "start", "trained", "clipping", "longest"}
    for kind in KINDS:
        assert len(gradient_sheet.of(found, "start", kind)) == 1
    assert gradients.at_start(KINDS["gru"], TINY, 1) == found["start/gru/1"]
    assert gradients.at_start(KINDS["gru"], TINY, 2) != found["start/gru/1"]


def test_a_sweep_that_was_stopped_measures_only_what_is_missing(measured, tmp_path, capsys):
    _, found = measured
    folder = tmp_path / "runs" / "gradients"
    folder.mkdir(parents=True)
    kept = {name: piece for name, piece in found.items() if not name.startswith("start/gru")}
    stored = {"settings": {**vars(TINY), "seeds": 5}, "pieces": {**kept, "start/lstm/1": "as stored"}}
    (folder / sweep.RESULTS).write_text(json.dumps(stored))
    again = sweep.measure(TINY, folder)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[1] == "start/gru/1"
    assert again["start/gru/1"] == found["start/gru/1"]
    assert again["start/lstm/1"] == "as stored"


def test_the_command_prints_tables_and_draws_the_sheet(measured, call):
    folder, _ = measured
    output = call(__main__.main, folder, "inspect", "gradients", *FLAGS).out
    assert output.splitlines()[-1] == "runs/gradients/gradients.png"
    for words in (*KINDS, *gradients.MATRICES, *gradients.CLIPPING, "longest learned"):
        assert words in output
    picture = imread(folder / "runs/gradients/gradients.png")
    assert picture.shape[0] > picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, picture.shape[2])[:, :3], axis=0)) > 50


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--seeds", "0"], "--seeds 0: give at least 1"),
        (["--distances", "20", "10"], "--distances 20 10: give rising numbers"),
        (["--back", "2"], "--back 2: give at least as many steps as --distance, 3"),
        (["--output", "x.doc"], ".png, .svg or .pdf"),
        (["--name", "../x"], "give a short plain name"),
        (["--units", "9"], "units is 4 there and 9 here"),
        (["--name", "trained"], "holds a training"),
        (["--name", "damaged"], "cannot be read"),
    ],
)
def test_bad_flags_get_one_line(measured, call, flags, words):
    folder, _ = measured
    for name, file, content in (("trained", "config.json", "{}"), ("damaged", sweep.RESULTS, "{")):
        (folder / "runs" / name).mkdir(exist_ok=True)
        (folder / "runs" / name / file).write_text(content)
    # A flag that is given twice counts as given last.
    assert_refused(call, __main__.main, folder, ["inspect", "gradients", *FLAGS, *flags], words)
