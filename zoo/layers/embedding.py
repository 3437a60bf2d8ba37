"""Word vectors that cope with words that training saw seldom or never."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("zoo")
class WordDropout(keras.layers.Layer):
    """Replaces random words by the unknown word while training (Iyyer et al. 2015).

    It trains the unknown word's vector, and no single word can be leaned on.

    Args:
        rate: share of words that are replaced.
        unknown: number of the unknown word.
        reserved: numbers below this one (padding, start) are never replaced.

    Call arguments:
        inputs: word numbers int32 (batch, time).

    Returns:
        Word numbers int32 (batch, time).
    """

    def __init__(self, rate: float, unknown: int = 1, reserved: int = 3, **options):
        super().__init__(**options)
        self.rate, self.unknown, self.reserved = rate, unknown, reserved
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        """Drops words if `training`."""
        if not training or not self.rate:
            return inputs
        dropped = keras.random.uniform(ops.shape(inputs), seed=self.seed_generator) < self.rate
        return ops.where(ops.logical_and(dropped, inputs >= self.reserved), self.unknown, inputs)

    def compute_output_shape(self, shape):
        """Returns the input's shape."""
        return shape

    def get_config(self):
        """Returns the arguments."""
        own = {"rate": self.rate, "unknown": self.unknown, "reserved": self.reserved}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("zoo")
class SubwordEmbedding(keras.layers.Layer):
    """Adds up the vectors of a word's character n-grams (Bojanowski et al. 2017).

    The sum is divided by the square root of their number, so that long words are not loud ones.

    Args:
        buckets: highest n-gram number.
        units: size of the vectors.
        rate: share of n-grams that are dropped while training.

    Call arguments:
        inputs: n-gram numbers int32 (batch, time, most), 0 for padding.

    Returns:
        (batch, time, units); zeros where a word has no n-grams.
    """

    def __init__(self, buckets: int, units: int, rate: float = 0.0, **options):
        super().__init__(**options)
        self.buckets, self.units, self.rate = buckets, units, rate
        self.embedding = keras.layers.Embedding(buckets + 1, units, name="ngrams")
        self.dropout = keras.layers.Dropout(rate, name="drop")

    def build(self, shape):
        """Makes the vectors."""
        self.embedding.build(shape)

    def call(self, inputs, training=False):
        """Looks up and adds."""
        vectors = self.embedding(inputs)
        real = ops.expand_dims(ops.cast(ops.not_equal(inputs, 0), vectors.dtype), -1)
        number = ops.maximum(ops.sum(real, axis=2), 1)
        return ops.sum(vectors * self.dropout(real, training=training), axis=2) / ops.sqrt(number)

    def compute_output_shape(self, shape):
        """Returns (batch, time, units)."""
        return (*shape[:2], self.units)

    def get_config(self):
        """Returns the arguments."""
        return {**super().get_config(), "buckets": self.buckets, "units": self.units, "rate": self.rate}


def word_dropout(rate: float, name: str) -> keras.layers.Layer:
    """Returns a layer that drops whole vectors of (batch, time, units), so that no single word is relied on.

    Args:
        rate: share of vectors that are dropped while training (Gal and Ghahramani 2016).
        name: of the layer.
    """
    return keras.layers.Dropout(rate, noise_shape=(None, None, 1), name=name)


def tied_embedding(size: int, width: int, tied: bool = True, name: str = "embedding") -> keras.layers.Layer:
    """Returns a layer that reads numbers as vectors, and scores with the same ones (Press and Wolf 2017).

    Vectors of length 1 make first logits of size 1; who reads them lengthens them. Logits stay float32 under
    mixed precision: a loss needs more digits than half precision has.

    Args:
        size: how many numbers there are.
        width: size of a vector.
        tied: whether one matrix does both.
        name: of the layer.
    """
    return keras.layers.ReversibleEmbedding(
        size,
        width,
        tied,
        keras.initializers.RandomNormal(stddev=width**-0.5),
        reverse_dtype="float32",
        name=name,
    )
