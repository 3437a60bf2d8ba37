"""One text for each row: the most probable token at each step, or one drawn at random."""

import tensorflow as tf

from zoo.decoding.common import (
    NEVER,
    Decoded,
    Step,
    argmax,
    check,
    first_tokens,
    for_rows,
    limits,
    longest,
    transposed,
    with_free_rows,
)

# Random numbers are drawn in blocks of a fixed size, so that they never depend on how many are needed.
BLOCK = 64


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
    return _follow(lambda t, logits: argmax(logits), step, state, start, end, most, padding)


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
    check("temperature", temperature, 0)
    check("top_k", top_k, 0)
    check("top_p", top_p, 0, 1)
    start = first_tokens(start, state)
    most = limits(most, start)
    temperature, top_p = (for_rows(setting, start, tf.float32) for setting in (temperature, top_p))
    top_k = for_rows(top_k, start, tf.int32)
    filtered = tf.reduce_any((top_k > 0) | (top_p < 1))
    uniform = _uniform(for_rows(seeds, start, tf.int64), longest(most) + 1)

    def choose(t, logits):
        return _drawn(logits, tf.gather(uniform, t, axis=1), temperature, top_k, top_p, filtered)

    return _follow(choose, step, state, start, end, most, padding)


def draw(logits: tf.Tensor, t: tf.Tensor, temperature, top_k, top_p, seeds) -> tf.Tensor:
    """Draws the token of one step alone, as `sample` does: who goes on step by step gets the same text.

    Args:
        logits: (batch, vocabulary).
        t: number of the step, from 0.
        temperature, top_k, top_p, seeds: as of `sample`, (batch,).

    Returns:
        Tokens, int32 (batch,).
    """
    uniform = tf.gather(_blocks(seeds, tf.cast(t // BLOCK, tf.int64)[None]), t % BLOCK, axis=1)
    return _drawn(logits, uniform, temperature, top_k, top_p, tf.reduce_any((top_k > 0) | (top_p < 1)))


def _drawn(logits, uniform, temperature, top_k, top_p, filtered) -> tf.Tensor:
    """Returns the tokens that random numbers below 1 (batch,) point to; all else is as of `draw`."""
    highest = tf.reduce_max(logits, axis=1, keepdims=True)
    # Nothing is above 0 before the division, so a small temperature can't overflow.
    logits = (logits - highest) / tf.where(temperature > 0, temperature, 1.0)[:, None]
    weights = tf.exp(logits)
    weights = tf.cond(filtered, lambda: tf.where(_kept(logits, top_k, top_p), weights, 0.0), lambda: weights)
    mass = tf.cumsum(weights, axis=1)
    target = uniform[:, None] * mass[:, -1:]
    drawn = tf.reduce_sum(tf.cast(mass <= target, tf.int32), axis=1)
    drawn = tf.minimum(drawn, tf.shape(logits)[1] - 1)
    return tf.where(temperature > 0, drawn, argmax(logits))


def assert_sampling(most, temperature, top_k, top_p) -> None:
    """Stops a graph whose rows ask for what cannot be, each (batch,), with a line that says so.

    `sample` checks numbers that are known when a graph is made; these are known when it runs.
    """
    for name, values in {"length": most, "top_k": top_k, "top_p": top_p}.items():
        tf.debugging.assert_non_negative(values, f"{name} must be 0 or more", name=f"check_{name}")
    tf.debugging.assert_less_equal(top_p, 1.0, "top_p must be 1 or less", name="check_top_p")
    assert_temperature(temperature)


def assert_temperature(temperature: tf.Tensor) -> None:
    """Stops a graph where a temperature (batch,) cannot be, with a line that says so."""
    tf.debugging.assert_non_negative(temperature, "temperature must be 0 or more", name="check_temperature")
    # What is divided by infinity is no number where it is infinite itself.
    highest = temperature.dtype.max
    tf.debugging.assert_less_equal(temperature, highest, "temperature must be finite", name="check_finite")


def assert_tokens(tokens: tf.Tensor, size: int) -> tf.Tensor:
    """Returns tokens of any shape, and stops a graph where one is none of `size`, with a line that says so.

    Without it, what a table of vectors does with them is another thing on each device.
    """
    tokens = tf.convert_to_tensor(tokens)
    checks = (
        tf.debugging.assert_non_negative(tokens, "tokens must be 0 or more", name="check_tokens"),
        tf.debugging.assert_less(tokens, size, f"tokens must be below {size}", name="check_size"),
    )
    # Else the table may be asked first, and what it says is another line.
    with tf.control_dependencies([check for check in checks if check is not None]):
        return tf.identity(tokens)


def _follow(choose, step: Step, state, start, end, most, padding: int) -> Decoded:
    """Runs one text for each row; `choose(t, logits)` gives the next tokens, int32 (batch,)."""
    start = first_tokens(start, state)
    most = limits(most, start)
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
        (*with_free_rows(begin), None),
    )
    lengths = tf.where(total > NEVER, lengths, 0)
    tokens = transposed(texts, longest(lengths))
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
    return _blocks(seeds, tf.range(tf.cast(steps, tf.int64) // BLOCK + 1))


def _blocks(seeds, blocks) -> tf.Tensor:
    """Returns the random numbers of some blocks, which are known by their numbers, side by side."""
    pairs = tf.reshape(tf.stack(tf.meshgrid(seeds, blocks, indexing="ij"), axis=-1), [-1, 2])
    drawn = tf.map_fn(
        lambda pair: tf.random.stateless_uniform([BLOCK], pair, alg="philox"),
        pairs,
        fn_output_signature=tf.TensorSpec([BLOCK], tf.float32),
    )
    return tf.reshape(drawn, [tf.size(seeds), tf.size(blocks) * BLOCK])
