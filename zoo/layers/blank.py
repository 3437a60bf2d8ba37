"""Steps behind a row's end, as connectionist temporal classification takes them."""

from keras import ops

_SURE = 1e4  # logit by which nothing else is said; its square is no infinity in float32


def blank_behind(logits, mask):
    """Returns logits that say nothing but the blank, number 0, where a step is padding.

    Over all of the padded time a text then has the probability that it has over the real steps alone.

    Args:
        logits: (batch, time, symbols).
        mask: (batch, time), true where a step is real.
    """
    symbols = logits.shape[-1]
    blank = ops.one_hot(ops.zeros_like(ops.cast(mask, "int32")), symbols, dtype=logits.dtype)
    return ops.where(ops.expand_dims(mask, -1), logits, _SURE * blank)
