"""Moves, mixtures and pictures of strokes: truths worked out by hand."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
import tensorflow as tf

from zoo import drawings
from zoo.drawings import Mixture
from zoo.drawings.moves import DOWN, END, LIFT, UNIT

# A hook of three points and a dot: down by two tenths, right by one; far from it the dot.
HOOK = np.array([[0.5, 0.2, 0], [0.5, 0.4, 0], [0.6, 0.4, 1], [0.2, 0.2, 1]], np.float32)
NONE = np.zeros((0, 3), np.float32)


def ragged(*rows):
    return tf.RaggedTensor.from_row_lengths(np.concatenate([NONE, *rows]), [len(row) for row in rows])


def numbers(shares, means, deviations, correlations, states):
    """Returns what a network says for a mixture, (size,)."""
    (x, y), (wide, high) = np.transpose(means), np.transpose(deviations)
    slanted = np.arctanh(np.array(correlations) / 0.98)
    return np.concatenate([shares, x, y, wide, high, slanted, states]).astype(np.float32)


def test_a_drawing_is_learned_as_moves_from_the_middle_and_states_of_the_pen():
    pens, steps = drawings.learned(ragged(HOOK, NONE))
    assert pens.row_lengths().numpy().tolist() == steps.row_lengths().numpy().tolist() == [4, 0]
    moves = [[0, -3], [0, 2], [1, 0], [-4, -2]]  # in tenths
    np.testing.assert_allclose(steps[0][:, :2], moves, atol=1e-5)
    assert steps[0][:, 2:].numpy().argmax(axis=1).tolist() == [DOWN, DOWN, LIFT, END]
    np.testing.assert_allclose(pens[0][:, :2], [[0, 0], *moves[:3]], atol=1e-5)
    np.testing.assert_allclose(pens[0][:, 2:4], 4 * np.array([[0.5, 0.5], *HOOK[:3, :2]]) - 2, atol=1e-5)
    assert pens[0][:, 4:7].numpy().argmax(axis=1).tolist() == [LIFT, DOWN, DOWN, LIFT]
    np.testing.assert_allclose(drawings.strokes_of(pens[0]), [0, 0, 0, 1], atol=1e-6)


def test_each_drawing_begins_anew_wherever_it_stands():
    alone = drawings.learned(ragged(HOOK))
    beside = drawings.learned(ragged(NONE, HOOK[:2], NONE, HOOK, NONE))
    for one, among in zip(alone, beside, strict=True):
        np.testing.assert_array_equal(one[0], among[3])
    assert beside[1][1][:, 2:].numpy().argmax(axis=1).tolist() == [DOWN, END]


def test_the_last_pen_is_what_the_next_step_would_be_told():
    last = drawings.last(ragged(HOOK[:2], NONE, HOOK))
    np.testing.assert_allclose(last.place, [HOOK[1, :2], [0.5, 0.5], HOOK[3, :2]])
    np.testing.assert_allclose(last.move, [[0, 2], [0, 0], [-4, -2]], atol=1e-5)
    assert last.strokes.numpy().tolist() == [0, 0, 2]
    assert last.state.numpy().tolist() == [DOWN, LIFT, LIFT]
    pens, _ = drawings.learned(ragged(HOOK))
    told = drawings.features(drawings.last(ragged(HOOK[:3])))
    np.testing.assert_allclose(told[0], pens[0][3], atol=1e-6)


def test_the_density_is_that_of_the_formula():
    # Half at the origin, round, of deviation 2; half at (3, 0), of deviations 1 and 3, correlated by 0.5.
    said = numbers([0, 0], [(0, 0), (3, 0)], np.log([(2, 2), (1, 3)]), [0, 0.5], [0, 0, 0])
    found = Mixture.of(tf.constant(said[None])).log_density(tf.constant([[1.0, 2.0]]))
    one = math.exp(-(1 / 4 + 4 / 4) / 2) / (2 * math.pi * 4)
    x, y, free = -2.0, 2 / 3, 0.75
    two = math.exp(-(x * x + y * y - x * y) / (2 * free)) / (2 * math.pi * 3 * math.sqrt(free))
    assert float(found[0]) == pytest.approx(math.log((one + two) / 2), abs=1e-5)


def test_steps_that_are_not_there_cost_nothing_and_the_others_a_density_and_a_state():
    said = numbers([0], [(0, 0)], [(0, 0)], [0], np.log([0.5, 0.25, 0.25]))
    steps = tf.constant([[[0.0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]])
    found = drawings.log_probability(tf.constant(np.tile(said, (1, 2, 1))), steps).numpy()
    np.testing.assert_allclose(found, [[-math.log(2 * math.pi) + math.log(0.25), 0]], rtol=1e-5)


def test_without_chance_the_likeliest_component_s_mean_is_drawn():
    said = numbers([0, 1], [(9, 9), (3, -1)], [(2, 2), (2, 2)], [0, 0], [0, 0, 1])
    moves, states = Mixture.of(tf.constant(said[None])).drawn(
        tf.zeros([1]), tf.constant([[0.1, 0.1, 0.1, 0.1]])
    )
    np.testing.assert_allclose(moves, [[3, -1]], atol=1e-5)
    assert states.numpy().tolist() == [END]


@pytest.mark.parametrize(
    ("temperature", "share", "deviation"), [(1.0, 0.25, 2.0), (0.5, 0.1, 2.0 * 0.5**0.5)]
)
def test_temperature_sharpens_shares_and_variances_together(temperature, share, deviation):
    said = numbers(np.log([0.25, 0.75]), [(-50, 0), (50, 0)], np.log([(2, 1), (2, 1)]), [0.8, 0.8], [0, 0, 0])
    uniform = tf.random.stateless_uniform([20_000, 4], [1, 2])
    mixture = Mixture.of(tf.constant(np.tile(said, (20_000, 1))))
    moves, states = (values.numpy() for values in mixture.drawn(tf.fill([20_000], temperature), uniform))
    left = moves[:, 0] < 0
    assert left.mean() == pytest.approx(share, abs=0.01)
    assert moves[~left, 0].std() == pytest.approx(deviation, rel=0.03)
    assert np.corrcoef(moves[~left].T)[0, 1] == pytest.approx(0.8, abs=0.02)
    np.testing.assert_allclose(np.bincount(states) / 20_000, [1 / 3] * 3, atol=0.02)


def to_the_right(pen, state):
    """A network that goes one unit to the right, and stops at its third step."""
    ends = state == 2
    lean = tf.where(ends, [[0.0, 0.0, 50.0]], [[50.0, 0.0, 0.0]])
    fixed = tf.tile(tf.constant([[0.0, 1.0, 0.0, -9.0, -9.0, 0.0]]), [tf.shape(pen)[0], 1])
    return tf.concat([fixed, lean], axis=1), state + 1


def drawn(state, most=10, seeds=(1, 2)):
    rows = tf.constant(seeds, tf.int64)
    pen = drawings.last(ragged(*[NONE] * len(seeds)))
    return drawings.draw(to_the_right, tf.constant(state), pen, most, tf.fill([len(seeds)], 0.0), rows)


def test_points_follow_each_other_until_the_pen_stops_itself_or_is_stopped():
    found = drawn([[0], [1]])
    expected = [[0.5 + i * UNIT, 0.5, i == 3] for i in (1, 2, 3)]
    np.testing.assert_allclose(found.strokes[0], expected, atol=1e-6)
    np.testing.assert_allclose(found.strokes[1, :2, :2], [e[:2] for e in expected[:2]], atol=1e-6)
    assert np.isnan(found.strokes[1, 2]).all() and found.finished.numpy().tolist() == [True, True]
    cut = drawn([[0], [1]], most=2)
    assert cut.strokes.shape == (2, 2, 3) and cut.finished.numpy().tolist() == [False, True]
    assert drawn(np.zeros((0, 1), np.int32), seeds=()).strokes.shape == (0, 1, 3)


def test_a_row_s_drawing_follows_from_its_own_seed():
    def at_random(pen, state):
        return tf.tile(
            tf.constant([numbers([0], [(0, 0)], [(0, 0)], [0], [9, 0, 0])]), [tf.shape(pen)[0], 1]
        ), state

    def run(seeds):
        pen = drawings.last(ragged(*[NONE] * len(seeds)))
        rows = tf.constant(seeds, tf.int64)
        return drawings.draw(
            at_random, tf.zeros([len(seeds), 1]), pen, 6, tf.ones([len(seeds)]), rows
        ).strokes

    np.testing.assert_array_equal(run([7, 8])[1], run([8])[0])
    assert np.abs(run([7])[0] - run([8])[0]).max() > 1e-3


def test_given_strokes_end_at_the_first_that_is_no_number_and_come_back_filled_up():
    rows = np.full((3, 4, 3), np.nan, np.float32)
    rows[0], rows[1, :2], rows[2, 1:] = HOOK, HOOK[:2], HOOK[:3]
    found = drawings.given(tf.constant(rows), 3)
    assert found.row_lengths().numpy().tolist() == [3, 2, 0]
    filled = drawings.filled(found).numpy()
    np.testing.assert_array_equal(filled[1], rows[1, :3])
    assert filled.shape == (3, 3, 3) and np.isnan(filled[2]).all()


def paths(strokes):
    (svg,) = drawings.as_svg(tf.constant(strokes[None], tf.float32)).numpy()
    return list(ElementTree.fromstring(svg))


def test_a_picture_has_a_path_for_each_stroke_which_draws_itself_in_its_turn():
    hook, dot = paths(HOOK)
    # Slopes of a sixth of the way between both neighbours: at the ends of a stroke the point itself is one.
    assert hook.get("d") == "M50.0 20.0C50.0 23.3 48.3 36.7 50.0 40.0C51.7 43.3 58.3 40.0 60.0 40.0"
    assert dot.get("d") == "M20.0 20.0h.01"
    turns = [(path[0].get("keyTimes"), path[0].get("dur")) for path in (hook, dot)]
    assert turns == [("0;0.000;1", "0.09s"), ("0;0.750;1", "0.12s")]


def test_what_is_not_there_is_not_drawn():
    padded = np.concatenate([HOOK, np.full((2, 3), np.nan, np.float32)])
    assert [path.get("d") for path in paths(padded)] == [path.get("d") for path in paths(HOOK)]
    assert paths(np.full((1, 3), np.nan)) == paths(np.zeros((0, 3))) == []
    unfinished = np.array([[0, 0, 0], [1, 1, 0]], np.float32)  # whose pen was never lifted
    assert len(paths(unfinished)) == 1
    assert drawings.as_svg(tf.zeros([0, 5, 3])).shape == (0,)
