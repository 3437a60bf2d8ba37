"""Tags that are learned beside those that a tagger gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.data import gathered, load
from zoo.errors import ZooError
from zoo.recipes import tagging
from zoo.text import Known, Vocabulary
from zoo.training import ALSO, Auxiliary, CRFLoss, SequenceCrossentropy

SENTENCES = "Ann NNP B-P\nsaw VBD O\n\nBo NNP B-P\n\n"
KNOWN = Known(Vocabulary(["<padding>", "<unknown>", "<start>", "a"]))
TAGS = ("O", "B-P", "I-P")
CONFIG = tagging.Config(style="prose", units=4, layers=2)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("".join(SENTENCES.replace("Ann", f"Ann{i}").replace("Bo", f"Bo{i}") for i in range(20)))
    return str(path)


@pytest.fixture
def tagger():
    keras.utils.set_random_seed(1)
    return tagging.build_model(CONFIG, KNOWN, TAGS)


def test_rows_are_joined_with_the_other_tags_of_the_same_tokens(file):
    beside = Auxiliary(file, "2")
    assert beside.examples.label_names == ("NNP", "VBD")
    part = beside.joined(load(file, "tagging", tags="3").train, "train")
    for tags, others in zip(part.column("tags").to_list(), part.column(ALSO).to_list(), strict=True):
        assert others == [1 if tag == b"O" else 0 for tag in tags]
    # O is the last of the three tags, VBD the second of its kind.
    batches = tagging.make_batches(CONFIG, KNOWN, part, ("B-P", "I-P", "O"), 1)
    assert set(batches.targets.values.tolist()) == {0, 2 + 3 * 1}


def test_rows_that_are_others_are_refused(file):
    with pytest.raises(ZooError, match="other rows"):
        Auxiliary(file, "2").joined(load(file, "tagging", tags="3").train, "validation")


def test_the_loss_is_the_taggers_own_and_a_share_of_the_others(file, tagger):
    """Three tags and two others; the third step is not there."""
    logits = tf.constant(np.random.default_rng(1).normal(size=[2, 3, 5]), tf.float32)
    own, others = np.array([[2, 0, -1], [1, 1, -1]]), np.array([[1, 0, -1], [0, 1, -1]])
    pairs = tf.constant(np.where(own < 0, -1, own + 3 * others), tf.int32)
    plain = SequenceCrossentropy(-1)
    _, loss = Auxiliary(file, "2").learner(tagger, plain, 0.25, -1)
    mine, theirs = (
        plain.call(tf.constant(own), logits[..., :3]),
        plain.call(tf.constant(others), logits[..., 3:]),
    )
    np.testing.assert_allclose(loss.call(pairs, logits), mine + 0.25 * theirs, rtol=1e-6)


def test_what_is_trained_holds_the_tagger_and_all_of_it_learns(file, tagger):
    own = CRFLoss(tagger.get_layer("crf"), -1)
    learner, loss = Auxiliary(file, "2").learner(tagger, own, 0.5, -1)
    more = {weight.path for weight in learner.weights} - {weight.path for weight in tagger.weights}
    assert more == {"auxiliary/kernel", "auxiliary/bias"}
    inputs = gathered(tagging.encode(CONFIG, KNOWN, tf.ragged.constant([["a", "b"]])))
    inputs = {name: rows.to_tensor() for name, rows in inputs.items()}
    np.testing.assert_allclose(learner(inputs)[..., :3], tagger(inputs), rtol=1e-6)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(loss(tf.constant([[3, 0]]), learner(inputs, training=True)))
    gradients = tape.gradient(value, learner.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
