"""Translation: many-to-many of free length. A text goes in, another text comes out, as long as it likes.

    source    s1    s2    s3              t1   t2  <end>   target: the best of several, by beam search
              |     |     |               |    |    |
             RNN<->RNN<->RNN == state ==> RNN--RNN--RNN    the decoder starts where the encoder ended,
              |     |     |   \\            |    |    |
              +-----+-----+--- attention --+----+----+     and looks back at every place of the source
                                           |    |    |
                                        <start> t1   t2    while training: the right tokens so far

Run it:      python -m zoo.recipes.translation
Its data:    phrases of Unicode CLDR in two languages (dates, amounts, names, lists); nothing is downloaded.
Expect:      96 % of new English phrases put into exactly the right French, under four minutes on two cores.
Others:      --source en --target de (or es, it, pt ...); --preset multi30k (captions, German to English),
             en_fr (captions and everyday sentences), pronunciation (spelling to phonemes)
Your data:   --preset multi30k --dataset PAIRS.tsv (columns source and target)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import keras
import tensorflow as tf
from keras import ops

from zoo import baselines, cli, export, metrics, training
from zoo.data import Batches, Examples, Ragged, load
from zoo.data.examples import columns, count_rows, references_of, sources_and_references, sources_and_targets
from zoo.decoding import Decoded, attend, decode
from zoo.errors import ZooError
from zoo.export import serving
from zoo.layers import Cell, Decoder, recurrent
from zoo.show import report, sheets
from zoo.text.pieces import END, PADDING, START, Pieces, count_units, lower_case, with_ends
from zoo.training.losses import SequenceCrossentropy
from zoo.training.run import Run
from zoo.training.warm_start import known_words, warm_start

RECIPE = "translation"
SIDES = ("source", "target")


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "cldr_phrases"
    """cldr_phrases, multi30k, tatoeba_pairs, cmudict, opus/medical ..., or a file; several joined by +."""
    source: str = ""
    """Language to translate from, as in "en"; of a file, the column. Empty: what the data names first."""
    target: str = ""
    """Language to translate into, likewise."""
    scored_as: Literal["translation", "pronunciation"] = "translation"
    """What answers are: text, scored by BLEU and chrF; or phonemes, by their error rate and that of words."""
    lower_case: bool = False
    """Read sources in lower case."""
    source_pieces: int = 4_000
    """Most words and parts of words of the source language with a vector of their own; 0: letters alone."""
    target_pieces: int = 4_000
    """The same of the target language; each step of decoding scores them all."""
    min_count: int = 2
    """Rarer pieces are spelled in smaller ones."""
    max_pieces: int = 100
    """Pieces read of a source; longer pairs are left out of training."""
    width: int = 128
    """Size of the vectors of pieces."""
    cell: Cell = "gru"
    """Recurrent cell of encoder and decoder."""
    encoder_layers: int = 1
    """Bidirectional layers on top of each other."""
    encoder_units: int = 128
    """Size of the encoder's state, in each direction."""
    decoder_layers: int = 2
    """Decoder's layers on top of each other."""
    decoder_units: int = 256
    """Size of the decoder's state."""
    attention: Literal["additive", "dot", "none"] = "dot"
    """How places of the source are weighed; none: the decoder knows the encoder's last state alone."""
    input_feeding: bool = False
    """Hand each step's readout to the next one (Luong et al. 2015); training then runs step by step."""
    dropout: float = 0.0
    """Dropout before each layer: along depth, never along time."""
    word_dropout: float = 0.0
    """Share of pieces whose vector is dropped while training, on both sides."""
    label_smoothing: float = 0.1
    """Share of probability that training spreads over all pieces, so that the model is never too sure."""
    beam_size: int = 5
    """Translations followed at a time by the exported model."""
    length_penalty: float = 0.6
    """0: the most probable translation wins, which tends to be short; 1: nearly the mean over its pieces."""
    storage: Literal["float32", "float16"] = "float16"
    """Type of the exported weights; float16 halves the files, and scores are those of the rounded weights."""
    epochs: int = 3
    """Most epochs; the schedule ends with the last one."""
    steps_per_epoch: int = 500
    """Batches in an epoch; 0: one pass over the data."""
    learning_rate: float = 4e-3
    """Highest learning rate."""
    patience: int = 0
    """Epochs without better translations of the validation part before training stops; 0: all are run."""


# Data -------------------------------------------------------------------------------------------------------


def learn_pieces(config: Config, examples: Examples, side: str, known: Sequence[str] = ()) -> list[str]:
    """Learns an open vocabulary from one side of the training part, after the pieces already known."""
    counts = count_units(as_read(config, side, texts) for (texts,) in columns(examples.train, side))
    size = config.source_pieces if side == "source" else config.target_pieces
    return Pieces.learn(counts, size, config.min_count, known)


def as_read(config: Config, side: str, texts: tf.Tensor) -> tf.Tensor:
    """Puts sources into lower case, if asked for."""
    return lower_case(texts) if config.lower_case and side == "source" else texts


def write_pieces(lists: dict[str, list[str]], folder: Path) -> dict[str, Pieces]:
    """Writes each side's pieces, one a line."""
    return {side: Pieces.write(lists[side], folder / f"{side}.txt") for side in SIDES}


def close(config: Config, numbers: tf.RaggedTensor) -> tf.RaggedTensor:
    """Cuts sources, ragged (batch, time), after `max_pieces`, and puts the end symbol behind them.

    So even an empty text has one step, as fused kernels and attention need.
    """
    return with_ends(numbers[:, : config.max_pieces])[:, 1:]


def make_batches(config: Config, pieces: dict[str, Pieces], dataset, replicas, most=None) -> Batches:
    """Encodes every pair once; pairs with a side of more than `most` pieces are left out."""
    sources, targets = [], []
    for block in columns(dataset, *SIDES):
        texts = zip(SIDES, block, strict=True)
        pair = [pieces[side].encode(as_read(config, side, column)) for side, column in texts]
        if most:
            fits = tf.maximum(*(numbers.row_lengths() for numbers in pair)) <= most
            pair = [tf.ragged.boolean_mask(numbers, fits) for numbers in pair]
        sources.append(close(config, pair[0]))
        # No translation is longer; only validation has such, and their logits would fill the memory.
        targets.append(with_ends(pair[1][:, : limit(config.max_pieces)]))
    # Teacher forcing: each step is given the right piece before it, and asked for the next.
    inputs = {"source": sources, "target": [rows[:, :-1] for rows in targets]}
    inputs = {name: Ragged.concatenate(rows) for name, rows in inputs.items()}
    if not len(inputs["source"].lengths):
        raise ZooError(f"--max-pieces {most}: all pairs of {config.dataset} are longer; raise it")
    return Batches(inputs, Ragged.concatenate([rows[:, 1:] for rows in targets]), config.batch_size, replicas)


# Model ------------------------------------------------------------------------------------------------------


def build_encoder(config: Config, size: int) -> keras.Model:
    """Builds source (batch, time) -> outputs (batch, time, 2 * units), and the decoder's first states."""
    source = keras.Input((None,), dtype="int32", name="source")
    # Padding stands on the right, where the fused cuDNN kernels ask for it.
    mask = ops.not_equal(source, PADDING)
    # With Keras's short vectors the recurrent layers would start slowly.
    vectors = keras.initializers.RandomNormal(stddev=1.0)
    x = keras.layers.Embedding(size, config.width, vectors, name="source_embedding")(source)
    x = word_dropout(config, "source_word_dropout")(x)

    tops = []  # what each layer ends with: (h,), of an LSTM (h, c), both directions joined
    for number in range(1, config.encoder_layers + 1):
        layer = recurrent(
            config.cell, config.encoder_units, return_sequences=True, return_state=True, name=f"rnn_{number}"
        )
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
        x, *states = keras.layers.Bidirectional(layer, name=f"both_ways_{number}")(x, mask=mask)
        forward, backward = states[: len(states) // 2], states[len(states) // 2 :]
        tops.append([ops.concatenate(pair, axis=-1) for pair in zip(forward, backward, strict=True)])
    x = keras.layers.Dropout(config.dropout, name="encoded")(x)

    # The bridge: the decoder's layers start from the encoder's of the same height (the top one's, if it has
    # fewer), through a small layer, since the sizes differ (Bahdanau et al. 2015).
    first = [
        keras.layers.Dense(config.decoder_units, activation="tanh", name=f"bridge_{number}_{part}")(state)
        for number in range(1, config.decoder_layers + 1)
        for part, state in enumerate(tops[min(number, config.encoder_layers) - 1])
    ]
    return keras.Model(source, [x, *first], name="encoder")


def word_dropout(config: Config, name: str) -> keras.layers.Layer:
    """Drops whole vectors, so that no single word is relied on (Gal and Ghahramani 2016)."""
    return keras.layers.Dropout(config.word_dropout, noise_shape=(None, None, 1), name=name)


def build_model(config: Config, sizes: dict[str, int]) -> keras.Model:
    """Builds source and target so far (batch, time) -> logits of the next piece (batch, time, pieces)."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    encoded, *states = build_encoder(config, sizes["source"])(source)

    # One matrix reads the target's pieces and scores them (Press and Wolf 2017). Logits stay float32 under
    # mixed precision: a loss needs more digits than half precision has.
    # Vectors of length 1 make logits of size 1, and the decoder lengthens what it reads.
    embedding = keras.layers.ReversibleEmbedding(
        sizes["target"],
        config.width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=config.width**-0.5),
        reverse_dtype="float32",
        name="target_embedding",
    )
    decoder = Decoder(
        config.cell,
        config.decoder_layers,
        config.decoder_units,
        config.width,
        config.attention,
        config.input_feeding,
        config.dropout,
        name="decoder",
    )
    x = word_dropout(config, "target_word_dropout")(embedding(target))
    x = decoder(x, states, encoded, ops.not_equal(source, PADDING))
    return keras.Model({"source": source, "target": target}, embedding(x, reverse=True), name=RECIPE)


# Decoding ---------------------------------------------------------------------------------------------------


def limit(pieces):
    """Returns how long a translation may get: a guess that is generous, and ends what never would."""
    return 2 * pieces + 10


def encode(model: keras.Model, source: tf.Tensor) -> tuple:
    """Returns what `decode` and `attend` take first: layers that write, states, and what is looked at."""
    encoder, decoder, embedding = map(model.get_layer, ("encoder", "decoder", "target_embedding"))
    encoded, *states = encoder(source, training=False)
    return decoder, embedding, states, encoded, tf.not_equal(source, PADDING)


def translate(config: Config, model: keras.Model, source: tf.Tensor, beam_size: int) -> Decoded:
    """Finds the `beam_size` best translations of source (batch, time), each part (batch, beam, ...)."""
    decoder, embedding, states, encoded, real = encode(model, source)
    lengths = tf.reduce_sum(tf.cast(real, tf.int32), axis=1)
    empty = lengths[:, None] <= 1  # nothing but the end
    limits = tf.where(empty[:, 0], 0, limit(lengths - 1))
    found = decode(
        decoder, embedding, states, encoded, real, START, END, limits, beam_size, config.length_penalty
    )
    return found._replace(scores=tf.where(empty, 0.0, found.scores), finished=found.finished | empty)


def look(model: keras.Model, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Returns the attention (batch, target, source) under which targets (batch, time) are written."""
    return attend(*encode(model, source), START, target)


def translator(config: Config, model: keras.Model, pieces: Pieces):
    """Returns a function that translates batches greedily: strings, in the order of the data."""

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def run(source):
        return pieces.decode(translate(config, model, source, 1).tokens[:, 0])

    def run_all(batches: Batches) -> list[str]:
        rows = [row for inputs, *_ in batches.in_order() for row in run(inputs["source"]).numpy()]
        return [row.decode("utf-8") for row in batches.restore_order(rows)]

    return run_all


# Serving ----------------------------------------------------------------------------------------------------


class Translation(serving.Serving):
    """Raw strings in; translations with their scores out."""

    def __init__(self, config: Config, model: keras.Model, pieces: dict[str, Pieces]):
        super().__init__(model, config.storage)
        self.config, self.source, self.target = config, pieces["source"], pieces["target"]

    @serving.signature("text")
    def translate(self, text):
        """Returns the best `translation` that the beam search finds, and its `score`."""
        return best(self.searched(text, self.config.beam_size))

    @serving.signature("text")
    def translate_greedily(self, text):
        """As `translate`, but follows the most probable piece only: faster, and mostly a little worse."""
        return best(self.searched(text, 1))

    @serving.signature("text")
    def translate_n_best(self, text):
        """Returns as many `translations` as the beam holds, the best first, and their `scores`."""
        return self.searched(text, self.config.beam_size)

    @serving.signature("text")
    def show_attention(self, text):
        """As `translate`, and the tokens of both sides with the weights between them."""
        source, truncated = self.read(text)
        source = serving.padded(source)
        found = translate(self.config, self.model, source, self.config.beam_size)
        target = serving.padded(tf.RaggedTensor.from_tensor(found.tokens[:, 0], found.lengths[:, 0]))
        weights = look(self.model, source, target)
        return {
            **best({**self.written(found), "truncated": truncated}),
            "source_tokens": self.source.strings(source),
            "target_tokens": self.target.strings(target),
            "attention": tf.where(tf.not_equal(target, PADDING)[..., None], weights, 0.0),
        }

    def searched(self, text: tf.Tensor, beam_size: int) -> dict[str, tf.Tensor]:
        """Returns `translations`, `scores` and `finished` (batch, beam), and `truncated` (batch,)."""
        source, truncated = self.read(text)
        types = {"translations": tf.string, "scores": tf.float32, "finished": tf.bool}
        specs = {name: tf.TensorSpec([None, beam_size], kind) for name, kind in types.items()}
        found = serving.by_length(
            lambda inputs: self.written(translate(self.config, self.model, inputs["source"], beam_size)),
            {"source": source},
            specs,
            rows=128,
        )
        return {**found, "truncated": truncated}

    # Functions of their own, which stand once in the SavedModel, however many signatures use them.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def read(self, text: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        """Returns the pieces of texts (batch,), and which of the texts were cut."""
        numbers = self.source.encode(as_read(self.config, "source", text))
        return close(self.config, numbers), numbers.row_lengths() > self.config.max_pieces

    @tf.function(input_signature=[tf.TensorSpec([None, None, None], tf.int32)], autograph=False)
    def texts(self, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the texts (batch, beam) that tokens (batch, beam, time) stand for."""
        return self.target.decode(tokens)

    def written(self, found: Decoded) -> dict[str, tf.Tensor]:
        """Returns what was found, as text."""
        return {
            "translations": self.texts(found.tokens),
            "scores": found.scores,
            "finished": found.finished,
        }


def best(found: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Takes the first one of each beam."""
    return {
        "translation": found["translations"][:, 0],
        "score": found["scores"][:, 0],
        "finished": found["finished"][:, 0],
        "truncated": found["truncated"],
    }


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses sizes and shares that make no model."""
    sizes = ("width", "encoder_layers", "encoder_units", "decoder_layers", "decoder_units", "beam_size")
    training.require(config, 1, None, "min_count", "max_pieces", *sizes)
    learned = [field for field in ("source_pieces", "target_pieces") if getattr(config, field)]
    training.require(config, 300, None, *learned)
    training.require(config, 0, 0.99, "dropout", "word_dropout", "label_smoothing")
    training.require(config, 0, None, "length_penalty")


def evaluate(module: Translation, name: str, examples: Examples) -> dict[str, dict[str, dict]]:
    """Scores test part -> the simple baselines, and the model as it will be exported, under its name."""
    scored_as = module.config.scored_as
    scores = baselines.translation(examples, scored_as)
    for part, named in scores.items():
        sources, references = sources_and_references(examples.split(part))
        predicted = []
        for start in range(0, len(sources), 1024):
            answers = module.translate(tf.constant(sources[start : start + 1024]))
            predicted += [text.decode("utf-8") for text in answers["translation"].numpy()]
        named[name] = metrics.ANSWERS[scored_as](references, predicted)
        report.print_translation(named, sources, references, predicted, part, scored_as)
    return scores


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check(config)
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    strategy = training.start(config)
    examples = load(config.dataset, "translation", source=config.source, target=config.target)
    known = {side: known_words(config.init_from, f"{side}.txt") for side in SIDES}
    lists = {side: learn_pieces(config, examples, side, known[side]) for side in SIDES}
    with strategy.scope():
        model = build_model(config, {side: len(found) for side, found in lists.items()})
        warm_start(model, config.init_from, [f"{side}_embedding/embeddings" for side in SIDES])

    replicas = strategy.num_replicas_in_sync
    with TemporaryDirectory() as folder:
        pieces = write_pieces(lists, Path(folder))
        train = make_batches(config, pieces, examples.train, replicas, config.max_pieces)
        validation = make_batches(config, pieces, examples.validation, replicas)

    # Nothing is written before this line, and what can be wrong with the input was found.
    run.create(examples.fingerprint([*known["source"], *known["target"]]))
    pieces = write_pieces(lists, run.directory)
    translated = translator(config, model, pieces["target"])
    rows, targets = sources_and_targets(examples.validation)
    held_out, references = references_of(rows, targets)

    def validation_score() -> float:
        found = dict(zip(rows, translated(validation), strict=True))
        scores = metrics.ANSWERS[config.scored_as](references, [found[source] for source in held_out])
        # BLEU would do for chrF, but for data of single words, in which it finds no run of four to count.
        return scores["chrf"] if "chrf" in scores else 100 - scores["word_error_rate"]

    loss = SequenceCrossentropy(PADDING, config.label_smoothing)
    outcome = training.fit(run, config, model, train, validation, loss, [], validation_score)
    sheets.draw_learning_curve(outcome, run.directory / "learning_curve.png")

    module = Translation(config, model, pieces)
    scores = evaluate(module, run.name, examples)
    run.write_metrics({**scores, **outcome})

    sizes = {"train": len(train), "validation": len(validation)}
    sizes |= {part: count_rows(examples.split(part)) for part in scores}
    manifest = export.manifest(run, "translation", examples, sizes, scores, outcome)
    samples = ["", " ", "Ada met Bo on May 3, 2021.", "Ж", *sources_and_references(examples.test)[0][:8]]
    signatures = {
        "serving_default": module.translate,
        "greedy": module.translate_greedily,
        "beam": module.translate_n_best,
    }
    if config.attention != "none":
        signatures["attention"] = module.show_attention
    export.save(module, target, signatures, dict.fromkeys(signatures, samples), manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
