"""Lower case that is the same on every machine."""

import tensorflow as tf


def lower(text: tf.Tensor) -> tf.Tensor:
    """Puts strings of valid UTF-8 without NUL (of any shape) into lower case.

    TensorFlow's own lower() takes the rules of the machine's locale, under which a Turkish machine makes a
    dotless i of the I of any language; and it ends a string at its first NUL.
    """
    text = tf.strings.lower(text)  # A to Z alone
    return tf.strings.lower(tf.strings.regex_replace(text, "\u0130", "i\u0307"), encoding="utf-8")
