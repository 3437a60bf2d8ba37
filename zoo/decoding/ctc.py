"""Connectionist temporal classification (Graves et al. 2006): texts of frames that nobody has aligned.

At each frame a model says one of the symbols or nothing, the blank, number 0. A path of such frames spells a
text: what is said several times in a row counts once, and blanks are left out, so `- a a - a b` spells `aab`.
The probability of a text is the sum over all paths that spell it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import tensorflow as tf

BLANK = 0
_SURE = (
    1e-5  # a blank is passed by where all else together is less probable than this, behind another such one
)
_NEVER = -1e30  # a log-probability that no sum can bring back, and no difference of two turns into NaN


class Spelled(NamedTuple):
    """Texts, the most probable first.

    Attributes:
        symbols: int32 (batch, beam, longest), 0 behind the end.
        lengths: int32 (batch, beam).
        scores: log-probability of each text, over all its paths that the search has kept, (batch, beam).
    """

    symbols: tf.Tensor
    lengths: tf.Tensor
    scores: tf.Tensor


class Placed(NamedTuple):
    """Where the symbols of a text stand, in frames, int32 (batch, longest): first and behind the last."""

    starts: tf.Tensor
    ends: tf.Tensor


def room(symbols: tf.RaggedTensor, steps: tf.Tensor) -> tf.Tensor:
    """Tells which texts, int32 ragged (batch, longest), have steps enough, (batch,), and symbols at all.

    A text needs a step for each symbol, and one more between two that are alike.
    """
    again = tf.reduce_sum(tf.cast(symbols[:, 1:] == symbols[:, :-1], tf.int64), axis=1)
    counts = symbols.row_lengths()
    return (counts > 0) & (counts + again <= tf.cast(steps, tf.int64))


def greedy(log_probs: tf.Tensor, lengths: tf.Tensor) -> Spelled:
    """Spells the most probable path, which need not be that of the most probable text.

    Args:
        log_probs: of the symbols at each frame, (batch, time, symbols).
        lengths: real frames of each row, int32 (batch,).

    Returns:
        One text for each row; its score is the log-probability of the path.
    """
    time = tf.shape(log_probs)[1]
    real = tf.sequence_mask(lengths, time)
    best = tf.where(real, tf.argmax(log_probs, axis=2, output_type=tf.int32), BLANK)
    before = tf.pad(best[:, :-1], [[0, 0], [1, 0]])
    spelled = tf.ragged.boolean_mask(best, (best != BLANK) & (best != before))
    scores = tf.reduce_sum(tf.where(real, tf.reduce_max(log_probs, axis=2), 0.0), axis=1)
    counts = tf.cast(spelled.row_lengths(), tf.int32)
    return Spelled(spelled.to_tensor()[:, None], counts[:, None], scores[:, None])


def prefix_search(log_probs: tf.Tensor, lengths: tf.Tensor, beam_size: int, most: int) -> Spelled:
    """Finds the most probable texts by prefix beam search (Graves 2012, section 7.5.3; Hannun et al. 2014).

    Of each text that is followed two sums are kept: over its paths that end in a blank, and in its last
    symbol. The same text reached in two ways is one. Between symbols most frames are blank for sure: of each
    stretch of these one is looked at.

    Args:
        log_probs: of the symbols at each frame, (batch, time, symbols).
        lengths: real frames of each row, int32 (batch,).
        beam_size: texts that are followed.
        most: symbols of a text at most.

    Returns:
        `beam_size` texts for each row; those that are not to be had have the score -1e30.
    """
    log_probs, lengths, passed = _without_sure_blanks(log_probs, lengths)
    batch, time, size = tf.unstack(tf.shape(log_probs))
    # Behind a row's end nothing is said, for sure: the texts stay what they are.
    is_blank = tf.range(size) == BLANK
    real = tf.sequence_mask(lengths, time)[..., None]
    log_probs = tf.where(real, tf.maximum(log_probs, 2 * _NEVER), tf.where(is_blank, 0.0, 2 * _NEVER))

    def step(t, symbols, counts, last, blank_ended, symbol_ended):
        now = log_probs[:, t]  # (batch, symbols)
        said = tf.gather(now, last, batch_dims=1)  # (batch, beam), the last symbol once more
        either = _added(blank_ended, symbol_ended)
        # A symbol once more is a new one only behind a blank.
        again = tf.one_hot(last, size, on_value=True, off_value=False)  # (batch, beam, symbols)
        longer = tf.where(again, blank_ended[..., None], either[..., None]) + now[:, None]

        # A longer text that is followed already adds to that: text j is text i and the last symbol of j.
        grown = _is_prefix(symbols, counts)  # (batch, i, j)
        before = tf.where(last[..., None] == last[:, None], blank_ended[..., None], either[..., None])
        into = tf.reduce_max(tf.where(grown, before + said[:, None], _NEVER), axis=1)
        known = tf.reduce_any(grown[..., None] & again[:, None], axis=2)
        ended = (counts >= most) | (either <= _NEVER)
        longer = tf.where(known | ended[..., None], 2 * _NEVER, longer)

        # The best of all: those that stay, in the place of the blank, and those that grow. What cannot be had
        # is worse than any that stays, so that an unused place of the beam is no text a second time.
        blank_stays, symbol_stays = either + now[:, BLANK, None], _added(symbol_ended + said, into)
        stays = tf.maximum(_added(blank_stays, symbol_stays), _NEVER)
        totals = tf.where(is_blank, stays[..., None], longer)
        scores, chosen = tf.math.top_k(tf.reshape(totals, [batch, beam_size * size]), beam_size)
        parent, new = chosen // size, chosen % size
        grows = new != BLANK
        place, of_parent, last, blank_stays, symbol_stays = (
            tf.gather(values, parent, batch_dims=1)
            for values in (counts, symbols, last, blank_stays, symbol_stays)
        )
        return (
            t + 1,
            tf.where(tf.range(most) == place[..., None], new[..., None], of_parent),
            place + tf.cast(grows, tf.int32),
            tf.where(grows, new, last),
            tf.where(grows, _NEVER, blank_stays),
            tf.where(grows, scores, symbol_stays),
        )

    nothing = tf.zeros([batch, beam_size], tf.int32)
    start = (
        tf.constant(0),
        tf.zeros([batch, beam_size, most], tf.int32),
        nothing,
        nothing,
        tf.tile(tf.constant([[0.0] + [_NEVER] * (beam_size - 1)]), [batch, 1]),
        tf.fill([batch, beam_size], _NEVER),
    )
    _, symbols, counts, _, blank_ended, symbol_ended = tf.while_loop(
        lambda t, *_: t < time,
        step,
        start,
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, beam_size, most]),
            *[tf.TensorShape([None, beam_size])] * 4,
        ),
    )
    scores, order = tf.math.top_k(_added(blank_ended, symbol_ended), beam_size)
    symbols, counts = (tf.gather(value, order, batch_dims=1) for value in (symbols, counts))
    return Spelled(symbols, counts, tf.maximum(scores + passed[:, None], _NEVER))


def _without_sure_blanks(log_probs: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Leaves out blanks behind blanks; also returns how many frames stay, and what all texts lose by it."""
    blank = log_probs[..., BLANK]
    real = tf.sequence_mask(lengths, tf.shape(blank)[1])
    sure = real & (blank > math.log1p(-_SURE))
    passed = sure & tf.pad(sure[:, :-1], [[0, 0], [1, 0]])
    kept = tf.ragged.boolean_mask(log_probs, real & ~passed)
    lost = tf.reduce_sum(tf.where(passed, blank, 0.0), axis=1)
    return kept.to_tensor(), tf.cast(kept.row_lengths(), tf.int32), lost


def _added(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Adds probabilities up, given and returned as their logarithms: fewer operations than logsumexp has."""
    return tf.maximum(one, other) + tf.math.softplus(-tf.abs(one - other))


def _is_prefix(symbols: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """Tells of texts (batch, beam, most) which i (batch, i, j) is text j without its last symbol."""
    most = tf.shape(symbols)[2]
    within = tf.range(most) < counts[:, :, None, None]  # of i
    same = tf.reduce_all((symbols[:, :, None] == symbols[:, None]) | ~within, axis=3)
    return same & (counts[:, None] == counts[:, :, None] + 1)


def align(log_probs: tf.Tensor, lengths: tf.Tensor, symbols: tf.Tensor, counts: tf.Tensor) -> Placed:
    """Finds the most probable path that spells a text, and with it where each symbol stands.

    Args:
        log_probs: of the symbols at each frame, (batch, time, symbols).
        lengths: real frames of each row, int32 (batch,).
        symbols: of the texts, int32 (batch, longest), 0 behind the end.
        counts: int32 (batch,).

    Returns:
        First frame of each symbol, and the one behind its last; 0 and 0 behind the end of a text, and
        where there are not frames enough.
    """
    asked = tf.shape(symbols)[1]
    # No wider than the longest text, and one symbol wide at least.
    wide = tf.clip_by_value(tf.reduce_max(counts), 1, tf.maximum(asked, 1))
    symbols = tf.pad(symbols, [[0, 0], [0, 1]])[:, :wide]
    log_probs = tf.pad(log_probs, [[0, 0], [0, tf.maximum(0, 1 - tf.shape(log_probs)[1])], [0, 0]])
    time, longest = tf.shape(log_probs)[1], tf.shape(symbols)[1]
    # Blank, first symbol, blank, second symbol ... blank: a path stands still, goes on, or leaves a blank out
    # between two symbols that differ.
    states = tf.reshape(tf.stack([tf.zeros_like(symbols), symbols], axis=2), [-1, 2 * longest])
    states = tf.pad(states, [[0, 0], [0, 1]])
    number = tf.range(2 * longest + 1)
    two_back = tf.pad(states[:, :-2], [[0, 0], [2, 0]])
    skips = (number % 2 == 1) & (states != two_back) & (number > 1)
    said = tf.gather(tf.maximum(log_probs, _NEVER), tf.repeat(states[:, None], time, axis=1), batch_dims=2)

    def forward(t, best, came):
        one, two = (_shifted(best, by) for by in (1, 2))
        options = tf.stack([best, one, tf.where(skips, two, 2 * _NEVER)])
        after = tf.reduce_max(options, axis=0) + said[:, t]
        goes_on = (t < lengths)[:, None]
        back = tf.where(goes_on, tf.argmax(options, axis=0, output_type=tf.int32), 0)
        return t + 1, tf.where(goes_on, after, best), came.write(t, back)

    first = tf.where(number < 2, said[:, 0], 2 * _NEVER)
    came = tf.TensorArray(tf.int32, time, element_shape=[None, None]).write(0, tf.zeros_like(states))
    _, best, came = tf.while_loop(lambda t, *_: t < time, forward, (1, first, came))

    # From the end back: the last blank, or the last symbol.
    end = 2 * counts
    at_blank = tf.gather(best, end, batch_dims=1)
    at_symbol = tf.gather(best, tf.maximum(end - 1, 0), batch_dims=1)
    state = tf.where((counts > 0) & (at_symbol > at_blank), end - 1, end)

    def backward(t, state, path):
        path = path.write(t, state)
        return t - 1, state - tf.gather(came.read(t), state, batch_dims=1), path

    path = tf.TensorArray(tf.int32, time, element_shape=[None], clear_after_read=False)
    _, _, path = tf.while_loop(lambda t, *_: t >= 0, backward, (time - 1, state, path))
    steps = tf.transpose(path.stack())  # (batch, time)
    stands = (steps[:, :, None] == 2 * tf.range(longest) + 1) & tf.sequence_mask(lengths, time)[:, :, None]
    frames = tf.range(time)[:, None]
    within = tf.sequence_mask(counts, longest)
    starts = tf.reduce_min(tf.where(stands, frames, time), axis=1)
    ends = tf.reduce_max(tf.where(stands, frames + 1, 0), axis=1)
    within &= starts < ends  # else there were not frames enough for the text
    return Placed(
        *(
            tf.pad(tf.where(within, places, 0), [[0, 0], [0, tf.maximum(0, asked - wide)]])[:, :asked]
            for places in (starts, ends)
        )
    )


def _shifted(best: tf.Tensor, by: int) -> tf.Tensor:
    return tf.pad(best[:, : tf.shape(best)[1] - by], [[0, 0], [by, 0]], constant_values=2 * _NEVER)
