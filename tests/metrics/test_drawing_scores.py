"""Scores of drawings, worked out by hand."""

import numpy as np
import pytest

from zoo import metrics
from zoo.metrics.drawings import _spread


def line(*points):
    return np.array([[*point, i == len(points) - 1] for i, point in enumerate(points)], np.float32)


def test_points_are_spread_along_the_ink_and_never_between_strokes():
    strokes = np.concatenate([line((0, 0), (0.2, 0), (1, 0)), line((0, 1), (1, 1))])
    found = _spread(strokes)
    assert found.shape == (48, 2) and set(found[:, 1]) == {0, 1}
    np.testing.assert_allclose(found[found[:, 1] == 0, 0], np.arange(24) * 2 / 47, atol=1e-6)
    np.testing.assert_array_equal(_spread(line((0.3, 0.4))), np.tile(np.float32([[0.3, 0.4]]), (48, 1)))


def test_shapes_are_as_far_as_their_points_in_the_order_of_drawing():
    low, high, dot = line((0, 0), (1, 0)), line((0, 0.25), (1, 0.25)), line((0, 0))
    found = metrics.Shapes([low, high, line((1, 0), (0, 0)), dot]).distances(low)
    np.testing.assert_allclose(found[:2], [0, 0.25], atol=1e-6)
    assert found[2] > 0.3  # from the other end
    assert found[3] == pytest.approx(0.5, abs=1e-6)  # on average


def test_points_that_come_a_little_sooner_are_no_farther():
    # Up a hill and down; the top comes two points sooner or later, the band allows twelve.
    hills = [line((0, 0), (top, 1), (1, 0)) for top in (0.5, 0.55)]
    (straight,) = metrics.Shapes(hills[:1]).distances(hills[1])
    assert 0 < straight < 0.03


def test_a_score_has_nats_of_a_point_and_the_share_recognised():
    score = metrics.drawing([-3.0, 5.0], [1, 3], [1, 20, 21, 400])
    assert score.n == 2 and score.counts == {"points": 4}
    assert dict(score.figures) == {"nats": -0.5, "recognised": 50.0}
    assert "recognised" not in metrics.drawing([-3.0], [1]).figures
