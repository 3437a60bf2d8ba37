"""What all ways of decoding share."""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.errors import ZooError

Step = Callable[..., tuple[tf.Tensor, Any]]

NEVER = -math.inf  # the logarithm of no probability


class Decoded(NamedTuple):
    """Texts that were found: (batch, ...), from a beam search (batch, beam, ...), the best ones first.

    Attributes:
        tokens: int32 (..., time), without the end symbol; time is the longest length, 0 if all are empty.
        lengths: int32 (...), how many of the tokens are text; padding follows.
        scores: float32 (...), what the texts are sorted by.
        log_probabilities: float32 (...), that of the text and, if it is finished, of its end.
        finished: bool (...), false where the limit came before the end.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    scores: tf.Tensor
    log_probabilities: tf.Tensor
    finished: tf.Tensor


def argmax(logits) -> tf.Tensor:
    """Returns the most probable token of each row, of equals the first, int32 (batch,)."""
    return tf.argmax(logits, axis=1, output_type=tf.int32)


def check(name: str, value, least: float, highest: float = math.inf) -> None:
    """Refuses a plain number out of range; tensors are not known yet."""
    if isinstance(value, Real) and not least <= float(value) <= highest:
        wanted = f"{least} or more" if highest == math.inf else f"from {least} to {highest}"
        raise ZooError(f"{name} {value}: must be {wanted}")


def without(logits: tf.Tensor, tokens: Sequence[int]) -> tf.Tensor:
    """Returns logits (rows, vocabulary) that forbid some tokens."""
    each = tf.one_hot(tf.constant(tokens, tf.int32), tf.shape(logits)[1], True, False, dtype=tf.bool)
    forbidden = tf.reduce_any(each, axis=0)
    return tf.where(forbidden, tf.cast(NEVER, logits.dtype), logits)


def first_tokens(start, state) -> tf.Tensor:
    """Returns `start` for each row, int32 (batch,)."""
    start = tf.cast(start, tf.int32)
    if start.shape.rank != 0:
        return start
    parts = tf.nest.flatten(state)
    if not parts:
        raise ZooError("start: with an empty state, give one token for each row of the batch, (batch,)")
    return tf.fill([tf.shape(parts[0])[0]], start)


def limits(most, start) -> tf.Tensor:
    """Returns `most` for each row, int32 (batch,)."""
    check("most", most, 0)
    return tf.maximum(for_rows(most, start, tf.int32), 0)


def for_rows(setting, start, dtype) -> tf.Tensor:
    """Returns a number, or one for each row, as (batch,)."""
    return tf.broadcast_to(tf.cast(setting, dtype), tf.shape(start))


def longest(lengths) -> tf.Tensor:
    """Returns the highest length, ()."""
    return tf.reduce_max(tf.concat([tf.reshape(lengths, [-1]), [0]], axis=0))  # 0 if there are no rows


def with_free_rows(variables):
    """Returns the shapes of a loop's variables, with any number of rows."""

    def free(variable):
        shape = tf.convert_to_tensor(variable).shape
        return tf.TensorShape([None, *shape[1:]] if shape.rank else shape)

    return tf.nest.map_structure(free, variables)


def without_endless(decoded: Decoded, period: int = 8, times: int = 4) -> Decoded:
    """Cuts what texts that never ended repeat to no end, down to its first time.

    What came to its end by itself is left alone, however often it says a thing.

    Args:
        decoded: texts (..., time).
        period: most tokens of what is repeated.
        times: how often it stands there at least.
    """
    tokens, lengths = decoded.tokens, decoded.lengths
    time = tf.shape(tokens)[-1]
    place = tf.range(time)
    kept = lengths
    for apart in range(1, period + 1):
        before = tf.concat([tf.fill([*tf.unstack(tf.shape(tokens)[:-1]), apart], -1), tokens], -1)
        alike = tf.equal(tokens, before[..., :time]) | (place >= lengths[..., None])
        # Behind the last token that is another one than that before it, all is repeated.
        other = tf.maximum(tf.reduce_max(tf.where(alike, 0, place + 1), axis=-1), 0)  # 0 of no steps at all
        kept = tf.where(lengths - other >= (times - 1) * apart, tf.minimum(kept, other), kept)
    kept = tf.where(decoded.finished, lengths, kept)
    real = place < kept[..., None]
    return decoded._replace(tokens=tf.where(real, tokens, 0), lengths=kept)


def transposed(texts: tf.TensorArray, time) -> tf.Tensor:
    """Returns the first elements of an array by time, (batch, ..., time)."""
    tokens = texts.gather(tf.range(tf.maximum(time, 1)))[:time]
    return tf.transpose(tokens, [*range(1, tokens.shape.rank), 0])
