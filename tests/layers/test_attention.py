"""Attention against its equations, and against weights worked out by hand."""

from math import log

import keras
import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.layers import Attention

KINDS = ("additive", "dot")


def made(kind: str, units: int = 4, features: int = 3, seed: int = 0, **options) -> Attention:
    """Returns a layer whose weights are random and not small."""
    layer = Attention(kind, units, **options)
    layer.build((None, None, units), (None, None, features))
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(0, 1, weight.shape) for weight in layer.get_weights()])
    return layer


def numbers(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype("float32")


@pytest.fixture
def mask():
    return np.array([[True, True, True, True, True], [True, True, False, False, False]])


def attend(layer: Attention, query, values, mask=None) -> tuple[np.ndarray, np.ndarray]:
    return tuple(part.numpy() for part in layer(query, layer.prepare(values, mask)))


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


@pytest.mark.parametrize("masked", [False, True])
def test_additive_is_v_tanh_of_the_sum_of_both_projections(mask, masked):
    layer, query, values = made("additive"), numbers(2, 3, 4), numbers(2, 5, 3, seed=2)
    u, w, b, v = layer.get_weights()
    scores = np.einsum("btsu,u->bts", np.tanh((query @ w + b)[:, :, None] + (values @ u)[:, None]), v[:, 0])
    if masked:
        scores = np.where(mask[:, None], scores, -np.inf)
    context, weights = attend(layer, query, values, mask if masked else None)
    np.testing.assert_allclose(weights, softmax(scores), atol=1e-6)
    np.testing.assert_allclose(context, softmax(scores) @ values, atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_dot_is_the_product_with_the_keys_over_the_root_of_the_units(mask, masked):
    layer, query, values = made("dot"), numbers(2, 3, 4), numbers(2, 5, 3, seed=2)
    (u,) = layer.get_weights()
    scores = np.einsum("btu,bsu->bts", query, values @ u) / 2
    if masked:
        scores = np.where(mask[:, None], scores, -np.inf)
    context, weights = attend(layer, query, values, mask if masked else None)
    np.testing.assert_allclose(weights, softmax(scores), atol=1e-6)
    np.testing.assert_allclose(context, softmax(scores) @ values, atol=1e-5)


def test_two_queries_and_three_places_by_hand():
    dot = made("dot", units=4, features=2)
    dot.set_weights([np.eye(2, 4)])
    query = np.array([[[2 * log(2), 0, 0, 0], [0, 2 * log(3), 0, 0]]], "float32")
    context, weights = attend(dot, query, np.array([[[1, 0], [0, 1], [1, 1]]], "float32"))
    # The root of 4 halves the products, so the scores are log 2, 0, log 2 and 0, log 3, log 3.
    np.testing.assert_allclose(weights, [[[2 / 5, 1 / 5, 2 / 5], [1 / 7, 3 / 7, 3 / 7]]], rtol=1e-5)
    np.testing.assert_allclose(context, [[[4 / 5, 3 / 5], [4 / 7, 6 / 7]]], rtol=1e-5)

    additive = made("additive", units=1, features=1)
    one = np.ones((1, 1))
    additive.set_weights([one, one, np.zeros(1), one * log(2)])
    context, weights = attend(additive, np.array([[[0], [-20]]], "float32"), np.array([[[0.0], [20], [-20]]]))
    # The arguments of tanh are 0, 20, -20 and -20, 0, -40: it gives 0, 1, -1 and -1, 0, -1.
    np.testing.assert_allclose(weights, [[[2 / 7, 4 / 7, 1 / 7], [1 / 4, 1 / 2, 1 / 4]]], rtol=1e-5)
    np.testing.assert_allclose(context, [[[60 / 7], [5]]], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_masked_places_weigh_exactly_nothing_and_what_stands_there_never_matters(kind, mask):
    layer, query, values = made(kind), numbers(2, 3, 4), numbers(2, 5, 3, seed=2)
    context, weights = attend(layer, query, values, mask)
    assert not weights[1, :, 2:].any()
    assert (weights[np.broadcast_to(mask[:, None], weights.shape)] > 0).all()
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    for nonsense in (0, 1e4, -1e4):
        other = np.where(mask[..., None], values, nonsense).astype("float32")
        for found, expected in zip(attend(layer, query, other, mask), (context, weights), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_all_places_are_read_without_a_mask(kind):
    layer, query, values = made(kind), numbers(2, 3, 4), numbers(2, 5, 3, seed=2)
    whole = attend(layer, query, values, np.ones((2, 5), bool))
    for found, expected in zip(attend(layer, query, values), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_have_full_precision_in_a_half_precision_model(kind):
    layer = made(kind, dtype="mixed_bfloat16")
    values = numbers(1, 700, 3)
    mask = np.arange(700)[None] < 600
    context, weights = layer(keras.ops.cast(numbers(1, 3, 4), "bfloat16"), layer.prepare(values, mask))
    assert keras.backend.standardize_dtype(context.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(weights.dtype) == "float32"
    np.testing.assert_allclose(weights.numpy().sum(-1), 1, atol=1e-5)  # bfloat16 has but three digits
    assert not weights.numpy()[..., 600:].any()
    expected = attend(made(kind), numbers(1, 3, 4), values, mask)[1]
    np.testing.assert_allclose(weights, expected, rtol=0.1, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_made_again_from_its_config_is_the_same(kind):
    layer = made(kind, name="alignment")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert copy.get_config() == layer.get_config()
    copy.set_weights(layer.get_weights())
    query, values = numbers(2, 3, 4), numbers(2, 5, 3, seed=2)
    np.testing.assert_array_equal(attend(copy, query, values)[1], attend(layer, query, values)[1])


def test_an_unknown_kind_is_refused():
    with pytest.raises(ZooError, match="choose additive or dot"):
        Attention("multiplicative", 4)
