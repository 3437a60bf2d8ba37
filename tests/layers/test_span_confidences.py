"""How sure a CRF is of whole spans, against all sequences of tags."""

from itertools import pairwise, product

import numpy as np
import pytest
import tensorflow as tf

from zoo.layers import CRF, bio_constraints

NAMES = ("O", "B-a", "I-a", "B-b", "I-b")


@pytest.fixture
def crf():
    layer = CRF(len(NAMES), *bio_constraints(NAMES))
    layer.build((None, None, len(NAMES)))
    random = np.random.default_rng(3)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def by_hand(crf, logits, tags) -> list[float]:
    """Adds up the probabilities of all sequences that have a step's whole span, and end it there."""
    transitions, starts, ends = (weight.numpy() for weight in (crf.transitions, crf.starts, crf.ends))
    follow, start = bio_constraints(NAMES)
    weights = {}
    for path in product(range(len(NAMES)), repeat=len(logits)):
        pairs = list(pairwise(path))
        if start[path[0]] and all(follow[a][b] for a, b in pairs):
            total = starts[path[0]] + ends[path[-1]] + sum(transitions[a, b] for a, b in pairs)
            weights[path] = np.exp(total + sum(row[tag] for row, tag in zip(logits, path, strict=True)))
    whole, found = sum(weights.values()), []
    for step in range(len(tags)):
        first = last = step
        while NAMES[tags[first]][0] == "I":
            first -= 1
        while last + 1 < len(tags) and NAMES[tags[last + 1]][0] == "I":
            last += 1
        kind = NAMES[tags[first]][2:]
        right = [
            weight for path, weight in weights.items()
            if path[first : last + 1] == tuple(tags[first : last + 1])
            and not (last + 1 < len(tags) and kind and NAMES[path[last + 1]] == f"I-{kind}")
        ]  # fmt: skip
        found.append(sum(right) / whole)
    return found


def test_they_are_those_of_all_sequences(crf):
    random = np.random.default_rng(1)
    logits = random.normal(size=(4, 5, len(NAMES))).astype(np.float32)
    # Spans of several lengths, two side by side, one that ends a row, and rows of other lengths.
    tags = np.array([[1, 2, 2, 0, 3], [1, 3, 4, 1, 2], [0, 1, 2, 0, 0], [3, 0, 0, 0, 0]], np.int32)
    lengths = [5, 5, 3, 1]
    mask = tf.sequence_mask(lengths, 5)
    scores = tf.gather(crf.marginals(logits, mask), tags, axis=2, batch_dims=2)
    own, found = crf.scores_and_confidences(tf.constant(logits), mask, tf.constant(tags))
    np.testing.assert_array_equal(own, scores)
    found = found.numpy()
    for row, length in enumerate(lengths):
        expected = by_hand(crf, logits[row, :length], tags[row, :length].tolist())
        np.testing.assert_allclose(found[row, :length], expected, rtol=2e-5)
    assert found[0, 3] == pytest.approx(scores.numpy()[0, 3], rel=1e-6)  # O stands for itself


def test_without_spans_they_are_the_scores():
    crf = CRF(3)
    crf.build((None, None, 3))
    logits = tf.random.stateless_normal((2, 4, 3), [1, 2])
    mask = tf.sequence_mask([4, 2], 4)
    tags = crf.decode(logits, mask)
    scores = tf.gather(crf.marginals(logits, mask), tags, axis=2, batch_dims=2)
    _, found = crf.scores_and_confidences(logits, mask, tags)
    np.testing.assert_allclose(found[0], scores[0], rtol=1e-6)
    np.testing.assert_allclose(found[1, :2], scores[1, :2], rtol=1e-6)


def test_no_rows_and_no_steps(crf):
    for shape in ((0, 3), (2, 1)):
        logits, mask = tf.zeros((*shape, 5)), tf.zeros(shape, tf.bool)
        _, found = crf.scores_and_confidences(logits, mask, tf.zeros(shape, tf.int32))
        assert found.shape == shape
