"""Learning from what is drawn: what counts how much, and that it leads to what is rewarded."""

import keras
import numpy as np
import tensorflow as tf

from zoo import decoding, layers, training
from zoo.text.pieces import PADDING, Pieces
from zoo.training.rewarded import as_taught, better_than_others

A, B, SIZE = 4, 5, 6


def test_each_counts_by_how_much_it_is_better_than_the_mean_of_the_others():
    better = better_than_others(tf.constant([[1.0, 2.0, 6.0], [3.0, 3.0, 3.0]])).numpy()
    np.testing.assert_allclose(better, [[1 - 4, 2 - 3.5, 6 - 1.5], [0, 0, 0]])


def test_what_was_drawn_is_taught_with_its_end_if_it_has_one():
    drawn = decoding.Decoded(
        tokens=tf.constant([[A, B], [A, PADDING], [PADDING, PADDING], [A, A]]),
        lengths=tf.constant([2, 1, 0, 2]),
        scores=tf.zeros(4),
        log_probabilities=tf.zeros(4),
        finished=tf.constant([True, True, True, False]),
    )
    given, asked = (part.numpy().tolist() for part in as_taught(drawn))
    start, end = Pieces.START, Pieces.END
    assert given == [[start, A, B], [start, A, 0], [start, 0, 0], [start, A, A]]
    assert asked == [[A, B, end], [A, end, 0], [end, 0, 0], [A, A, 0]]


class Symbols:
    """Stands for an inventory of pieces: numbers are their own texts."""

    START, END = Pieces.START, Pieces.END
    pieces = tuple("abcdef")  # none is a digit

    @staticmethod
    def decode(tokens):
        joined = tf.strings.reduce_join(tf.strings.as_string(tokens), axis=-1)
        return tf.strings.regex_replace(joined, "0+$", "")  # padding


def learner(reward, seed=1):
    """Returns a model that writes about one of two pictures, each a vector, and what teaches it."""
    keras.utils.set_random_seed(3)
    picture, caption = (
        keras.Input((1, 2), name="picture"),
        keras.Input((None,), dtype="int32", name="caption"),
    )
    state = keras.layers.Dense(8, activation="tanh", name="bridge")(picture[:, 0])
    embedding = layers.tied_embedding(SIZE, 8)
    decoder = layers.Decoder("gru", 1, 8, 8, "none", name="decoder")
    logits = embedding(decoder(embedding(caption), [state], picture), reverse=True)
    model = keras.Model({"picture": picture, "caption": caption}, logits)
    writer = decoding.Writer.of(model, Symbols())

    def draw(inputs, seeds):
        states = model.get_layer("bridge")(inputs["picture"][:, 0])
        return writer.sample(decoding.Seen([states], inputs["picture"]), 3, seeds)

    return training.Rewarded(model.input, model.output, draw=draw, reward=reward, samples=16, seed=seed)


def taught(model, steps: int):
    inputs = {"picture": tf.constant([[[3.0, 0]], [[0, 3.0]]]), "caption": tf.fill([2, 2], A)}
    batch = (inputs, tf.constant([0, 1]), tf.ones(2))
    data = tf.data.Dataset.from_tensors(batch).repeat()
    model.compile(keras.optimizers.Adam(0.01), training.SequenceCrossentropy(PADDING))
    return model.fit(data, steps_per_epoch=steps, verbose=0).history


def pieces_right(rows, texts, finished):
    """Rewards the text of one piece that belongs to the picture."""
    right = np.array([f"{A}".encode(), f"{B}".encode()])[rows]
    return ((texts == right[:, None]) & finished).astype(np.float32)


def test_what_is_rewarded_is_written():
    model = learner(pieces_right)
    first = taught(model, 1)["reward"][0]
    last = [taught(model, 60)["reward"][0] for _ in range(4)][-1]
    assert first < 0.3 and last > 0.85, (first, last)


def test_the_same_seed_draws_the_same_and_another_one_does_not():
    def drawn(seed):
        seen = []

        def reward(rows, texts, finished):
            seen.append(texts.copy())
            return np.zeros(texts.shape, np.float32)

        taught(learner(reward, seed), 4)
        return np.concatenate(seen)

    one, again, other = drawn(1), drawn(1), drawn(2)
    assert (one == again).all() and (one != other).any()
    steps = one.astype("S8").reshape(4, -1)
    assert len({step.tobytes() for step in steps}) == 4  # none draws what another one did


def test_texts_that_are_all_alike_teach_nothing():
    model = learner(lambda rows, texts, finished: np.ones(texts.shape, np.float32))
    before = [weight.numpy() for weight in model.trainable_variables]
    taught(model, 2)
    for weight, old in zip(model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
