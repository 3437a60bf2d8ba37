"""What is usual of related series, worked out by hand."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.data.climatologies import Climatologies
from zoo.data.climatology import DAY, Climatology
from zoo.data.own.series import Series
from zoo.data.statics import Statics

TIMES = DAY * np.arange(70)
WEEK = [(7 * DAY, 1)]


def series(name: str, values: np.ndarray) -> Series:
    return Series(("x",), np.asarray(values, float)[:, None], TIMES, static=(name,))


@pytest.fixture(scope="module")
def two() -> list[Series]:
    draw, wave = np.random.default_rng(1), np.sin(2 * np.pi * TIMES / (7 * DAY))
    return [
        series("small", 10 + wave + 0.5 * draw.normal(size=70)),
        series("large", 1000 + 100 * wave + 50 * draw.normal(size=70)),
    ]


def test_each_window_is_measured_by_its_own_series(two):
    both = Climatologies.fit(two, WEEK)
    windows, times = np.stack([one.values[-9:] for one in two[::-1]]), np.stack([TIMES[-9:]] * 2)
    found = both.of(tf.constant(["large", "small"]), tf.constant(windows), tf.constant(times))
    for row, one in enumerate(two[::-1]):
        alone = Climatology.fit(one.values, one.times, WEEK)
        np.testing.assert_allclose(
            found.deviations(windows, times)[row], alone.deviations(windows[row], times[row]), rtol=1e-6
        )
        np.testing.assert_allclose(found.normal(times)[row], alone.normal(times[row]), rtol=1e-12)


def test_a_strange_series_is_measured_by_its_window_whatever_its_unit(two):
    both = Climatologies.fit(two, WEEK)
    window, times = two[0].values[None, -28:], TIMES[None, -28:]
    found = [
        both.of(tf.constant(["a third"]), tf.constant(unit * window + far), tf.constant(times)).deviations(
            unit * window + far, times
        )
        for unit, far in ((1, 0), (1000, 0), (1, 500))
    ]
    assert abs(np.mean(found[0])) < 0.1 and 0.5 < np.std(found[0]) < 1.5
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    # Its deviations are nearly those that the series' own fit gives.
    own = Climatology.fit(two[0].values, TIMES, WEEK).deviations(window, times)
    assert np.corrcoef(np.ravel(found[0]), np.ravel(own))[0, 1] > 0.9


def test_a_strange_window_that_never_changes_has_finite_deviations(two):
    both = Climatologies.fit(two, WEEK)
    window, times = np.full([1, 5, 1], 300.0), TIMES[None, :5]
    assert np.isfinite(
        both.of(tf.constant(["?"]), tf.constant(window), tf.constant(times)).normal(times)
    ).all()


@pytest.mark.parametrize("value", [7.0, 0.1, 9.99])  # of a tenth numpy's spread is 1e-17, and not 0
def test_what_never_changes_in_one_series_scatters_as_in_the_others(two, value):
    still = series("still", np.full(70, value))
    found = Climatologies.fit([*two, still], ())
    spreads = [one.spread[0] for one in found.each]
    assert spreads[2] == pytest.approx(np.median(spreads[:2]))


def test_what_is_known_ahead_means_the_same_in_a_strange_series_that_has_seen_none_of_it(two):
    draw = np.random.default_rng(3)
    panel = []
    for one in two:
        offers = (draw.random(70) < 0.3).astype(float)
        panel.append(
            Series(("x", "offer"), np.stack([one.values[:, 0], offers], 1), TIMES, static=one.static)
        )
    found = Climatologies.fit(panel, (), known=[1])
    window = np.stack([two[0].values[-10:, 0], np.zeros(10)], axis=1)[None]
    strange = found.of(tf.constant(["?"]), tf.constant(window), tf.constant(TIMES[None, -10:]))
    offer = np.array([[[10.0, 1.0]]])
    deviation = strange.deviations(offer, TIMES[None, -1:]).numpy()[0, 0, 1]
    each = [one.deviations(offer[0], TIMES[-1:]).numpy()[0, 1] for one in found.each]
    assert min(each) * 0.8 < deviation < max(each) * 1.2


def test_values_that_are_missing_are_no_part_of_the_fit(two):
    values = two[0].values.copy()
    values[[3, 20, 21]] = np.nan
    left = np.delete(np.arange(70), [3, 20, 21])
    some, whole = Climatology.fit(values, TIMES, WEEK), Climatology.fit(values[left], TIMES[left], WEEK)
    np.testing.assert_allclose(some.coefficients, whole.coefficients)
    np.testing.assert_allclose(some.spread, whole.spread)


def test_the_spread_of_what_drifts_is_that_of_its_changes():
    walk = series("walk", 100 + np.cumsum(np.random.default_rng(2).normal(size=70)))
    found = Climatologies.fit([walk], (), [0])
    assert found.each[0].spread[0] == pytest.approx(np.sqrt((np.diff(walk.values[:, 0]) ** 2).mean()))
    window, times = 5 * walk.values[None, -30:], TIMES[None, -30:]
    strange = found.of(tf.constant(["?"]), tf.constant(window), tf.constant(times))
    assert float(strange.spread[0, 0, 0]) == pytest.approx(
        np.sqrt((np.diff(window[0, :, 0]) ** 2).sum() / 30)
    )


def test_a_category_is_one_of_those_that_were_seen_or_none():
    statics = Statics.of([("A", "city"), ("B", "town"), ("C", "city")])
    assert statics.size == 5
    encoded = statics.encode([["B", "city"], ["D", "village"]]).numpy()
    assert encoded.tolist() == [[0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]
    assert Statics.of([()]).encode([(), ()]).shape == (2, 0)
