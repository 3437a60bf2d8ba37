"""What is known of words: which have a vector that is learned, and what was made elsewhere."""

from typing import NamedTuple

import tensorflow as tf

from zoo.text.clusters import Clusters
from zoo.text.vectors import Vectors
from zoo.text.vocabulary import Vocabulary


class Known(NamedTuple):
    """A vocabulary, and beside it vectors and clusters from elsewhere, if they are read."""

    words: Vocabulary
    vectors: Vectors | None = None
    clusters: Clusters | None = None

    def tables(self, words: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what was made elsewhere of words (n,).

        Returns:
            As far as they are read, `vectors`, float32 (n, units), and `clusters`, int32
            (n, CLUSTER_FEATURES): the inputs of `zoo.layers.from_elsewhere`.
        """
        sources = {"vectors": self.vectors, "clusters": self.clusters}
        return {name: source(words) for name, source in sources.items() if source}
