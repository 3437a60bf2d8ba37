"""What a `zoo.layers.Decoder` and the embedding of its tokens write, and what they look at meanwhile."""

import keras
import tensorflow as tf
from keras import ops

from zoo.decoding.beam import beam_search
from zoo.decoding.common import Decoded

Layer = keras.layers.Layer


def decode(
    decoder: Layer,
    embedding: Layer,
    states,
    values,
    mask,
    start: int,
    end: int,
    most,
    beam_size: int,
    length_penalty: float,
) -> Decoded:
    """Finds the best texts by beam search.

    Args:
        decoder: a `zoo.layers.Decoder`.
        embedding: Keras's `ReversibleEmbedding`, whose matrix reads tokens and scores them.
        states: of the decoder before the first token, each (batch, units).
        values: what it attends to, (batch, source, features).
        mask: bool (batch, source), which of these are there.
        start: token before the first one.
        end: token behind the last one.
        most: tokens that a text may have, int32 () or (batch,).
        beam_size: texts followed at a time, and found.
        length_penalty: as `beam_search` takes it.

    Returns:
        The texts of each row, the best first, each part (batch, beam, ...).
    """
    memory = decoder.prepare(values, mask)
    matrix = ops.transpose(embedding.embeddings)  # once, not at every step

    def step(tokens, state, memory=None):
        x, state, _ = decoder.step(embedding(tokens), state, memory)
        return tf.cast(x, tf.float32) @ matrix, state

    return beam_search(
        step,
        decoder.start(states),
        start,
        end,
        most,
        beam_size,
        length_penalty,
        memory=(memory,) if memory else (),
    )


def attend(
    decoder: Layer, embedding: Layer, states, values, mask, start: int, tokens: tf.Tensor
) -> tf.Tensor:
    """Returns the attention under which tokens (batch, time) are written, (batch, time, source).

    Arguments as of `decode`. Without attention all weights are 0.
    """
    so_far = tf.pad(tokens[:, :-1], [[0, 0], [1, 0]], constant_values=start)
    _, weights = decoder(embedding(so_far), states, values, mask, return_attention=True)
    if weights is None:  # of no use, but TensorFlow traces what is no signature as well
        weights = tf.zeros(tf.concat([tf.shape(tokens), tf.shape(mask)[1:]], axis=0))
    return weights
