"""Tags that are learned beside those that a tagger gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.tasks  # noqa: F401 - it registers the mappings
from zoo.data import load
from zoo.errors import ZooError
from zoo.training import ALSO, Auxiliary, CRFLoss, SequenceCrossentropy

SENTENCES = "Ann NNP B-P\nsaw VBD O\n\nBo NNP B-P\n\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("".join(SENTENCES.replace("Ann", f"Ann{i}").replace("Bo", f"Bo{i}") for i in range(20)))
    return str(path)


def test_rows_are_joined_with_the_other_tags_of_the_same_tokens(file):
    examples = load(file, "tagging", tags="3")
    beside = Auxiliary(file, "2", 0.5)
    assert beside.examples.label_names == ("NNP", "VBD") and beside.size == 2
    part = beside.joined(examples.train, "train")
    for tags, others in zip(part.column("tags").to_list(), part.column(ALSO).to_list(), strict=True):
        assert others == [1 if tag == b"O" else 0 for tag in tags]
    pairs = beside.paired(tf.constant([0, 1, 2]), tf.constant([1, 0, 1]))
    assert pairs.numpy().tolist() == [1, 2, 5]


def test_rows_that_are_others_are_refused(file):
    beside = Auxiliary(file, "2", 0.5)
    with pytest.raises(ZooError, match="other rows"):
        beside.joined(load(file, "tagging", tags="3").train, "validation")


def test_the_loss_is_the_taggers_own_and_a_share_of_the_others(file):
    """Two classes each; the third step is not there."""
    beside = Auxiliary(file, "2", 0.25)
    draw = np.random.default_rng(1)
    logits = tf.constant(draw.normal(size=[2, 3, 5]), tf.float32)
    own, others = np.array([[2, 0, 0], [1, 1, 0]]), np.array([[1, 0, 0], [0, 1, 0]])
    pairs = tf.constant(np.where([[1, 1, 0], [1, 1, 0]], own * 2 + others, -1), tf.int32)
    plain = SequenceCrossentropy(-1)
    found = beside.loss(plain, -1).call(pairs, logits)
    own[:, 2] = others[:, 2] = -1
    expected = plain.call(tf.constant(own), logits[..., :3]) + 0.25 * plain.call(
        tf.constant(others), logits[..., 3:]
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_what_is_trained_holds_the_tagger(file):
    from zoo.recipes import tagging
    from zoo.text import Known, Vocabulary

    keras.utils.set_random_seed(1)
    config = tagging.Config(style="prose", units=4, layers=2)
    model = tagging.build_model(
        config, Known(Vocabulary(["<padding>", "<unknown>", "<start>", "a"])), ("O", "B-P", "I-P")
    )
    beside = Auxiliary(file, "2", 0.5)
    learner = beside.beside(model, "dropout_1")
    assert {weight.path for weight in learner.weights} - {weight.path for weight in model.weights} == {
        "auxiliary/kernel", "auxiliary/bias"
    }  # fmt: skip
    inputs = tagging.gathered(
        tagging.encode(
            config,
            Known(Vocabulary(["<padding>", "<unknown>", "<start>", "a"])),
            tf.ragged.constant([["a", "b"]]),
        )
    )
    inputs = {
        name: rows.to_tensor() if isinstance(rows, tf.RaggedTensor) else rows for name, rows in inputs.items()
    }
    np.testing.assert_allclose(learner(inputs)[..., :3], model(inputs), rtol=1e-6)
    loss = beside.loss(CRFLoss(model.get_layer("crf"), -1), -1)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(loss(tf.constant([[3, 0]]), learner(inputs, training=True)))
    gradients = tape.gradient(value, learner.trainable_variables)
    without = [v.path for v, g in zip(learner.trainable_variables, gradients, strict=True) if g is None]
    assert without == []
