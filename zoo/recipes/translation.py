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
             de_en, en_fr (everyday sentences and captions), pronunciation (spelling to phonemes)
Your data:   --preset multi30k --dataset PAIRS.tsv (columns source and target)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import keras
import tensorflow as tf
from keras import ops

from zoo import cli, decoding, export, layers, text, training
from zoo.data import Batches, Part, recased, varied
from zoo.errors import ZooError
from zoo.training import Count, Positive, Share, Size


@dataclass(frozen=True)
class Config(training.Settings, training.Search):
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
    source_pieces: Annotated[int, training.Range(300, zero_too=True)] = 4_000
    """Most words and parts of words of the source language with a vector of their own; 0: letters alone. With
    --joint it is not used."""
    target_pieces: Annotated[int, training.Range(300, zero_too=True)] = 4_000
    """The same of the target language; each step of decoding scores them all."""
    joint: bool = False
    """One inventory of --target-pieces, and one matrix of vectors, for both languages: what is spelled alike
    is cut alike, and names can be copied piece by piece."""
    min_count: Count = 2
    """Rarer pieces are spelled in smaller ones."""
    varied: Share = 0.0
    """Copies of training pairs with other numbers in them, of so many as there are pairs, and as many with
    other names: a translator learns to hand both on."""
    recased: Share = 0.0
    """Share of the training pairs whose source is read in lower case, too; half as many With Each Word So,
    and as many with one WORD so. Texts in capitals alone are then read in lower case, and answered loudly."""
    max_pieces: Count = 100
    """Pieces read of a source; longer pairs are left out of training."""
    width: Count = 128
    """Size of the vectors of pieces."""
    cell: layers.Cell = "gru"
    """Recurrent cell of encoder and decoder."""
    encoder_layers: Count = 1
    """Bidirectional layers on top of each other."""
    encoder_units: Count = 128
    """Size of the encoder's state, in each direction."""
    decoder_layers: Count = 2
    """Decoder's layers on top of each other."""
    decoder_units: Count = 256
    """Size of the decoder's state."""
    attention: Literal["additive", "dot", "none"] = "dot"
    """How places of the source are weighed; none: the decoder knows the encoder's last state alone."""
    lexical: bool = False
    """Attention gives the vectors of the source's pieces too, beside what the encoder makes of them: a
    shortcut for what is to be copied."""
    input_feeding: bool = False
    """Hand each step's readout to the next one (Luong et al. 2015); training then runs step by step."""
    dropout: Share = 0.0
    """Dropout before each layer: along depth, never along time."""
    word_dropout: Share = 0.0
    """Share of pieces whose vector is dropped while training, on both sides."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    storage: training.Storage = "float16"
    epochs: Count = 3
    steps_per_epoch: Size = 500
    learning_rate: Positive = 4e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def more(config: Config, part: Part, languages: Sequence[str]) -> Part:
    """Adds copies of training pairs, with other numbers and names, and in other cases."""
    if config.varied:
        part = varied(part, config.varied, languages)
    half = config.recased / 2
    return recased(part, "source", config.recased, titles=half, shouts=half) if config.recased else part


def split(config: Config, part: Part) -> dict[str, text.Split]:
    """Splits both sides of all pairs, once: for their pieces to be learned, and to be cut into these."""
    lower = {"source": config.lower_case, "target": False}
    return {side: text.Split.of_column(part.blocks(side), lower[side]) for side in lower}


def make_batches(
    config: Config, pieces: dict[str, text.Pieces], pairs: dict[str, text.Split], replicas: int, most=None
) -> Batches:
    """Encodes every pair once; pairs with a side of more than `most` pieces are left out."""
    source, lengths = pieces["source"].closed(pairs["source"], config.max_pieces)
    target = pieces["target"].encode(pairs["target"])
    fits = None if most is None else tf.maximum(lengths, target.row_lengths()) <= most
    too_long = f"--max-pieces {most}: all pairs of {config.dataset} are longer; raise it"
    # No translation is longer; only validation has such, and their logits would fill the memory.
    target = text.with_ends(target[:, : limit(config.max_pieces)])
    # Teacher forcing: each step is given the right piece before it, and asked for the next.
    inputs, asked = {"source": source, "target": target[:, :-1]}, target[:, 1:]
    return Batches.of_tensors(inputs, asked, config.batch_size, replicas, fits, too_long)


# Model ------------------------------------------------------------------------------------------------------


def build_encoder(config: Config, size: int) -> keras.Model:
    """Builds source (batch, time) -> outputs (batch, time, features), and the decoder's first states.

    With `joint` the vectors of the source's pieces (batch, time, width) go in beside it.
    """
    source = keras.Input((None,), dtype="int32", name="source")
    inputs: list = [source]
    # Padding stands on the right, where the fused cuDNN kernels ask for it.
    mask = ops.not_equal(source, text.PADDING)
    if config.joint:
        x = keras.Input((None, config.width), name="vectors")
        inputs.append(x)
    else:
        # With Keras's short vectors the recurrent layers would start slowly.
        vectors = keras.initializers.RandomNormal(stddev=1.0)
        x = keras.layers.Embedding(size, config.width, vectors, name="source_embedding")(source)
    x = vectors_of_pieces = layers.word_dropout(config.word_dropout, "source_word_dropout")(x)

    tops = []  # what each layer ends with: (h,), of an LSTM (h, c), both directions joined
    for number in range(1, config.encoder_layers + 1):
        layer = layers.recurrent(
            config.cell, config.encoder_units, return_sequences=True, return_state=True, name=f"rnn_{number}"
        )
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)
        x, *states = keras.layers.Bidirectional(layer, name=f"both_ways_{number}")(x, mask=mask)
        forward, backward = states[: len(states) // 2], states[len(states) // 2 :]
        tops.append([ops.concatenate(pair, axis=-1) for pair in zip(forward, backward, strict=True)])
    if config.lexical:
        x = keras.layers.Concatenate(name="with_pieces")([x, vectors_of_pieces])
    x = keras.layers.Dropout(config.dropout, name="encoded")(x)

    # The bridge: the decoder's layers start from the encoder's of the same height (the top one's, if it has
    # fewer), through a small layer, since the sizes differ (Bahdanau et al. 2015).
    first = [
        keras.layers.Dense(config.decoder_units, activation="tanh", name=f"bridge_{number}_{part}")(state)
        for number in range(1, config.decoder_layers + 1)
        for part, state in enumerate(tops[min(number, config.encoder_layers) - 1])
    ]
    return keras.Model(inputs, [x, *first], name="encoder")


def read_by_encoder(config: Config, embedding: keras.layers.Layer, source):
    """Returns the encoder's inputs."""
    # The vectors that score pieces are short: see `zoo.layers.tied_embedding`.
    return [source, embedding(source) * config.width**0.5] if config.joint else [source]


def build_model(config: Config, sizes: dict[str, int]) -> keras.Model:
    """Builds source and target so far (batch, time) -> logits of the next piece (batch, time, pieces)."""
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    # One matrix reads the target's pieces and scores them (Press and Wolf 2017).
    embedding = layers.tied_embedding(sizes["target"], config.width, name="target_embedding")
    encoder = build_encoder(config, sizes["source"])
    encoded, *states = encoder(read_by_encoder(config, embedding, source))
    stack = (config.cell, config.decoder_layers, config.decoder_units, config.width)
    decoder = layers.Decoder(*stack, config.attention, config.input_feeding, config.dropout, name="decoder")
    x = layers.word_dropout(config.word_dropout, "target_word_dropout")(embedding(target))
    x = decoder(x, states, encoded, ops.not_equal(source, text.PADDING))
    return keras.Model({"source": source, "target": target}, embedding(x, reverse=True), name="translation")


# Decoding and serving ---------------------------------------------------------------------------------------


def limit(pieces):
    """Returns how long a translation may get: a guess that is generous, and ends what never would."""
    return 2 * pieces + 10


def search(
    config: Config, model: keras.Model, writer: decoding.Writer, source: tf.Tensor, beam_size: int
) -> tuple[decoding.Seen, decoding.Decoded]:
    """Returns what is seen of sources (batch, time), and their best translations, (batch, beam, ...)."""
    inputs = read_by_encoder(config, model.get_layer("target_embedding"), source)
    encoded, *states = model.get_layer("encoder")(inputs, training=False)
    mask = tf.not_equal(source, text.PADDING)
    seen = decoding.Seen(states, encoded, mask, decoding.repeating(source, mask))
    lengths = tf.reduce_sum(tf.cast(seen.mask, tf.int32), axis=1) - 1  # without the end
    limits = tf.where(lengths > 0, limit(lengths), 0)
    return seen, writer.search(seen, limits, beam_size, config.length_penalty)


class Translation(export.Serving):
    """Raw strings in; translations with their scores out."""

    mapping = "translation"

    def __init__(
        self,
        config: Config,
        model: keras.Model,
        pieces: dict[str, text.Pieces],
        habits: decoding.Habits | None = None,
    ):
        super().__init__(model, config, own={"habits": habits.to_json()} if habits else None)
        self.source = pieces["source"]
        self.writer = decoding.Writer.of(self.model, pieces["target"], "target_embedding", habits)
        self.confidence = decoding.Confidence()

    @export.signature("text")
    def translate(self, text):
        """Returns the best `translation` that the beam search finds, its `score`, and its `confidence`:
        how probable it is that it is right.
        """
        return self.searched(text).best("translation")

    @export.signature("text", "greedy")
    def translate_greedily(self, text):
        """As `translate`, but follows the most probable piece only: faster, and mostly a little worse."""
        return self.write(text, 1).best("translation")

    @export.signature("text", "beam")
    def translate_n_best(self, text):
        """Returns as many `translations` as the beam holds, the best first, with `scores`, `confidences`."""
        return self.searched(text).all("translations")

    @export.signature("text", "attention", when=lambda config: config.attention != "none")
    def show_attention(self, text):
        """As `translate`, and the tokens of both sides with the weights between them."""
        numbers, truncated, loud = self.read(text)
        source = export.padded(numbers)
        seen, decoded = search(self.config, self.model, self.writer, source, self.config.beam_size)
        shown, attention = self.writer.shown(seen, decoded)
        tokens = {"source_tokens": self.source.strings(source), "target_tokens": shown}
        return {
            **self.told(self.writer.written(decoded), text, truncated, loud).best("translation"),
            **{side: decoding.louder(pieces, loud) for side, pieces in tokens.items()},
            "attention": attention,
        }

    @export.once(tf.TensorSpec([None], tf.string))
    def searched(self, text: tf.Tensor) -> decoding.Written:
        """Returns the translations that the beam search finds, (batch, beam)."""
        return self.write(text, self.config.beam_size)

    def write(self, text: tf.Tensor, beam_size: int) -> decoding.Written:
        """Returns translations (batch, beam)."""
        source, truncated, loud = self.read(text)

        def translate(inputs):
            _, decoded = search(self.config, self.model, self.writer, inputs["source"], beam_size)
            return self.writer.written(decoded)

        specs = self.writer.specs(beam_size)
        written = export.by_length(translate, {"source": source}, specs, rows=128)
        return self.told(written, text, truncated, loud)

    def told(
        self, written: decoding.Written, texts: tf.Tensor, truncated: tf.Tensor, loud: tf.Tensor
    ) -> decoding.Written:
        """Returns what was written of texts (batch,), with what is said of it."""
        about = tf.strings.length(texts, unit="UTF8_CHAR")
        return written.sure(self.confidence, about).louder(loud).noting(truncated=truncated)

    @export.once(tf.TensorSpec([None], tf.string))
    def read(self, texts: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor, tf.Tensor]:
        """Returns the pieces of texts (batch,), which of the texts were cut, and which stand in capitals."""
        loud = tf.zeros_like(texts, tf.bool)
        if self.config.recased:
            texts = text.normalise(texts)
            loud = text.loud(texts)
            texts = tf.where(loud, text.lower(texts), texts)
        numbers, lengths = self.source.closed(texts, self.config.max_pieces)
        return numbers, lengths > self.config.max_pieces, loud


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    run = training.Run(__file__, config, alike=["joint"])
    if config.lexical and config.attention == "none":
        raise ZooError("--lexical: it is attention that gives pieces; leave it out, or --attention none")
    if config.joint and config.lower_case:
        raise ZooError("--joint: both sides are cut alike, so --lower-case cannot be for one; leave one out")
    examples = run.load("translation", source=config.source, target=config.target)
    pairs, held_out = (
        split(config, more(config, examples.train, examples.languages)),
        split(config, examples.validation),
    )
    counts = {side: pairs[side].counts for side in pairs}
    if config.joint:
        counts = dict.fromkeys(counts, counts["source"] + counts["target"])
    of_source = config.target_pieces if config.joint else config.source_pieces
    sizes = {"source": (of_source, config.lower_case), "target": (config.target_pieces,)}
    embeddings = {side: f"{'target' if config.joint else side}_embedding" for side in sizes}
    pieces = {
        side: run.vocabulary(side, text.Pieces, counts[side], *sizes[side], vectors=embeddings[side])
        for side in sizes
    }
    if config.joint and pieces["source"].lines != pieces["target"].lines:
        raise ZooError(
            f"--joint: {config.init_from} knows its two languages by different pieces; leave --joint out"
        )
    model = run.build(build_model, config, {side: len(own) for side, own in pieces.items()})
    run.start_from(model, grown=[f"{name}/embeddings" for name in set(embeddings.values())])
    train = make_batches(config, pieces, pairs, run.replicas, config.max_pieces)
    validation = make_batches(config, pieces, held_out, run.replicas)
    loss = training.SequenceCrossentropy(text.PADDING, config.label_smoothing)
    # A pronunciation has no phoneme twice in a row that no other word has so.
    words = config.scored_as == "pronunciation"
    habits = decoding.Habits.of(train.targets, len(pieces["target"])) if words else None
    writer = decoding.Writer.of(model, pieces["target"], "target_embedding", habits)

    def translate(inputs):
        return writer.written(search(config, model, writer, inputs["source"], 1)[1]).texts[:, 0]

    score = run.task.scorer(examples.validation, validation.answering(translate))
    run.fit(model, train, validation, loss, score=score)

    module = Translation(config, model, pieces, habits)
    training.fit_confidence(module, examples.validation)
    run.evaluate(module)
    samples = ["", " ", "Ada met Bo on May 3, 2021.", "Ж", *dict.fromkeys(examples.test.strings("source"))]
    run.export(module, samples[:12], {"train": len(train), "validation": len(validation)})


if __name__ == "__main__":
    cli.run(Config, main, presets="translation")
