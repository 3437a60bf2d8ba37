"""The CRF against all paths written out, against numbers worked out by hand, and in training."""

from itertools import pairwise, product

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.data.tags import bio_constraints
from zoo.layers import CRF
from zoo.training import CRFLoss

TAGS = ("O", "B-X", "I-X", "B-Y", "I-Y")


def made(tags: int, *constraints, seed: int = 0) -> CRF:
    """Returns a layer whose scores are random and not small."""
    layer = CRF(tags, *constraints)
    layer.build((None, None, tags))
    random = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(random.normal(0, 2, weight.shape))
    return layer


def path_score(layer: CRF, logits: np.ndarray, path) -> float:
    """The definition: start, steps, transitions, end; minus infinity for what is forbidden."""
    transitions, starts, ends = (weight.numpy().astype("float64") for weight in layer.weights)
    if layer.start is not None and not layer.start[path[0]]:
        return -np.inf
    score = starts[path[0]] + ends[path[-1]] + sum(logits[t, tag] for t, tag in enumerate(path))
    for before, after in pairwise(path):
        if layer.follow is not None and not layer.follow[before][after]:
            return -np.inf
        score += transitions[before, after]
    return score


def all_paths(layer: CRF, logits: np.ndarray) -> dict[tuple[int, ...], float]:
    return {path: path_score(layer, logits, path) for path in product(range(layer.tags), repeat=len(logits))}


@pytest.fixture(params=["free", "constrained"])
def layer(request) -> CRF:
    return made(5, *(bio_constraints(TAGS) if request.param == "constrained" else ()))


@pytest.fixture
def batch():
    """Rows of 1 to 4 real steps, padded with nonsense."""
    random = np.random.default_rng(1)
    lengths = [4, 1, 3, 2]
    logits = random.normal(0, 2, (4, 4, 5)).astype("float32")
    mask = np.arange(4) < np.array(lengths)[:, None]
    logits[~mask] = 1e3
    return logits, mask, lengths


def test_likelihoods_are_those_of_all_paths_added_up(layer, batch):
    logits, mask, lengths = batch
    for row, length in enumerate(lengths):
        paths = all_paths(layer, logits[row, :length])
        total = np.logaddexp.reduce(list(paths.values()))
        for path, score in list(paths.items())[::7]:
            if score == -np.inf:
                continue
            tags = np.full((1, 4), -1)
            tags[0, :length] = path
            found = layer.log_likelihood(logits[row : row + 1], tags, mask[row : row + 1])
            assert found.numpy()[0] == pytest.approx(score - total, abs=1e-4)


def test_probabilities_of_all_paths_add_up_to_one(layer):
    logits = np.random.default_rng(2).normal(0, 1, (1, 3, 5)).astype("float32")
    paths = np.array(list(product(range(5), repeat=3)))
    mask = np.ones((len(paths), 3), bool)
    chances = np.exp(layer.log_likelihood(np.repeat(logits, len(paths), axis=0), paths, mask))
    assert chances.sum() == pytest.approx(1, abs=1e-4)


def test_decoding_finds_the_best_of_all_paths(layer, batch):
    logits, mask, lengths = batch
    found = layer.decode(logits, mask).numpy()
    for row, length in enumerate(lengths):
        paths = all_paths(layer, logits[row, :length])
        assert tuple(found[row, :length]) == max(paths, key=paths.get)
        assert (found[row, length:] == 0).all()


def test_marginals_are_the_shares_of_paths_through_a_tag(layer, batch):
    logits, mask, lengths = batch
    found = layer.marginals(logits, mask).numpy()
    for row, length in enumerate(lengths):
        paths = all_paths(layer, logits[row, :length])
        total = np.logaddexp.reduce(list(paths.values()))
        expected = np.zeros((length, 5))
        for path, score in paths.items():
            expected[range(length), path] += np.exp(score - total)
        np.testing.assert_allclose(found[row, :length], expected, atol=1e-4)


def test_a_chain_of_two_tags_worked_out_by_hand():
    layer = CRF(2)
    layer.build((None, None, 2))
    layer.transitions.assign(np.log([[1.0, 2.0], [3.0, 1.0]]))
    layer.starts.assign(np.log([1.0, 2.0]))
    layer.ends.assign(np.log([5.0, 1.0]))
    logits = np.log([[[1.0, 1.0], [1.0, 4.0]]]).astype("float32")
    # Products of start, step, transition, step and end: 00: 1*1*1*1*5 = 5; 01: 1*1*2*4*1 = 8;
    # 10: 2*1*3*1*5 = 30; 11: 2*1*1*4*1 = 8; together 51.
    likelihood = layer.log_likelihood(logits, [[1, 0]], np.ones((1, 2), bool)).numpy()[0]
    assert likelihood == pytest.approx(np.log(30 / 51), abs=1e-6)
    assert layer.decode(logits, np.ones((1, 2), bool)).numpy().tolist() == [[1, 0]]
    marginals = layer.marginals(logits, np.ones((1, 2), bool)).numpy()
    np.testing.assert_allclose(marginals[0], [[13 / 51, 38 / 51], [35 / 51, 16 / 51]], atol=1e-6)


def test_constraints_of_bio():
    follow, start = bio_constraints(TAGS)
    assert start == [True, True, False, True, False]
    legal = {(before, after) for i, before in enumerate(TAGS) for j, after in enumerate(TAGS) if follow[i][j]}
    continuing = {("B-X", "I-X"), ("I-X", "I-X"), ("B-Y", "I-Y"), ("I-Y", "I-Y")}
    anything = {(before, after) for before in TAGS for after in ("O", "B-X", "B-Y")}
    assert legal == continuing | anything


def test_decoding_is_legal_however_much_the_steps_speak_against_it():
    layer = made(5, *bio_constraints(TAGS))
    logits = np.zeros((1, 6, 5), "float32")
    logits[0, :, 2] = 500.0  # I-X everywhere
    tags = [TAGS[i] for i in layer.decode(logits, np.ones((1, 6), bool)).numpy()[0]]
    assert tags == ["B-X", "I-X", "I-X", "I-X", "I-X", "I-X"]


def test_gradients_agree_with_finite_differences(layer, batch):
    logits, mask, _ = batch
    logits = np.where(mask[..., None], logits, 0)
    tags = np.array([[1, 2, 0, 3], [0, 0, 0, 0], [3, 4, 4, 0], [0, 1, 0, 0]])

    def loss(values):
        return -tf.reduce_sum(layer.log_likelihood(values, tags, mask))

    with tf.GradientTape() as tape:
        values = tf.constant(logits)
        tape.watch(values)
        total = loss(values)
    by_logits, by_transitions, by_starts, by_ends = tape.gradient(
        total, [values, layer.transitions.value, layer.starts.value, layer.ends.value]
    )
    assert not np.any(by_logits.numpy()[~mask])
    step = 1e-2

    def slope(vary):
        return float(vary(step) - vary(-step)) / (2 * step)

    for place in ((0, 0, 1), (0, 3, 3), (1, 0, 0), (2, 1, 4), (3, 1, 2)):
        moved = np.zeros_like(logits)
        moved[place] = 1
        found = slope(lambda h, moved=moved: loss(logits + h * moved))
        assert by_logits.numpy()[place] == pytest.approx(found, abs=5e-3)
    for weight, gradient, place in (
        (layer.transitions, by_transitions, (1, 2)),
        (layer.transitions, by_transitions, (0, 1)),
        (layer.starts, by_starts, (3,)),
        (layer.ends, by_ends, (4,)),
    ):
        first = weight.numpy()

        def moved(h, weight=weight, first=first, place=place):
            changed = first.copy()
            changed[place] += h
            weight.assign(changed)
            return loss(logits)

        found = slope(moved)
        weight.assign(first)
        assert gradient.numpy()[place] == pytest.approx(found, abs=5e-3)


def test_a_thousand_steps_stay_finite():
    layer = made(5, *bio_constraints(TAGS))
    logits = np.random.default_rng(3).normal(0, 20, (1, 1000, 5)).astype("float32")
    mask = np.ones((1, 1000), bool)
    tags = layer.decode(logits, mask)
    assert np.isfinite(layer.log_likelihood(logits, tags, mask).numpy()).all()
    assert layer.marginals(logits, mask).numpy().sum(axis=2) == pytest.approx(1, abs=1e-3)


def test_training_learns_what_only_transitions_tell():
    """Steps say nothing; the tags alternate: only the chain can know."""
    inputs = keras.Input((None, 1))
    layer = CRF(2, name="crf")
    model = keras.Model(inputs, layer(keras.layers.Dense(2)(inputs)))
    model.compile(keras.optimizers.Adam(0.1), CRFLoss(layer))
    tags = np.array([[0, 1, 0, 1], [0, 1, -1, -1]])
    model.fit(np.ones((2, 4, 1)), tags, epochs=60, verbose=0)
    found = layer.decode(model(np.ones((2, 4, 1))), tags >= 0).numpy()
    assert found.tolist() == [[0, 1, 0, 1], [0, 1, 0, 0]]


def test_it_is_rebuilt_from_its_config():
    layer = made(5, *bio_constraints(TAGS))
    copy = CRF.from_config(layer.get_config())
    copy.build((None, None, 5))
    copy.set_weights(layer.get_weights())
    logits = np.random.default_rng(4).normal(0, 2, (2, 6, 5)).astype("float32")
    mask = np.ones((2, 6), bool)
    assert (copy.decode(logits, mask).numpy() == layer.decode(logits, mask).numpy()).all()
