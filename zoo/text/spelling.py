"""What a word's spelling tells, as numbers: its characters, its two ends, and its shape."""

import tensorflow as tf

from zoo.text.case import lower

CHARACTERS = 1000  # numbers that characters are folded into: ASCII and Latin letters keep one each
_ENDS = (1, 2, 3, 4)
# Rules in RE2's syntax: digits are all alike, and line breaks, which a vocabulary file cannot hold, an arrow.
NORMAL = ((r"\p{N}", "0"), (r"[\r\n]+", "⏎"))
SHAPE = tuple(
    rule
    for pattern, letter in ((r"\p{Lu}", "X"), (r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", "x"), (r"\p{N}", "0"))
    for rule in ((pattern, letter), (f"{letter}{{2,}}", letter * 2))
)
SPELLING_FEATURES = 2 * len(_ENDS) + 1


def normalize(words: tf.Tensor) -> tf.Tensor:
    """Returns words (n,) in lower case with every digit as 0, so that fewer of them are unknown.

    Line breaks, which a vocabulary file cannot hold, become an arrow.
    """
    words = lower(_readable(words))
    for pattern, replacement in NORMAL:
        words = tf.strings.regex_replace(words, pattern, replacement)
    return words


def character_numbers(words: tf.Tensor, most: int) -> tf.Tensor:
    """Numbers the characters of each word: code points, folded into 1 to `CHARACTERS`.

    Args:
        words: strings (n,).
        most: characters kept of each word; of a longer one the first half and the last half of them.

    Returns:
        int32 (n, most), padded with zeros on the right.
    """
    codes = tf.strings.unicode_decode(_readable(words), "UTF-8")
    first = codes[:, : most // 2]
    last = codes[:, most // 2 :][:, -(most - most // 2) :]
    codes = tf.concat([first, last], axis=1)
    return codes.with_values(codes.values % CHARACTERS + 1).to_tensor(shape=[None, most])


def spelling_features(words: tf.Tensor, buckets: int) -> tf.Tensor:
    """Hashes the first and last one to four characters of each word, and its shape.

    The shape has X for capitals, x for small letters, 0 for digits, runs cut to two: "McCoy" is "XxXxx".
    These features made the first good statistical taggers (Ratnaparkhi 1996).

    Args:
        words: strings (n,).
        buckets: hash values run from 1 to `buckets`.

    Returns:
        int32 (n, SPELLING_FEATURES).
    """
    words = _readable(words)
    characters = tf.strings.unicode_split(lower(words), "UTF-8")
    marks = [tf.strings.join(["^", _joined(characters[:, :size])]) for size in _ENDS]
    marks += [tf.strings.join([_joined(characters[:, -size:]), "$"]) for size in _ENDS]
    shape = words
    for pattern, replacement in SHAPE:
        shape = tf.strings.regex_replace(shape, pattern, replacement)
    marks.append(tf.strings.join(["=", shape]))
    return tf.cast(tf.strings.to_hash_bucket_fast(tf.stack(marks, axis=1), buckets), tf.int32) + 1


def _joined(characters: tf.RaggedTensor) -> tf.Tensor:
    return tf.strings.reduce_join(characters, axis=1)


def _readable(words: tf.Tensor) -> tf.Tensor:
    """Returns valid UTF-8 without NUL, at which lower() would end a string."""
    words = tf.strings.unicode_transcode(words, "UTF-8", "UTF-8", errors="replace")
    return tf.strings.regex_replace(words, r"\x00", "\ufffd")
