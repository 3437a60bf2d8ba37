"""Upper and lower case that are the same on every machine."""

import tensorflow as tf

LOUD = {"small": r"[\p{Ll}\p{Lo}]", "capitals": r"\p{Lu}\p{Lu}", "words": r"\p{L}[^\p{L}]+\p{L}"}
"""By what a loud text is known: it has none of the first, and both others."""


def lower(text: tf.Tensor) -> tf.Tensor:
    """Puts strings of valid UTF-8 without NUL (of any shape) into lower case.

    TensorFlow's own lower() takes the rules of the machine's locale, under which a Turkish machine makes a
    dotless i of the I of any language; and it ends a string at its first NUL.
    """
    text = tf.strings.lower(text)  # A to Z alone
    return tf.strings.lower(tf.strings.regex_replace(text, "\u0130", "i\u0307"), encoding="utf-8")


def upper(text: tf.Tensor) -> tf.Tensor:
    """Puts strings of valid UTF-8 without NUL (of any shape) into upper case, by the same rules."""
    return tf.strings.upper(tf.strings.upper(text), encoding="utf-8")  # A to Z first: no locale sees an i


def loud(text: tf.Tensor) -> tf.Tensor:
    """Tells which strings of valid UTF-8 are two words or more IN CAPITALS ALONE, bool of the same shape."""
    found = [tf.strings.regex_full_match(text, f"(?s).*{each}.*") for each in LOUD.values()]
    return ~found[0] & found[1] & found[2]
