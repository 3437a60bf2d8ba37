"""Greedy decoding, beam search and sampling: loops in the graph over one step of any model.

The model is a function `step(tokens, state) -> (logits, state)`: from the last token of each row, int32
(rows,), and the state before it come the logits of the next token, (rows, vocabulary), and the next state. A
state is any nest of tensors with the rows in front, whose shapes stay the same from step to step. What never
changes, such as an encoder's outputs, is cheaper outside the state, where nothing reorders it.

All three keep to the same rules:

- A text ends with the symbol `end`, which is no part of it but whose probability counts. A text of exactly
  `most` tokens is finished if the end comes next, so the step function is called up to `most + 1` times.
- A logit of minus infinity forbids a token. A text that nothing can follow (all forbidden, or a logit that is
  no number) has the probability 0; where there is no other, the row's answer is an empty text, not finished.
- Of equal candidates the one with the smaller number wins.
- A row's answer depends on that row alone. The loop runs until the last row is done.

Everything is plain TensorFlow and can be part of a SavedModel; call it inside a `tf.function`.
"""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.errors import ZooError

Step = Callable[[tf.Tensor, Any], tuple[tf.Tensor, Any]]

NEVER = -math.inf  # the logarithm of no probability
# Random numbers are drawn in blocks of a fixed size, so that they never depend on how many are needed.
BLOCK = 64


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


# One text for each row -------------------------------------------------------------------------------------


def greedy(step: Step, state, start, end, most, padding: int = 0) -> Decoded:
    """Takes the most probable token at each step.

    Args:
        step: (tokens, state) -> (logits, state), see the module.
        state: nest of tensors (batch, ...) before the first token; may be empty.
        start: first token given to the step function: an int, or int32 (batch,).
        end: number of the symbol that ends a text.
        most: most tokens in a text: an int, or int32 (batch,).
        padding: fills tokens up on the right.

    Returns:
        One text for each row; its score is its log-probability.

    Raises:
        ZooError: `most` is negative, or `start` is one number and `state` is empty.
    """
    return _follow(lambda t, logits: _argmax(logits), step, state, start, end, most, padding)


def sample(
    step: Step, state, start, end, most, temperature=1.0, top_k=0, top_p=1.0, seeds=0, padding: int = 0
) -> Decoded:
    """Draws each token at random, from the distribution that the model gives or a part of it.

    The logits are divided by the temperature, then all but the `top_k` most probable tokens are left out,
    then all but the fewest whose shares of the rest add up to `top_p` (the nucleus, Holtzman et al. 2020). A
    row's text follows from its logits, its own settings and its seed, wherever it stands in a batch.

    Args:
        step: (tokens, state) -> (logits, state), see the module.
        state: nest of tensors (batch, ...) before the first token; may be empty.
        start: first token given to the step function: an int, or int32 (batch,).
        end: number of the symbol that ends a text.
        most: most tokens in a text: an int, or int32 (batch,).
        temperature: a number or (batch,); below 1 the probable becomes more so, 0 is greedy.
        top_k: a number or (batch,); 0: all tokens.
        top_p: a number or (batch,); 1: all tokens. The most probable token always stays.
        seeds: an integer or (batch,); rows with the same logits and seed get the same text.
        padding: fills tokens up on the right.

    Returns:
        One text for each row; its score is its log-probability under the model, whatever the settings.

    Raises:
        ZooError: a number is out of its range, or `start` is one number and `state` is empty.
    """
    _check("temperature", temperature, 0)
    _check("top_k", top_k, 0)
    _check("top_p", top_p, 0, 1)
    start = _first_tokens(start, state)
    most = _limits(most, start)
    temperature, top_p = (_for_rows(setting, start, tf.float32) for setting in (temperature, top_p))
    top_k = _for_rows(top_k, start, tf.int32)
    filtered = tf.reduce_any((top_k > 0) | (top_p < 1))
    uniform = _uniform(_for_rows(seeds, start, tf.int64), _longest(most) + 1)

    def choose(t, logits):
        highest = tf.reduce_max(logits, axis=1, keepdims=True)
        # Nothing is above 0 before the division, so a small temperature can't overflow.
        logits = (logits - highest) / tf.where(temperature > 0, temperature, 1.0)[:, None]
        weights = tf.exp(logits)
        weights = tf.cond(
            filtered, lambda: tf.where(_kept(logits, top_k, top_p), weights, 0.0), lambda: weights
        )
        mass = tf.cumsum(weights, axis=1)
        target = tf.gather(uniform, t, axis=1)[:, None] * mass[:, -1:]
        drawn = tf.reduce_sum(tf.cast(mass <= target, tf.int32), axis=1)
        drawn = tf.minimum(drawn, tf.shape(logits)[1] - 1)
        return tf.where(temperature > 0, drawn, _argmax(logits))

    return _follow(choose, step, state, start, end, most, padding)


def _follow(choose, step: Step, state, start, end, most, padding: int) -> Decoded:
    """Runs one text for each row; `choose(t, logits)` gives the next tokens, int32 (batch,)."""
    start = _first_tokens(start, state)
    most = _limits(most, start)
    state = tf.nest.map_structure(tf.convert_to_tensor, state)

    def follow(t, tokens, state, lengths, total, finished, done, texts):
        logits, state = step(tokens, state)
        logits = tf.cast(logits, tf.float32)
        tokens = choose(t, logits)
        log_probability = tf.gather(logits, tokens, batch_dims=1) - tf.reduce_logsumexp(logits, axis=1)
        possible = log_probability > NEVER  # false for what is no number, too
        ends = possible & (tokens == end)
        counts = ~done & (ends | (t < most))
        total = tf.where(counts, tf.where(possible, total + log_probability, NEVER), total)
        goes_on = counts & possible & ~ends
        lengths += tf.cast(goes_on, tf.int32)
        return (
            t + 1,
            tokens,
            state,
            lengths,
            total,
            finished | (ends & counts),
            ~goes_on,
            texts.write(t, tokens),
        )

    texts = tf.TensorArray(tf.int32, 1, dynamic_size=True, element_shape=[None], clear_after_read=False)
    no = tf.zeros_like(start, tf.bool)
    begin = (0, start, state, tf.zeros_like(start), tf.zeros_like(start, tf.float32), no, no)
    # The first step is written here too: the texts of no rows at all must have a shape.
    _, _, _, lengths, total, finished, _, texts = tf.while_loop(
        lambda t, *variables: tf.reduce_any(~variables[-2]),
        follow,
        (*begin, texts.write(0, start)),
        (*_with_free_rows(begin), None),
    )
    lengths = tf.where(total > NEVER, lengths, 0)
    tokens = _transposed(texts, _longest(lengths))
    tokens = tf.where(tf.sequence_mask(lengths, tf.shape(tokens)[1]), tokens, padding)
    return Decoded(tokens, lengths, total, total, finished)


def _kept(logits, top_k, top_p) -> tf.Tensor:
    """Returns which tokens the two settings leave, bool (batch, vocabulary); the highest logit must be 0."""
    vocabulary = tf.shape(logits)[1]
    top_k = tf.minimum(top_k, vocabulary)
    needed = tf.where(top_k > 0, top_k, tf.where(top_p < 1, vocabulary, 1))
    ordered, numbers = tf.math.top_k(logits, tf.reduce_max(needed))
    weights = tf.where(tf.sequence_mask(needed, tf.shape(ordered)[1]), tf.exp(ordered), 0.0)
    mass = tf.cumsum(weights, axis=1)
    inside = (top_p >= 1)[:, None] | (mass - weights < top_p[:, None] * mass[:, -1:])
    kept = tf.reduce_sum(tf.cast(inside & (weights > 0), tf.int32), axis=1)
    last = tf.maximum(kept - 1, 0)[:, None]
    lowest, number = (tf.gather(table, last, batch_dims=1) for table in (ordered, numbers))
    all_stay = (top_k <= 0) & (top_p >= 1)
    # Equal logits stand in the order of their numbers, here as in `ordered`.
    tied = (logits == lowest) & (tf.range(vocabulary) <= number)
    return all_stay[:, None] | (logits > lowest) | tied


def _uniform(seeds, steps) -> tf.Tensor:
    """Returns random numbers below 1, float32 (batch, steps or more), each row's from its seed alone."""
    blocks = tf.range(tf.cast(steps, tf.int64) // BLOCK + 1)
    pairs = tf.reshape(tf.stack(tf.meshgrid(seeds, blocks, indexing="ij"), axis=-1), [-1, 2])
    drawn = tf.map_fn(
        lambda pair: tf.random.stateless_uniform([BLOCK], pair, alg="philox"),
        pairs,
        fn_output_signature=tf.TensorSpec([BLOCK], tf.float32),
    )
    return tf.reshape(drawn, [tf.size(seeds), tf.size(blocks) * BLOCK])


# Beam search -----------------------------------------------------------------------------------------------


class _Finished(NamedTuple):
    """The best finished hypotheses of each row, each (batch, beam), best first; score `NEVER`: none."""

    scores: tf.Tensor
    log_probabilities: tf.Tensor
    lengths: tf.Tensor
    slots: tf.Tensor  # where the hypothesis stood in the beam when it had this length


def beam_search(
    step: Step, state, start, end, most, beam_size: int = 5, length_penalty=0.6, padding: int = 0
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
        step: (tokens, state) -> (logits, state), see the module; its rows are batch * beam, those of one
            row of the batch next to each other.
        state: nest of tensors (batch, ...) before the first token, which are repeated for the beam; may be
            empty. Tensors that `step` reads elsewhere need it too: `tf.repeat(x, beam_size, axis=0)`.
        start: first token given to the step function: an int, or int32 (batch,).
        end: number of the symbol that ends a text.
        most: most tokens in a text: an int, or int32 (batch,).
        beam_size: how many hypotheses are open, and how many come back.
        length_penalty: a number or (batch,); 0: none, higher: longer texts.
        padding: fills tokens up on the right.

    Returns:
        `beam_size` texts for each row: the finished ones, best first, then those that hit the limit. Where
        fewer are possible, the last are empty, not finished, with a score of minus infinity.

    Raises:
        ZooError: a number is out of its range, or `start` is one number and `state` is empty.
    """
    _check("beam_size", beam_size, 1)
    _check("length_penalty", length_penalty, 0)
    start = _first_tokens(start, state)
    most = _limits(most, start)[:, None]
    alpha = tf.maximum(_for_rows(length_penalty, start, tf.float32), 0.0)[:, None]
    search = _search_step(step, end, most, beam_size, alpha)
    open_, finished, history = _searched(search, start, state, beam_size)
    ranked, ended = _ranked(finished, open_, most, alpha)
    tokens = _traced(history, ranked.lengths, ranked.slots, padding)
    return Decoded(tokens, ranked.lengths, ranked.scores, ranked.log_probabilities, ended)


def _search_step(step: Step, end, most, beam_size: int, alpha):
    """Returns the loop's body; `open_` holds log-probabilities, (batch, beam), `NEVER`: an empty slot."""

    def search(t, tokens, state, open_, finished, done, history):
        logits, state = step(tokens, state)
        totals, numbers = _continuations(logits, open_, beam_size)
        at_limit = t >= most
        totals = tf.where(at_limit[..., None] & (numbers != end), NEVER, totals)
        best, parents, tokens = _best(totals, numbers, beam_size)

        ended = tf.where((tokens == end) & ~done, best, NEVER)
        lengths = tf.fill(tf.shape(parents), t)
        finished = _merged(finished, _Finished(_score(ended, t, alpha), ended, lengths, parents))
        going = tf.where(tokens == end, NEVER, best)
        # What is open at the limit stays as it is, unless it has just ended.
        stopped = tf.where(tf.reduce_any(totals > NEVER, axis=-1), NEVER, open_)
        open_ = tf.where(done, open_, tf.where(at_limit, stopped, going))
        # Probabilities only fall from here, and the penalty is mildest at the limit.
        best_to_come = _score(tf.reduce_max(open_, axis=1, keepdims=True), most, alpha)
        done |= at_limit | (best_to_come <= finished.scores[:, -1:])

        rows = tf.reshape(parents + tf.range(tf.shape(parents)[0])[:, None] * beam_size, [-1])
        state = tf.nest.map_structure(lambda part: tf.gather(part, rows), state)
        history = history.write(t, tf.stack([tokens, parents]))
        return t + 1, tf.reshape(tokens, [-1]), state, open_, finished, done, history

    return search


def _searched(search, start, state, beam_size: int):
    """Runs the loop until all rows are done; returns open and finished hypotheses, and all steps taken."""
    tokens, state = tf.nest.map_structure(lambda part: tf.repeat(part, beam_size, axis=0), (start, state))
    none = tf.fill([tf.size(start), beam_size], NEVER)
    zeros = tf.zeros_like(none, tf.int32)
    open_ = tf.where(tf.range(beam_size) == 0, 0.0, none)  # the empty text, once
    done = tf.zeros_like(start, tf.bool)[:, None]
    begin = (0, tokens, state, open_, _Finished(none, none, zeros, zeros), done)
    history = tf.TensorArray(
        tf.int32, 1, dynamic_size=True, element_shape=[2, None, beam_size], clear_after_read=False
    )
    *_, open_, finished, _, history = tf.while_loop(
        lambda t, *variables: tf.reduce_any(~variables[-2]),
        search,
        (*begin, history.write(0, tf.stack([zeros, zeros]))),
        (*_with_free_rows(begin), None),
    )
    return open_, finished, history


def _score(log_probabilities, lengths, alpha) -> tf.Tensor:
    return log_probabilities / ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** alpha


def _continuations(logits, open_, beam_size: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns log-probability and last token of each hypothesis' best continuations, (batch, beam, k)."""
    logits = tf.cast(logits, tf.float32)
    # No more than the best few of each can be among the best of all; the rest is never touched again.
    k = tf.minimum(beam_size, tf.shape(logits)[1])
    best, numbers = tf.math.top_k(logits, k)
    best -= tf.reduce_logsumexp(logits, axis=1, keepdims=True)
    best, numbers = (tf.reshape(part, [-1, beam_size, k]) for part in (best, numbers))
    totals = open_[..., None] + best
    return tf.where(totals > NEVER, totals, NEVER), numbers  # what is no number is not possible


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
    time = _longest(lengths)
    texts = tf.TensorArray(tf.int32, tf.maximum(time, 1), element_shape=[None, lengths.shape[1]])

    def back(t, slots, texts):
        tokens, parents = tf.unstack(tf.gather(history.read(t), tf.stack([slots, slots]), batch_dims=2))
        real = t < lengths
        return t - 1, tf.where(real, parents, slots), texts.write(t, tf.where(real, tokens, padding))

    begin = (time - 1, slots)
    texts = texts.write(0, tf.zeros_like(lengths))
    *_, texts = tf.while_loop(lambda t, *_: t >= 0, back, (*begin, texts), (*_with_free_rows(begin), None))
    return _transposed(texts, time)


# Shared ----------------------------------------------------------------------------------------------------


def _argmax(logits) -> tf.Tensor:
    return tf.argmax(logits, axis=1, output_type=tf.int32)


def _check(name: str, value, least: float, highest: float = math.inf) -> None:
    """Refuses a plain number out of range; tensors are not known yet."""
    if isinstance(value, Real) and not least <= value <= highest:
        wanted = f"{least} or more" if highest == math.inf else f"from {least} to {highest}"
        raise ZooError(f"{name} {value}: must be {wanted}")


def _first_tokens(start, state) -> tf.Tensor:
    """Returns `start` for each row, int32 (batch,)."""
    start = tf.cast(start, tf.int32)
    if start.shape.rank != 0:
        return start
    parts = tf.nest.flatten(state)
    if not parts:
        raise ZooError("start: with an empty state, give one token for each row of the batch, (batch,)")
    return tf.fill([tf.shape(parts[0])[0]], start)


def _limits(most, start) -> tf.Tensor:
    _check("most", most, 0)
    return tf.maximum(_for_rows(most, start, tf.int32), 0)


def _for_rows(setting, start, dtype) -> tf.Tensor:
    return tf.broadcast_to(tf.cast(setting, dtype), tf.shape(start))


def _longest(lengths) -> tf.Tensor:
    return tf.reduce_max(tf.concat([tf.reshape(lengths, [-1]), [0]], axis=0))  # 0 if there are no rows


def _with_free_rows(variables):
    """Returns the shapes of a loop's variables, with any number of rows."""

    def free(variable):
        shape = tf.convert_to_tensor(variable).shape
        return tf.TensorShape([None, *shape[1:]] if shape.rank else shape)

    return tf.nest.map_structure(free, variables)


def _transposed(texts: tf.TensorArray, time) -> tf.Tensor:
    """Returns the first elements of an array by time, (batch, ..., time)."""
    tokens = texts.gather(tf.range(tf.maximum(time, 1)))[:time]
    return tf.transpose(tokens, [*range(1, tokens.shape.rank), 0])
