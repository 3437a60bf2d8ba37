import random

import tensorflow as tf

from zoo.edge.runtime.hashing import bucket, fingerprint


def test_fingerprints_are_those_of_tensorflow_for_every_length():
    draw = random.Random(1)
    texts = [
        bytes(draw.randrange(256) for _ in range(size)) for size in [*range(140), 192, 193, 1_000, 4_096]
    ]
    expected = tf.strings.to_hash_bucket_fast(texts, 2**62).numpy().tolist()
    assert [fingerprint(text) % 2**62 for text in texts] == expected


def test_buckets_of_text():
    texts = ["", "a", "wörter", "日本語", "x" * 100]
    assert [bucket(text, 1_000) for text in texts] == tf.strings.to_hash_bucket_fast(
        texts, 1_000
    ).numpy().tolist()
