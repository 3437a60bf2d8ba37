"""Beam search: the best few texts of each row, followed at a time."""

from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.common import (
    NEVER,
    Decoded,
    Step,
    check,
    first_tokens,
    for_rows,
    limits,
    longest,
    transposed,
    with_free_rows,
)

_GROUP = 64  # tokens whose best one is found first


class _Finished(NamedTuple):
    """The best finished hypotheses of each row, each (batch, beam), best first; score `NEVER`: none."""

    scores: tf.Tensor
    log_probabilities: tf.Tensor
    lengths: tf.Tensor
    slots: tf.Tensor  # where the hypothesis stood in the beam when it had this length


def beam_search(
    step: Step,
    state,
    start,
    end,
    most,
    beam_size: int = 5,
    length_penalty=0.6,
    padding: int = 0,
    memory: tuple = (),
    normalised: bool = False,
) -> Decoded:
    """Finds probable texts by following the best few at a time.

    A text's score is log p / ((5 + length) / 6) ** length_penalty (Wu et al. 2016, formula 14), the length
    without the end symbol, so that an empty text has a score too.

    At each step the `beam_size` most probable continuations of the open hypotheses are chosen. Those that end
    leave the beam and are kept apart, the best `beam_size` by score; the others are the open ones of the
    next step. With a beam of 1 this is greedy decoding. A row is done when no open hypothesis can still
    surpass the worst of `beam_size` finished ones, by the mildest penalty up to `most`: this changes no
    answer, and comes the sooner the nearer the limit is to real lengths. At the limit an open hypothesis
    finishes if the end is among its own `beam_size` best continuations; those that don't fill the places
    that are left, behind the finished ones.

    Args:
        step: (tokens, state, *memory) -> (logits, state), see the module; its rows are batch * beam, those
            of one row of the batch next to each other. Rows of the batch that are done leave, so there
            may be fewer of them at each step.
        state: nest of tensors (batch, ...) before the first token, which are repeated for the beam; may be
            empty.
        start: first token given to the step function: an int, or int32 (batch,).
        end: number of the symbol that ends a text.
        most: most tokens in a text: an int, or int32 (batch,).
        beam_size: how many hypotheses are open, and how many come back.
        length_penalty: a number or (batch,); 0: none, higher: longer texts.
        padding: fills tokens up on the right.
        memory: nests of tensors (batch, ...) that never change, such as an encoder's outputs; `step` gets
            them without repetition for the beam.
        normalised: whether `step` gives log-probabilities, which are taken as they are: what it forbids then
            makes nothing else more probable.

    Returns:
        `beam_size` texts for each row: the finished ones, best first, then those that hit the limit. Where
        fewer are possible, the last are empty, not finished, with a score of minus infinity.

    Raises:
        ZooError: a number is out of its range, or `start` is one number and `state` is empty.
    """
    check("beam_size", beam_size, 1)
    check("length_penalty", length_penalty, 0)
    start = first_tokens(start, state)
    most = limits(most, start)[:, None]
    alpha = tf.maximum(for_rows(length_penalty, start, tf.float32), 0.0)[:, None]
    open_, finished, history = _searched(step, state, memory, start, end, most, beam_size, alpha, normalised)
    ranked, ended = _ranked(finished, open_, most, alpha)
    tokens = _traced(history, ranked.lengths, ranked.slots, padding)
    return Decoded(tokens, ranked.lengths, ranked.scores, ranked.log_probabilities, ended)


class _Rows(NamedTuple):
    """What the rows of the batch that are not done carry from step to step."""

    numbers: tf.Tensor  # which rows they are, (rows,)
    tokens: tf.Tensor  # the last ones, (rows * beam,)
    state: Any
    memory: Any
    most: tf.Tensor  # (rows, 1)
    alpha: tf.Tensor
    open_: tf.Tensor  # log-probabilities, (rows, beam); `NEVER`: an empty slot
    finished: _Finished


def _search_step(step: Step, end, beam_size: int, normalised: bool):
    """Returns the loop's body; `found` holds what is open and finished of all rows of the batch."""

    def search(t, rows, beams, history):
        logits, state = step(rows.tokens, rows.state, *rows.memory)
        totals, numbers = _continuations(logits, rows.open_, beam_size, normalised)
        at_limit = t >= rows.most
        totals = tf.where(at_limit[..., None] & (numbers != end), NEVER, totals)
        best, parents, tokens = _best(totals, numbers, beam_size)

        ended = tf.where(tokens == end, best, NEVER)
        lengths = tf.fill(tf.shape(parents), t)
        more = _Finished(_score(ended, t, rows.alpha), ended, lengths, parents)
        finished = _merged(rows.finished, more)
        # What is open at the limit stays as it is, unless it has just ended.
        stopped = tf.where(tf.reduce_any(totals > NEVER, axis=-1), NEVER, rows.open_)
        open_ = tf.where(at_limit, stopped, tf.where(tokens == end, NEVER, best))
        # Probabilities only fall from here, and the penalty is mildest at the limit.
        best_to_come = _score(tf.reduce_max(open_, axis=1, keepdims=True), rows.most, rows.alpha)
        done = at_limit | (best_to_come <= finished.scores[:, -1:])

        place = rows.numbers[:, None]
        beams = tf.nest.map_structure(
            lambda all_, now: tf.tensor_scatter_nd_update(all_, place, now), beams, (open_, finished)
        )
        taken = tf.scatter_nd(place, tf.stack([tokens, parents], 1), [tf.shape(beams[0])[0], 2, beam_size])
        history = history.write(t, tf.transpose(taken, [1, 0, 2]))
        rows = rows._replace(tokens=tokens, state=state, open_=open_, finished=finished)
        return t + 1, _going_on(rows, parents, done[:, 0], beam_size), beams, history

    return search


def _going_on(rows: _Rows, parents, done, beam_size: int) -> _Rows:
    """Returns the rows that are not done, each hypothesis with the state of the one that it continues."""
    left = tf.cast(tf.where(~done)[:, 0], tf.int32)
    slots = tf.reshape(tf.gather(parents, left) + left[:, None] * beam_size, [-1])

    def stay(nest):
        return tf.nest.map_structure(lambda part: tf.gather(part, left), nest)

    return _Rows(
        numbers=stay(rows.numbers),
        tokens=tf.reshape(stay(rows.tokens), [-1]),
        state=tf.nest.map_structure(lambda part: tf.gather(part, slots), rows.state),
        # The largest part: it is copied only where something leaves.
        memory=tf.cond(tf.reduce_any(done), lambda: stay(rows.memory), lambda: rows.memory),
        most=stay(rows.most),
        alpha=stay(rows.alpha),
        open_=stay(rows.open_),
        finished=stay(rows.finished),
    )


def _searched(step: Step, state, memory, start, end, most, beam_size: int, alpha, normalised: bool):
    """Runs the loop until no row is left; returns open and finished hypotheses, and all steps taken."""
    tokens, state = tf.nest.map_structure(lambda part: tf.repeat(part, beam_size, axis=0), (start, state))
    none = tf.fill([tf.size(start), beam_size], NEVER)
    zeros = tf.zeros_like(none, tf.int32)
    open_ = tf.where(tf.range(beam_size) == 0, 0.0, none)  # the empty text, once
    finished = _Finished(none, none, zeros, zeros)
    rows = _Rows(tf.range(tf.size(start)), tokens, state, memory, most, alpha, open_, finished)
    begin = (0, rows, (open_, finished))
    history = tf.TensorArray(
        tf.int32, 1, dynamic_size=True, element_shape=[2, None, beam_size], clear_after_read=False
    )
    _, _, (open_, finished), history = tf.while_loop(
        lambda t, rows, *_: tf.size(rows.numbers) > 0,
        _search_step(step, end, beam_size, normalised),
        (*begin, history.write(0, tf.stack([zeros, zeros]))),
        (*with_free_rows(begin), None),
    )
    return open_, finished, history


def _score(log_probabilities, lengths, alpha) -> tf.Tensor:
    return log_probabilities / ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** alpha


def _continuations(logits, open_, beam_size: int, normalised: bool) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns log-probability and last token of each hypothesis' best continuations, (batch, beam, k)."""
    logits = tf.cast(logits, tf.float32)
    # No more than the best few of each can be among the best of all; the rest is never touched again.
    k = tf.minimum(beam_size, tf.shape(logits)[1])
    large = (logits.shape[1] or 0) >= 4 * _GROUP * beam_size
    best, numbers = _top_of_groups(logits, k) if large else tf.math.top_k(logits, k)
    if not normalised:
        best -= tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    best, numbers = (tf.reshape(part, [-1, beam_size, k]) for part in (best, numbers))
    totals = open_[..., None] + best
    return tf.where(totals > NEVER, totals, NEVER), numbers  # what is no number is not possible


def _top_of_groups(logits, k) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what `tf.math.top_k` does, in half the time: the best are in the groups with the best tops."""
    rows, vocabulary = tf.shape(logits)[0], logits.shape[1]
    logits = tf.pad(logits, [[0, 0], [0, -vocabulary % _GROUP]], constant_values=NEVER)
    groups = tf.reshape(logits, [rows, -(-vocabulary // _GROUP), _GROUP])
    chosen = tf.math.top_k(tf.reduce_max(groups, axis=2), k).indices
    chosen = tf.sort(chosen, axis=1)  # so that of equal logits the one with the smaller number still wins
    best, places = tf.math.top_k(tf.reshape(tf.gather(groups, chosen, batch_dims=1), [rows, k * _GROUP]), k)
    numbers = tf.gather(chosen, places // _GROUP, batch_dims=1) * _GROUP + places % _GROUP
    return best, tf.minimum(numbers, vocabulary - 1)  # what fills the last group up is no token


def _best(totals, numbers, beam_size: int) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns the best of all continuations: log-probability, slot before and token, (batch, beam)."""
    shape = tf.shape(totals)
    flat = [shape[0], beam_size * shape[2]]
    best, places = tf.math.top_k(tf.reshape(totals, flat), beam_size)
    return best, places // shape[2], tf.gather(tf.reshape(numbers, flat), places, batch_dims=1)


def _merged(finished: _Finished, more: _Finished) -> _Finished:
    """Returns the best of both, as many as there are of each; the first wins where scores are equal."""
    both = [tf.concat(parts, axis=1) for parts in zip(finished, more, strict=True)]
    places = tf.math.top_k(both[0], tf.shape(finished.scores)[1]).indices
    return _Finished(*(tf.gather(part, places, batch_dims=1) for part in both))


def _ranked(finished: _Finished, open_, most, alpha) -> tuple[_Finished, tf.Tensor]:
    """Fills empty places with what is open at the limit, in order; returns all and which are finished."""
    beam_size = tf.shape(open_)[1]
    slots = tf.broadcast_to(tf.range(beam_size), tf.shape(open_))
    lengths = tf.where(open_ > NEVER, most, 0)
    unfinished = _Finished(_score(open_, most, alpha), open_, lengths, slots)
    both = [tf.concat(parts, axis=1) for parts in zip(finished, unfinished, strict=True)]
    ended = tf.concat([finished.scores > NEVER, tf.zeros_like(open_, tf.bool)], axis=1)
    # Finished, then unfinished, then nothing; each kind is in order already, and ties keep their order.
    kinds = tf.where(ended, 2, tf.where(both[0] > NEVER, 1, 0))
    places = tf.math.top_k(kinds, beam_size).indices
    *all_, ended = (tf.gather(part, places, batch_dims=1) for part in (*both, ended))
    return _Finished(*all_), ended


def _traced(history, lengths, slots, padding: int) -> tf.Tensor:
    """Returns the tokens of hypotheses (batch, beam), read backwards along the slots they came from."""
    time = longest(lengths)
    texts = tf.TensorArray(tf.int32, tf.maximum(time, 1), element_shape=[None, lengths.shape[1]])

    def back(t, slots, texts):
        tokens, parents = tf.unstack(tf.gather(history.read(t), tf.stack([slots, slots]), batch_dims=2))
        real = t < lengths
        return t - 1, tf.where(real, parents, slots), texts.write(t, tf.where(real, tokens, padding))

    begin = (time - 1, slots)
    texts = texts.write(0, tf.zeros_like(lengths))
    *_, texts = tf.while_loop(lambda t, *_: t >= 0, back, (*begin, texts), (*with_free_rows(begin), None))
    return transposed(texts, time)
