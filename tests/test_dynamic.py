"""A language model that goes on learning from what it reads."""

import numpy as np
import pytest

import zoo
from zoo.dynamic import Learner
from zoo.errors import ZooError


@pytest.fixture(scope="module")
def learner(trained_generator):
    return Learner(zoo.load(trained_generator / "saved_models/tiny"), 8)


@pytest.fixture(scope="module")
def model(trained_generator):
    return zoo.load(trained_generator / "saved_models/tiny")


def test_at_a_rate_of_0_it_says_what_the_saved_model_says(learner, model):
    text = "the dog runs.\nthe cat sleeps, and the dog"
    (tokens,) = learner.tokens([text])
    told = learner.log_probabilities(tokens, 0.0, 0.0)
    (score,) = model.predict([text], "score")
    assert len(told) == score["units"]
    assert told.sum() == pytest.approx(score["log_probability"], rel=1e-5)


def test_nothing_is_foreseen_and_nothing_kept(learner):
    (tokens,) = learner.tokens(["the dog runs. " * 6])
    first = learner.log_probabilities(tokens, 0.5, 0.0)
    still = learner.log_probabilities(tokens, 0.0, 0.0)
    np.testing.assert_allclose(
        first[:8], still[:8], rtol=1e-6
    )  # the first segment is told before it is learned
    assert np.abs(first[8:] - still[8:]).max() > 1e-3
    np.testing.assert_array_equal(learner.log_probabilities(tokens, 0.5, 0.0), first)  # each text begins anew
    other = tokens.copy()
    other[-8:] = other[:8]
    np.testing.assert_array_equal(learner.log_probabilities(other, 0.5, 0.0)[:-8], first[:-8])


def test_what_repeats_itself_is_learned_and_a_whole_way_back_forgets_it(learner):
    (tokens,) = learner.tokens(["green cows sing. " * 30])
    still, learned, back = (
        learner.log_probabilities(tokens, *of)[-100:].sum() for of in ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0))
    )
    assert learned > still + 20
    assert abs(back - still) < abs(learned - still)


def test_the_rate_is_the_one_that_tells_most(learner):
    texts = learner.tokens(["green cows sing. " * 30])
    chosen = learner.fitted(texts)
    assert chosen.rate > 0 and chosen.segment == 8
    best = learner.log_probabilities(texts[0], chosen.rate, chosen.back).sum()
    assert all(best >= learner.log_probabilities(texts[0], rate, 0.0).sum() for rate in (0.0, 0.03, 0.1, 0.3))


def test_only_generators_learn_on():
    with pytest.raises(ZooError, match="only generators learn on"):
        Learner(zoo.load("sentiment_tweets"), 8)
