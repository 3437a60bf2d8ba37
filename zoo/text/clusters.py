"""Words in clusters that were made elsewhere: what stands in like places stands in one cluster."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from zoo.text.case import lower
from zoo.text.vocabulary import FromFile, Lines

CLUSTER_FEATURES = 3
CLUSTER_BUCKETS = 4096
"""Hash values of `Clusters` run from 1 to this."""
_LONG = 100  # characters: no word of a cluster has more
_DEEP, _SHALLOW = 63, 15  # the lowest bits of a number are the first branches of the tree


class Clusters(Lines):
    """Clusters of a tree (Brown et al. 1992) by word; an export carries them along.

    Args:
        lines: a word and the number of its cluster, parted by a tab. The number's bits, from the lowest on,
            are the way from the root of the tree to the cluster.
    """

    def _make_tables(self, path: str | Path | None) -> None:
        if path is None:
            pairs = [line.split("\t") for line in self.lines]
            words = tf.constant([word for word, _ in pairs], tf.string)
            numbers = tf.constant([int(number) for _, number in pairs], tf.int64)
            initializer = tf.lookup.KeyValueTensorInitializer(words, numbers)
        else:
            initializer = FromFile(path, self.lines, tf.string, 0, tf.int64, 1, delimiter="\t")
        self._numbers = tf.lookup.StaticHashTable(initializer, 0)

    def __call__(self, words: tf.Tensor) -> tf.Tensor:
        """Hashes the cluster of each word, and two larger ones that it is part of.

        A word that is in no cluster is looked for with its first letter alone a capital, then in lower case.

        Args:
            words: valid UTF-8 without NUL (n,).

        Returns:
            int32 (n, CLUSTER_FEATURES), from 1 to CLUSTER_BUCKETS; zeros for a word in no cluster.
        """
        small = lower(words)
        capital = tf.strings.upper(tf.strings.substr(words + " ", 0, 1, unit="UTF8_CHAR"))  # a to z alone
        rest = tf.strings.substr(
            small + " ", 1, _LONG, unit="UTF8_CHAR"
        )  # an empty word has no second letter
        titled = tf.strings.strip(capital + rest)
        numbers = tf.zeros_like(words, tf.int64)
        for written in (small, titled, words):  # the last that is known counts
            found = self._numbers.lookup(written)
            numbers = tf.where(found > 0, found, numbers)
        ways = [numbers, numbers & _DEEP, numbers & _SHALLOW]
        marks = [tf.strings.as_string(way) + f"/{depth}" for depth, way in enumerate(ways)]
        hashed = tf.strings.to_hash_bucket_fast(tf.stack(marks, axis=1), CLUSTER_BUCKETS) + 1
        return tf.cast(tf.where(numbers[:, None] > 0, hashed, 0), tf.int32)
