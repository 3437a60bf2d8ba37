"""Tagging: many-to-many, aligned. Tokens go in, one tag for each of them comes out.

    tokens    t1    t2    t3    t4     each: a vector of its own, one read off its characters by a small RNN,
              |     |     |     |            and one added up from its two ends and its shape
             RNN<->RNN<->RNN<->RNN     bidirectional, stacked, return_sequences: every step sees both sides
              |     |     |     |
             tag - tag - tag - tag     CRF: the best sequence of tags, not the best tag at each step

Run it:      python -m zoo.recipes.tagging
Its data:    Python's own standard library, each token tagged with its role; nothing is downloaded.
Expect:      token accuracy about 0.98 on modules it never saw, under four minutes on two CPU cores.
Others:      --preset conll2003 (entities), --preset en_ewt (parts of speech), --preset conll2000 (chunks)
Your data:   --preset conll2003 --dataset FILE.conll (a token and its tag on each line, a blank line between
             sentences)
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import keras
import tensorflow as tf
from keras import ops

from zoo import cli, export, layers, text, training
from zoo.data import Batches, Part, Rows, gathered, recased
from zoo.training import Count, NotNegative, Positive, Share, Size

NO_TAG = -1  # fills up the tags of short rows
UNKNOWN = text.Vocabulary.UNKNOWN


@dataclass(frozen=True)
class Config(training.Settings, training.Elsewhere):
    """What one experiment is; presets and flags change it."""

    dataset: str = "python_source"
    """python_source, conll2003, conll2000, universal_dependencies/en_ewt, wikiann/de, or a file."""
    tags: str = ""
    """Which tags, where the data has several: ner, chunks, upos ..., or a file's column (-1: the last)."""
    style: Literal["auto", "prose", "universal", "code"] = "auto"
    """How the exported model splits raw text: prose leaves hyphenated words whole, universal parts them;
    auto: code for python_source, universal for treebanks, else prose."""
    max_tokens: Count = 500
    """Tokens kept of each training sentence; the exported model reads all."""
    vocabulary_size: Annotated[int, training.Range(4)] = 10_000
    """Most words with a vector of their own."""
    min_count: Count = 2
    """Rarer words count as unknown."""
    word_units: Count = 64
    """Size of word vectors."""
    characters: Annotated[int, training.Range(4)] = 20
    """Characters read of each word: of longer ones, both ends."""
    character_units: Size = 16
    """State, in each direction, of the RNN inside words; 0: none."""
    spelling_units: Size = 32
    """Size of the vectors that are added up from a word's ends and its shape; 0: none."""
    spelling_buckets: Count = 10_000
    """Ends and shapes are hashed into so many vectors."""
    spelling_dropout: Share = 0.3
    """Share of ends and shapes dropped while training."""
    word_dropout: Share = 0.3
    """Share of words replaced by the unknown word while training."""
    embedding_dropout: Share = 0.5
    """Share of a token's features dropped while training."""
    lower_case: Share = 0.0
    """Share of the training sentences that are read in lower case, too."""
    capitals: Share = 0.0
    """Share of them that are read in capitals, too."""
    cell: layers.Cell = "lstm"
    """Recurrent cell, inside words and between them."""
    layers: Count = 2
    """Bidirectional layers on top of each other."""
    units: Count = 64
    """Size of the state, in each direction."""
    dropout: Share = 0.5
    """Dropout between layers: along depth, never along time."""
    crf: bool = True
    """Score neighbouring tags too; without, each tag is chosen for itself."""
    auxiliary: str = ""
    """Other tags of the data, as --tags names them, that the first layer learns beside; it gives none."""
    auxiliary_weight: NotNegative = 0.5
    """How much their loss counts."""
    # Other defaults than elsewhere; what they mean is said where they are inherited from.
    epochs: Count = 4
    steps_per_epoch: Size = 200
    batch_size: Count = 16
    learning_rate: Positive = 2e-3
    patience: Size = 0


# Data -------------------------------------------------------------------------------------------------------


def encode(config: Config, known: text.Known, tokens: tf.RaggedTensor):
    """Turns tokens (batch, time) into the model's inputs: words, and the spelling of each.

    Words come again and again: the spelling of each is a row of a table.
    """
    distinct, rows = tf.unique(tokens.values)
    words = tf.maximum(known.words(text.normalize(distinct)), UNKNOWN)  # a token named <padding> is none
    inputs, rows = {"words": tokens.with_values(tf.gather(words, rows))}, tokens.with_values(rows)
    if config.character_units:
        inputs["characters"] = Rows(rows, text.character_numbers(distinct, config.characters))
    if config.spelling_units:
        inputs["spelling"] = Rows(rows, text.spelling_features(distinct, config.spelling_buckets))
    return inputs | {name: Rows(rows, table) for name, table in known.tables(distinct).items()}


def count_words(train: Part) -> Counter[bytes]:
    """Counts the words of the training part."""
    return text.count(text.normalize(tokens.values) for (tokens,) in train.blocks("tokens"))


def make_batches(
    config: Config, known: text.Known, part: Part, names: Sequence[str], replicas: int, most=None
) -> Batches:
    """Encodes every sentence once, cut after `most` tokens; the batches are drawn from the cached numbers."""
    number = {tag.encode(): index for index, tag in enumerate(names)}

    def encode_block(tokens, tags, *also):
        # A tag that training lacks can be no answer; scores compare strings.
        numbers = tf.constant([number.get(tag, 0) for tag in tags.values.numpy()])
        for others in also:  # what is learned beside: a number for each pair
            numbers += len(names) * others.values
        return encode(config, known, tokens[:, :most]), tags.with_values(numbers)[:, :most]

    features = [name for name in ("tokens", "tags", training.ALSO) if name in part.features]
    return Batches.encoded(part.blocks(*features), encode_block, config.batch_size, replicas, padding=NO_TAG)


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, known: text.Known, tag_names: tuple[str, ...]) -> keras.Model:
    """Builds words (batch, time), and spelling beside them -> logits (batch, time, tags)."""
    words = keras.Input((None,), dtype="int32", name="words")
    inputs = {"words": words}
    # Padding stands on the right, where the fused cuDNN kernels ask for it.
    mask = ops.not_equal(words, text.PADDING)

    # Tokens: dropping words trains the unknown word, and makes the model look at their spelling.
    x = layers.WordDropout(config.word_dropout, UNKNOWN, reserved=UNKNOWN + 1, name="word_dropout")(words)
    vectors = [keras.layers.Embedding(len(known.words), config.word_units, name="word_embedding")(x)]
    if config.character_units:
        inputs["characters"] = keras.Input((None, config.characters), dtype="int32", name="characters")
        reader = layers.CharacterRNN(
            config.cell, config.character_units, text.CHARACTERS, name="character_rnn"
        )
        vectors.append(reader(inputs["characters"]))
    if config.spelling_units:
        inputs["spelling"] = keras.Input((None, text.SPELLING_FEATURES), dtype="int32", name="spelling")
        adder = layers.SubwordEmbedding(
            config.spelling_buckets, config.spelling_units, config.spelling_dropout, name="spelling_embedding"
        )
        vectors.append(adder(inputs["spelling"]))
    vectors += layers.from_elsewhere(known, config.cluster_units, inputs)
    x = keras.layers.Concatenate(name="token_vectors")(vectors) if len(vectors) > 1 else vectors[0]
    x = keras.layers.Dropout(config.embedding_dropout, name="embedding_dropout")(x)

    # Context: each layer reads in both directions. Dropout stands between layers, along depth; along time it
    # would disturb what the state carries (Zaremba et al. 2014).
    for number in range(1, config.layers + 1):
        layer = layers.recurrent(config.cell, config.units, return_sequences=True, name=f"rnn_{number}")
        x = keras.layers.Bidirectional(layer, name=f"both_ways_{number}")(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)

    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    logits = keras.layers.Dense(len(tag_names), dtype="float32", name="logits")(x)
    if config.crf:
        logits = layers.CRF(len(tag_names), *layers.bio_constraints(tag_names), name="crf")(logits)
    return keras.Model(inputs, logits, name="tagging")


def decode(config: Config, model: keras.Model, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns `tags`, the numbers of the best ones, and `scores`, their probabilities, (batch, time).

    Of a CRF also `confidences`, the probability that a tag's whole span is right.
    """
    logits = model(inputs, training=False)
    if not config.crf:
        return {"tags": tf.argmax(logits, 2, tf.int32), "scores": tf.reduce_max(tf.nn.softmax(logits), 2)}
    crf, mask = model.get_layer("crf"), tf.not_equal(inputs["words"], text.PADDING)
    tags = crf.decode(logits, mask)
    scores, confidences = crf.scores_and_confidences(logits, mask, tags)
    return {"tags": tags, "scores": scores, "confidences": confidences}


# Serving ----------------------------------------------------------------------------------------------------


class Tagging(export.Serving):
    """Raw sentences, or ready tokens, in; tokens with tags, scores and offsets out."""

    mapping = "tagging"

    def __init__(self, config: Config, model: keras.Model, known: text.Known, names: Sequence[str]):
        super().__init__(model, config, names)
        self.known, self.tag_names = known, tf.constant(names)

    @export.signature("text")
    def tag_text(self, text):
        """Splits and tags; `starts` and `ends` count code points of the text.

        Of a text that is `truncated` the padded outputs lack the end: 200,000 tokens are read, and padded
        outputs have 8 million places, all rows together.
        """
        return export.dense_and_flat(*self.placed(text))

    @export.signature("text", "flat")
    def tag_text_flat(self, text):
        """As `tag_text`, without the padded outputs: one long text in a batch of short ones costs little."""
        return export.flat(*self.placed(text))

    @export.signature("text", "padded")
    def tag_text_padded(self, text):
        """As `tag_text`; all outputs have a row for each text, as servers want it: `length` counts tokens."""
        return export.dense(*self.placed(text))

    @export.signature("tokens", "tokens", (None, None))
    def tag_tokens(self, tokens):
        """Tags ready tokens (batch, time), filled up with empty strings on the right."""
        tokens = tf.strings.unicode_transcode(tokens, "UTF-8", "UTF-8")  # what is none becomes U+FFFD
        rows, truncated = export.cut(tf.RaggedTensor.from_tensor(tokens, padding=""))
        return export.dense_and_flat(self.tagged(rows), truncated)

    @export.signature("text", "states")
    def show_states(self, texts):
        """Returns each text's tokens, and every unit of all layers, of each the forward ones first."""
        stack = [self.model.get_layer(f"both_ways_{i + 1}") for i in range(self.config.layers)]
        tokens, truncated = export.cut_to_show(text.tokenize(texts, self.config.style).tokens, stack)
        inputs = gathered(encode(self.config, self.known, tokens))
        padded = {name: export.padded(rows) for name, rows in inputs.items()}
        inside, shown = export.activations(self.model, stack, padded), tokens.to_tensor()
        inside["activations"] = inside["activations"][:, : tf.shape(shown)[1]]  # of empty texts none
        return {"tokens": shown, **inside, "truncated": truncated}

    @export.once(tf.TensorSpec([None], tf.string))
    def placed(self, texts: tf.Tensor) -> tuple[dict[str, tf.RaggedTensor], tf.Tensor]:
        """Returns what `tagged` does for texts (batch,), with `starts` and `ends`, and which were cut."""
        split = text.tokenize(texts, self.config.style)
        tokens, truncated = export.cut(split.tokens)
        starts, ends = split.starts[:, : export.MOST_STEPS], split.ends[:, : export.MOST_STEPS]
        return {**self.tagged(tokens), "starts": starts, "ends": ends}, truncated

    @export.once(tf.RaggedTensorSpec([None, None], tf.string))
    def tagged(self, tokens: tf.RaggedTensor) -> dict[str, tf.RaggedTensor]:
        """Returns `tokens`, `tags`, `scores` and, of a CRF, `confidences`, ragged (batch, time)."""
        inputs = gathered(encode(self.config, self.known, tokens))
        types = {"tags": tf.int32, "scores": tf.float32}
        types |= {"confidences": tf.float32} if self.config.crf else {}

        def best_of(rows):
            return export.steps_by_length(lambda padded: decode(self.config, self.model, padded), rows, types)

        best = export.in_windows(best_of, inputs)
        tags = best["tags"].with_values(tf.gather(self.tag_names, best["tags"].values))
        return {"tokens": tokens, **best, "tags": tags}


# Program ----------------------------------------------------------------------------------------------------


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    if config.style == "auto":
        config = replace(config, style=text.style_of(config.dataset))
    run = training.Run(__file__, config, alike=training.ELSEWHERE)
    examples = run.load("tagging", tags=config.tags)
    names, train, held_out = examples.label_names, examples.train, examples.validation
    known = run.known("vocabulary", count_words(train), config.vocabulary_size)
    model = run.build(build_model, config, known, names)
    run.start_from(model, grown=["word_embedding/embeddings"], by_label=["logits", "crf"])
    beside = training.Auxiliary(config.dataset, config.auxiliary) if config.auxiliary else None
    if beside:
        train, held_out = beside.joined(train, "train"), beside.joined(held_out, "validation")
    if config.lower_case or config.capitals:
        train = recased(train, "tokens", config.lower_case, config.capitals)
    batches = make_batches(config, known, train, names, run.replicas, config.max_tokens)
    validation = make_batches(config, known, held_out, names, run.replicas)

    loss = training.SequenceCrossentropy(NO_TAG)
    if config.crf:
        loss = training.CRFLoss(model.get_layer("crf"), NO_TAG)
    learner = model
    if beside:
        learner, loss = run.build(beside.learner, model, loss, config.auxiliary_weight, NO_TAG)
    tag = validation.answering(lambda inputs: decode(config, model, inputs)["tags"])
    run.fit(learner, batches, validation, loss, score=run.task.scorer(examples.validation, tag, names))

    module = Tagging(config, model, known, names)
    run.evaluate(module)
    tokens = examples.test.rows_of_strings("tokens")[:5]
    texts = ["", " ", "Ada met Bo in Rome.", "def f(x):\n    pass", *(" ".join(row[:100]) for row in tokens)]
    samples = {**dict.fromkeys(module.signatures, texts), "tokens": [["Ada", "met", "Bo"], ["Yes", "", ""]]}
    run.export(module, samples)


if __name__ == "__main__":
    cli.run(Config, main, presets="tagging")
