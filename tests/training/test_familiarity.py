import numpy as np
import pytest

from zoo.layers import Familiarity
from zoo.training import fit_familiarity


def gaussian(count: int, seed: int) -> np.ndarray:
    """Returns rows of five numbers: wide, less wide, and three narrow ones, around 7."""
    widths = np.array([10, 3, 0.1, 0.1, 0.1])
    return 7 + widths * np.random.default_rng(seed).normal(size=(count, 5))


def test_distance_is_mahalanobis_s_where_the_gaussian_is_what_is_assumed():
    familiarity = Familiarity(5, directions=2)
    fit_familiarity(familiarity, gaussian(50_000, 0), gaussian(5_000, 1))
    given = 7 + np.array(
        [[0, 0, 0, 0, 0], [10, 0, 0, 0, 0], [0, 6, 0, 0, 0], [0, 0, 0.2, 0, 0], [10, 3, 0.1, 0, 0]]
    )
    np.testing.assert_allclose(familiarity.distances(given), [0, 1, 4, 4, 3], rtol=0.05, atol=0.02)


def test_one_of_500_is_strange_and_so_is_what_varies_where_training_does_not():
    familiarity = Familiarity(5, directions=2)
    fit_familiarity(familiarity, gaussian(5_000, 0), gaussian(5_000, 1))
    assert familiarity(gaussian(20_000, 2)).numpy().mean() == pytest.approx(0.998, abs=0.0015)
    # Not far out at all, but no row of training is there.
    assert not familiarity(7 + np.array([[0.0, 0, 1, 0, 0]])).numpy().any()
    assert familiarity(7 + np.array([[25.0, 0, 0, 0, 0]])).numpy().all()


@pytest.mark.parametrize("directions", [3, 64])
def test_features_that_never_vary_and_more_directions_than_features_do_no_harm(directions):
    familiarity = Familiarity(3, directions)
    rows = np.concatenate([gaussian(600, 3)[:, :1], np.zeros((600, 2))], axis=1)
    fit_familiarity(familiarity, rows, rows)
    assert familiarity(rows).numpy().mean() > 0.99
    assert not familiarity(np.add(rows, [[0, 5, 0]])).numpy().any()


@pytest.mark.parametrize(("rows", "told"), [(498, False), (499, True)])
def test_by_few_rows_nothing_is_called_strange(rows, told):
    familiarity = Familiarity(5)
    fit_familiarity(familiarity, gaussian(10_000, 0), gaussian(rows, 1))
    assert familiarity(gaussian(100, 2) * 1_000).numpy().all() != told
