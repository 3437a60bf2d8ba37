"""A language model with a cache of what it has read."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from zoo.errors import ZooError
from zoo.tasks.remembering import Cache, Read, read


def text(tokens, states, chance=0.25) -> Read:
    told = np.full(len(tokens), np.log(chance), np.float32)
    return Read(np.array(tokens, np.int32), told, np.array(states, np.float32))


def test_by_hand():
    """The state before the fourth unit is that before the first, so the first unit is expected again."""
    read = text([7, 8, 9, 7], [[2.0, 0.0], [0.0, 2.0], [0.0, -2.0], [2.0, 0.0]])
    found = np.exp(Cache(size=10, weight=0.5, flatness=1.0).log_probabilities(read))
    assert found[0] == pytest.approx(0.25)  # nothing is remembered
    assert found[1] == found[2] == pytest.approx(0.125)  # others are
    share = np.exp(4.0) / (np.exp(4.0) + 2)  # h.h is 4 once and 0 twice
    assert found[3] == pytest.approx(0.125 + 0.5 * share)
    # Two units back the first one is forgotten.
    found = np.exp(Cache(size=2, weight=0.5, flatness=1.0).log_probabilities(read))
    assert found[3] == pytest.approx(0.125)
    assert np.exp(Cache(3, 0.0, 1.0).log_probabilities(read)) == pytest.approx([0.25] * 4)


def test_blocks_change_nothing():
    random = np.random.default_rng(0)
    read = text(random.integers(0, 9, 700), random.normal(size=(700, 3)))
    found = Cache(300, 0.3, 0.7).log_probabilities(read)
    for t in (1, 255, 256, 257, 299, 300, 301, 513, 699):
        past = np.arange(max(0, t - 300), t)
        weights = np.exp(0.7 * (read.states[past] @ read.states[t]).astype(float))
        share = weights[read.tokens[past] == read.tokens[t]].sum() / weights.sum()
        assert found[t] == pytest.approx(np.log(0.7 * 0.25 + 0.3 * share), rel=1e-5)


def test_what_repeats_itself_makes_the_cache_heard_and_what_does_not_makes_it_silent():
    random = np.random.default_rng(0)
    repeated = text(np.tile([3, 4, 5, 6], 60), np.tile(np.eye(4) * 3, (60, 1)))
    assert Cache.fitted(50, [repeated]).weight == 0.4
    silent = Cache.fitted(50, [text(np.arange(300), random.normal(size=(300, 2)))])
    assert (silent.weight, silent.flatness) == (0, 0.05)


class Counts:
    """Stands for a generator of two layers of one unit: its states count, and 3 is followed by 4, 4 by 3."""

    name, manifest = "counts", SimpleNamespace(config={"units": 1, "layers": 2})

    def __init__(self):
        specs = {"tokens": tf.TensorSpec([None], tf.int32), "state": tf.TensorSpec([None, 4])}

        @tf.function(input_signature=[*specs.values()], autograph=False)
        def step(tokens, state):
            liked = tf.one_hot(7 - tokens, 5)
            return {"logits": 2 * liked, "state": state + tf.constant([[1.0, 10.0, 100.0, 1000.0]])}

        concrete = step.get_concrete_function()

        def ask(tokens, state):
            return concrete(tokens, state)

        ask.structured_input_signature = ((), specs)
        self.signatures = {"step": ask, "encode": lambda text: {"tokens": tf.constant([[4, 3, 3, 4] * 300])}}


def test_a_model_is_read_step_by_step():
    (found,) = read(Counts(), ["whatever"])
    assert found.tokens.tolist() == [4, 3, 3, 4] * 300
    liked, other = 2 - np.log(np.exp(2) + 4), -np.log(np.exp(2) + 4)
    # The first follows the start, which likes what is none of the units: 5 of 0 to 4.
    np.testing.assert_allclose(
        found.log_probabilities[:5], [-np.log(5), liked, other, liked, other], rtol=1e-5
    )
    # The top layer's first state, of two.
    np.testing.assert_array_equal(found.states[:, 0], 100 * np.arange(1, 1201))


def test_what_has_no_steps_is_refused():
    with pytest.raises(ZooError, match="only generators remember; this model has no signature encode"):
        read(SimpleNamespace(name="x", signatures={}), ["a"])
