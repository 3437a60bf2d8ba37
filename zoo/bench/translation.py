"""Speed of the translation recipe: decoding beside loops in Python, and training beside plain Keras."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from zoo import export, models, rebuilt, training
from zoo.bench.saved import first_of
from zoo.bench.timing import in_turn, median_seconds, print_table
from zoo.data import Batches, Examples, load
from zoo.errors import ZooError
from zoo.layers import CELLS
from zoo.recipes import translation
from zoo.text import PADDING, Pieces
from zoo.training import SequenceCrossentropy

_MODELS = ("translation_en_fr", "translation_de_en", "translation_cldr_en_fr")
_SENTENCES, _SAMPLE, _ROWS = 1_000, 10, 64
_TRAINED, _TINY = 512, 300  # pairs in a pass of training; pieces of a vocabulary that costs nothing
_WORDS = 12

Translate = Callable[[Sequence[str]], list[str]]


def main(full: bool = False, model: str = "") -> None:
    """Prints sentences per second of decoding and training, and milliseconds for one sentence.

    Args:
        full: more passes, for steadier medians.
        model: name or path of a saved model; empty for the first one that is here.
    """
    print(f"{export.hardware()}, TensorFlow {tf.__version__}, Keras {keras.__version__}")
    saved = first_of(_MODELS, "translation", model)
    config, pieces, network = rebuilt.translation(saved)
    examples = _examples(saved, config)
    texts = examples.test.strings("source")[:_SENTENCES]
    _show_decoding(saved, config, pieces, network, texts, 5 if full else 2)
    _show_one_sentence(saved, texts, 50 if full else 15)
    _show_training(config, pieces, examples, 9 if full else 3)


def _examples(model: models.Model, config: translation.Config) -> Examples:
    """Loads what the model was trained on, or phrases."""
    try:
        examples = load(config.dataset, "translation", source=config.source, target=config.target)
    except ZooError as error:
        print(f"{config.dataset} can't be had ({error})")
        examples = load("cldr_phrases", "translation")
    print(f"{model.name} on texts of {examples.name} ({' to '.join(examples.languages)})")
    return examples


# Decoding ---------------------------------------------------------------------------------------------------


def _show_decoding(model, config, pieces, network, texts: list[str], passes: int) -> None:
    """Times the SavedModel and the loops that one would write without it, all with the same weights."""
    beam = f"beam {config.beam_size}"
    sample = texts[:: max(1, len(texts) // _SAMPLE)][:_SAMPLE]
    one_by_one = f"(b) Keras predict per step, one by one, greedy ({len(sample)} sentences)"
    batched = f"(c) Python loop, compiled step, batches of {_ROWS}, {beam}"
    contestants = {
        f"(a) SavedModel, {beam}": (_signature(model, "serving_default"), texts),
        "(a') SavedModel, greedy": (_signature(model, "greedy"), texts),
        one_by_one: (_predict_loop(config, pieces, network), sample),
        batched: (_batched_loop(config, pieces, network), texts),
    }  # fmt: skip
    answers: dict[str, list[str]] = {}

    def contestant(name: str, translate: Translate, given: list[str]) -> Callable[[], object]:
        return lambda: answers.update({name: translate(given)})

    passed = in_turn({name: contestant(name, *pair) for name, pair in contestants.items()}, passes)
    seconds = {name: np.array(passed[name]) / len(contestants[name][1]) for name in passed}
    exported, *_ = seconds
    rows = [
        (name, f"{1 / np.median(times):.1f}", f"{np.median(times / seconds[exported]):.1f}x")
        for name, times in seconds.items()
    ]
    headings = ("", "sentences/s", "time against (a)")
    print_table(f"Raw text to raw text, {len(texts):,} sentences; {passes} passes", headings, rows)
    same = sum(a == b for a, b in zip(answers[exported], answers[batched], strict=True))
    words = np.mean([len(text.split()) for text in answers[exported]])
    print(f"(a) and (c) agree on {same:,} of {len(texts):,} translations, of {words:.1f} words on average.")
    for name in (one_by_one, batched):
        factor = np.median(seconds[name] / seconds[exported])
        print(f"(a) is {factor:.1f} times as fast as {name[:3]}.")


def _signature(model: models.Model, name: str) -> Translate:
    function = model.signatures[name]
    return lambda texts: _strings(function(text=tf.constant(texts))["translation"])


def _numbers(config: translation.Config, pieces: dict[str, Pieces], texts: Sequence[str]) -> tf.RaggedTensor:
    return pieces["source"].closed(tf.constant(texts), config.max_pieces)[0]


def _strings(texts: tf.Tensor) -> list[str]:
    return [text.decode("utf-8") for text in texts.numpy()]


def _predict_loop(config: translation.Config, pieces: dict[str, Pieces], network: keras.Model) -> Translate:
    """Builds the loop of keras.io/examples/nlp/lstm_seq2seq: two models, `predict` for each token."""
    encoder, decoder, embedding = map(network.get_layer, ("encoder", "decoder", "target_embedding"))

    class DecoderStep(keras.Model):
        def call(self, inputs):
            token, encoded, *states = inputs
            x, states, _ = decoder.step(embedding(token), states, decoder.prepare(encoded))
            return [embedding(x, reverse=True), *states]

    decoder_step = DecoderStep()

    def translate(text: str) -> list[int]:
        source = _numbers(config, pieces, [text]).to_tensor().numpy()
        encoded, *states = encoder.predict(source, verbose=0)
        states = [np.array(state) for state in decoder.start(states)]
        tokens = [Pieces.START]
        while len(tokens) <= translation.limit(source.shape[1] - 1):  # without the end
            logits, *states = decoder_step.predict([np.array(tokens[-1:]), encoded, *states], verbose=0)
            token = int(np.argmax(logits[0]))
            if token == Pieces.END:
                break
            tokens.append(token)
        return tokens

    return lambda texts: [
        _strings(pieces["target"].decode(tf.constant([translate(text)])))[0] for text in texts
    ]


def _batched_loop(config: translation.Config, pieces: dict[str, Pieces], network: keras.Model) -> Translate:
    """Builds a beam search in Python around a compiled encoder and a compiled step of the decoder."""
    encode, step = _compiled(config, network)

    def translate(texts: Sequence[str]) -> list[str]:
        numbers = _numbers(config, pieces, texts)
        order = np.argsort(numbers.row_lengths().numpy(), kind="stable")
        translations: list[str] = [""] * len(texts)
        for start in range(0, len(order), _ROWS):
            chosen = order[start : start + _ROWS]
            source = tf.gather(numbers, chosen).to_tensor()
            best = _search(encode, step, source, config.beam_size, config.length_penalty)
            longest = max(map(len, best))
            padded = np.array([row + [PADDING] * (longest - len(row)) for row in best], np.int32)
            for place, text in zip(chosen, _strings(pieces["target"].decode(padded)), strict=True):
                translations[place] = text
        return translations

    return translate


def _compiled(config: translation.Config, network: keras.Model):
    """Returns tf.functions: source -> first state and memory; and one step of all hypotheses."""
    encoder, decoder, embedding = map(network.get_layer, ("encoder", "decoder", "target_embedding"))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def encode(source):
        encoded, *states = encoder(translation.read_by_encoder(config, embedding, source), training=False)
        memory = decoder.prepare(encoded, tf.not_equal(source, PADDING))
        return tf.nest.map_structure(
            lambda part: tf.repeat(part, config.beam_size, axis=0), (decoder.start(states), memory)
        )

    def free(part):
        return tf.TensorSpec([None] * (part.shape.rank - 1) + part.shape[-1:], part.dtype)

    state, memory = encode.get_concrete_function().structured_outputs
    signature = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.int32), state, memory

    @tf.function(input_signature=tf.nest.map_structure(free, signature))
    def step(tokens, parents, state, memory):
        state = [tf.gather(part, parents) for part in state]
        x, state, _ = decoder.step(embedding(tokens), state, memory)
        return tf.nn.log_softmax(embedding(x, reverse=True)), state

    return encode, step


def _search(encode, step, source: tf.Tensor, beam_size: int, length_penalty: float) -> list[list[int]]:
    """Finds the best translation of each row of source (batch, time), with the bookkeeping in NumPy."""
    batch = len(source)
    state, memory = encode(source)
    limits = translation.limit(np.count_nonzero(source, axis=1) - 1)  # without the end
    tokens = np.full(batch * beam_size, Pieces.START, np.int32)
    parents = np.arange(batch * beam_size, dtype=np.int32)
    texts = np.zeros((batch, beam_size, 0), np.int32)
    open_ = np.full((batch, beam_size), -np.inf, np.float32)
    open_[:, 0] = 0  # the empty text, once
    finished: list[list[tuple[float, list[int]]]] = [[] for _ in range(batch)]
    done = np.zeros(batch, bool)
    rows = np.arange(batch)[:, None]

    def score(log_probability, length):
        return log_probability / ((5 + length) / 6) ** length_penalty

    for t in range(limits.max() + 1):
        totals, state = step(tokens, parents, state, memory)
        totals = totals.numpy().reshape(batch, beam_size, -1) + open_[..., None]
        width = totals.shape[2]
        totals = totals.reshape(batch, -1)
        chosen = np.argpartition(-totals, beam_size, axis=1)[:, :beam_size]
        open_ = totals[rows, chosen]
        slots, last = np.divmod(chosen, width)
        texts = np.concatenate([texts[rows, slots], last[..., None]], axis=2)
        for row, slot in np.argwhere((last == Pieces.END) & ~done[:, None]):
            finished[row].append((score(open_[row, slot], t), texts[row, slot, :-1].tolist()))
        open_[last == Pieces.END] = -np.inf
        for row in np.flatnonzero(~done):
            finished[row] = sorted(finished[row], reverse=True)[:beam_size]
            worst = finished[row][-1][0] if len(finished[row]) == beam_size else -np.inf
            done[row] = t >= limits[row] or score(open_[row].max(), limits[row]) <= worst
        if done.all():
            break
        tokens = last.reshape(-1).astype(np.int32)
        parents = (slots + rows * beam_size).reshape(-1).astype(np.int32)
    unfinished = [texts[row, open_[row].argmax(), : limits[row]].tolist() for row in range(batch)]
    return [finished[row][0][1] if finished[row] else unfinished[row] for row in range(batch)]


# One sentence -----------------------------------------------------------------------------------------------


def _show_one_sentence(model: models.Model, texts: list[str], times: int) -> None:
    text = min(texts, key=lambda text: abs(len(text.split()) - _WORDS))
    rows = []
    for name, signature in (("beam search", "serving_default"), ("greedy", "greedy")):
        translate = _signature(model, signature)
        milliseconds = 1000 * median_seconds(lambda translate=translate: translate([text]), times)
        rows.append((name, f"{milliseconds:.1f} ms"))
    print_table(f"One sentence of {len(text.split())} words alone, SavedModel", ("", "median"), rows)


# Training ---------------------------------------------------------------------------------------------------


def _show_training(config, pieces: dict[str, Pieces], examples: Examples, passes: int) -> None:
    """Times the recipe's training beside plain Keras layers of its sizes, and without an output layer."""
    chosen = examples.train.first(_TRAINED)
    batches = translation.make_batches(
        config, pieces, translation.split(config, chosen), 1, config.max_pieces
    )
    sizes = {side: len(inventory) for side, inventory in pieces.items()}
    tiny = Batches(
        {**batches.inputs, "target": _reduced(batches.inputs["target"])},
        _reduced(batches.targets),
        config.batch_size,
    )
    additive = dataclasses.replace(config, attention="additive")
    full = f"the recipe, {config.attention} attention"
    small = f"the same with {_TINY} target pieces"
    contestants = {
        full: _recipe_pass(config, batches, sizes),
        small: _recipe_pass(config, tiny, {**sizes, "target": _TINY}),
        "the recipe, additive attention": _recipe_pass(additive, batches, sizes),
        "plain Keras, Attention": _plain_pass(config, batches, sizes, keras.layers.Attention),
        "plain Keras, AdditiveAttention": _plain_pass(config, batches, sizes, keras.layers.AdditiveAttention),
    }
    seconds = in_turn(contestants, passes)
    tokens = len(batches.targets.values)
    rows = []
    for name, durations in seconds.items():
        ratio = statistics.median(b / a for a, b in zip(seconds[full], durations, strict=True))
        rate, median = tokens / statistics.median(durations), statistics.median(durations)
        rows.append((name, f"{1000 * median / batches.steps:.0f} ms", f"{rate:,.0f}", f"{ratio:.2f}x"))
    headings = ("", "step", "target tokens/s", "time")
    title = f"Training on {len(batches):,} pairs in batches of {config.batch_size}; {passes} passes"
    print_table(title, headings, rows)
    left = statistics.median(b / a for a, b in zip(seconds[full], seconds[small], strict=True))
    print(
        f"The output layer over {sizes['target']:,} pieces takes {100 * (1 - left):.0f} % of a training step."
    )


def _reduced(rows):
    return dataclasses.replace(rows, values=np.minimum(rows.values, _TINY - 1))


def _recipe_pass(config: translation.Config, batches: Batches, sizes: dict[str, int]) -> Callable[[], object]:
    model = translation.build_model(config, sizes)
    loss = SequenceCrossentropy(PADDING, config.label_smoothing)
    model.compile(training.make_optimizer(config, batches.steps), loss, jit_compile=False)
    return _one_pass(model, batches.shuffled(seed=1), batches.steps)


def _one_pass(model: keras.Model, data: tf.data.Dataset, steps: int) -> Callable[[], object]:
    """Returns a function that takes so many steps; `fit` would wait for its data to be shut down, too."""
    rows = iter(data)
    return lambda: [model.train_on_batch(*next(rows)) for _ in range(steps)]


def _plain_pass(config: translation.Config, batches: Batches, sizes, attention) -> Callable[[], object]:
    """Builds what one would write with Keras's own layers: masks, unsorted batches, untied output layer."""
    layers, cell = keras.layers, CELLS[config.cell]
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    x = layers.Embedding(sizes["source"], config.width, mask_zero=True)(source)
    for _ in range(config.encoder_layers):
        both_ways = layers.Bidirectional(cell(config.encoder_units, return_sequences=True, return_state=True))
        x, *states = both_ways(layers.Dropout(config.dropout)(x))
    half = len(states) // 2
    joined = [layers.Concatenate()([a, b]) for a, b in zip(states[:half], states[half:], strict=True)]
    states = [layers.Dense(config.decoder_units, activation="tanh")(state) for state in joined]
    memory = layers.Dense(config.decoder_units)(x)
    y = layers.Embedding(sizes["target"], config.width, mask_zero=True)(target)
    y = cell(config.decoder_units, return_sequences=True)(y, initial_state=states)
    for _ in range(config.decoder_layers - 1):
        y = layers.Concatenate()([y, attention()([y, memory])])
        y = cell(config.decoder_units, return_sequences=True)(layers.Dropout(config.dropout)(y))
    if config.decoder_layers == 1:
        y = layers.Concatenate()([y, attention()([y, memory])])
    y = layers.Dense(config.width, activation="tanh")(y)
    model = keras.Model({"source": source, "target": target}, layers.Dense(sizes["target"])(y))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING))
    order = np.random.default_rng(1).permutation(len(batches))
    parts = [order[i : i + config.batch_size] for i in range(0, len(order), config.batch_size)]
    padded = [
        ({name: rows.padded(part) for name, rows in batches.inputs.items()}, batches.targets.padded(part))
        for part in parts
    ]
    spec = tf.TensorSpec([None, None], tf.int32)
    data = tf.data.Dataset.from_generator(
        lambda: iter(padded), output_signature=({"source": spec, "target": spec}, spec)
    ).repeat()
    return _one_pass(model, data, len(padded))
