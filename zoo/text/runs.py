"""Runs of one to three words, and a linear model that reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from zoo.text.words import split_words

_LONGEST = 3  # words
_BLOCK = 1000  # texts of which the runs are in memory at a time
_HASHES = 2**62


def runs_of_words(text: tf.Tensor, most_words: int | None = None) -> tf.RaggedTensor:
    """Hashes the runs of one to three words of each text; a run that comes again is there again.

    Args:
        text: strings (batch,).
        most_words: words read of each, from its start; None: all.

    Returns:
        int64 (batch, runs), ragged: the single words first.
    """
    words = split_words(text)[:, :most_words]
    runs = tf.strings.ngrams(words, list(range(1, _LONGEST + 1)), separator=" ")
    return tf.strings.to_hash_bucket_fast(runs, _HASHES)


class Runs(tf.Module):
    """A linear model on which runs stand in a text, however often; an export carries it along.

    Args:
        hashes: of n runs, int64, in ascending order.
        weights: (n, labels); of two labels one column is enough, that of the first.
        bias: (labels,), or one number.
    """

    def __init__(self, hashes: np.ndarray, weights: np.ndarray, bias: np.ndarray):
        super().__init__()
        nothing = np.zeros((1, weights.shape[1]))  # for all other runs
        self.hashes = tf.Variable(hashes, trainable=False)
        self.weights = tf.Variable(np.concatenate([weights, nothing]).astype(np.float16), trainable=False)
        self.bias = tf.Variable(bias.astype(np.float32), trainable=False)

    def __call__(self, text: tf.Tensor, most_words: int | None = None) -> tf.Tensor:
        """Returns the logarithm of each label's probability, float32 (batch, labels).

        Each label stands against all others; their probabilities are scaled to a sum of 1. Arguments as of
        `runs_of_words`.
        """
        runs, known = runs_of_words(text, most_words), tf.size(self.hashes)
        places = tf.searchsorted(self.hashes, runs.values)
        found = tf.gather(self.hashes, tf.minimum(places, known - 1)) == runs.values
        # Once for each text: what it holds is counted by text and run together.
        every = tf.cast(known + 1, tf.int64)
        both = runs.value_rowids() * every + tf.cast(tf.where(found, places, known), tf.int64)
        distinct = tf.unique(both).y
        weights = tf.cast(tf.gather(self.weights, distinct % every), tf.float32)
        logits = self.bias + tf.math.unsorted_segment_sum(weights, distinct // every, runs.nrows())
        if logits.shape[1] == 1:
            logits = tf.concat([logits, -logits], axis=1)
        return tf.nn.log_softmax(tf.math.log_sigmoid(logits))

    def read(self, texts: Sequence[str], most_words: int | None = None) -> np.ndarray:
        """Returns what a call returns, block by block."""
        blocks = (tf.constant(texts[start : start + _BLOCK]) for start in range(0, len(texts), _BLOCK))
        return np.concatenate([self(block, most_words).numpy() for block in blocks])
