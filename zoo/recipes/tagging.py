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

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import keras
import tensorflow as tf
from keras import ops

from zoo import baselines, cli, export, metrics, training
from zoo.data import Batches, Examples, Ragged, RowTable, load
from zoo.data.examples import columns, tokens_and_tags
from zoo.data.tags import bio_constraints
from zoo.export import serving
from zoo.layers import CRF, Cell, CharacterRNN, SubwordEmbedding, WordDropout, recurrent
from zoo.show import report, sheets
from zoo.text import PADDING, UNKNOWN, Vocabulary, style_of, tokenize
from zoo.text.spelling import CHARACTERS, SPELLING_FEATURES, character_numbers, normalize, spelling_features
from zoo.training.losses import SequenceCrossentropy
from zoo.training.run import Run
from zoo.training.warm_start import known_words, warm_start

RECIPE = "tagging"
NO_TAG = -1  # fills up the tags of short rows


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "python_source"
    """python_source, conll2003, conll2000, universal_dependencies/en_ewt, wikiann/de, or a file."""
    tags: str = ""
    """Which tags, where the data has several: ner, chunks, upos ..., or a file's column (-1: the last)."""
    style: Literal["auto", "prose", "universal", "code"] = "auto"
    """How the exported model splits raw text: prose leaves hyphenated words whole, universal parts them;
    auto: code for python_source, universal for treebanks, else prose."""
    max_tokens: int = 500
    """Tokens kept of each training sentence; the exported model reads all."""
    vocabulary_size: int = 10_000
    """Most words with a vector of their own."""
    min_count: int = 2
    """Rarer words count as unknown."""
    word_units: int = 64
    """Size of word vectors."""
    characters: int = 20
    """Characters read of each word: of longer ones, both ends."""
    character_units: int = 16
    """State, in each direction, of the RNN inside words; 0: none."""
    spelling_units: int = 32
    """Size of the vectors that are added up from a word's ends and its shape; 0: none."""
    spelling_buckets: int = 10_000
    """Ends and shapes are hashed into so many vectors."""
    spelling_dropout: float = 0.3
    """Share of ends and shapes dropped while training."""
    word_dropout: float = 0.3
    """Share of words replaced by the unknown word while training."""
    embedding_dropout: float = 0.5
    """Share of a token's features dropped while training."""
    cell: Cell = "lstm"
    """Recurrent cell, inside words and between them."""
    layers: int = 2
    """Bidirectional layers on top of each other."""
    units: int = 64
    """Size of the state, in each direction."""
    dropout: float = 0.5
    """Dropout between layers: along depth, never along time."""
    crf: bool = True
    """Score neighbouring tags too; without, each tag is chosen for itself."""
    epochs: int = 4
    """Most epochs; the schedule ends with the last one."""
    steps_per_epoch: int = 200
    """Batches in an epoch; 0: one pass over the data."""
    batch_size: int = 16
    """Sentences in a batch, over all devices."""
    learning_rate: float = 2e-3
    """Highest learning rate."""
    weight_average: float = 0.99
    """Decay of the moving average of weights that is validated and exported; 0: the weights themselves."""
    patience: int = 0
    """Epochs without a better validation score before training stops; 0: all epochs are run."""


# Data -------------------------------------------------------------------------------------------------------


def encode(config: Config, vocabulary: Vocabulary, tokens: tf.RaggedTensor):
    """Turns tokens (batch, time) into word numbers and, one row for each distinct token, its spelling.

    Returns:
        Word numbers and row numbers, both ragged (batch, time), and name -> rows (distinct, ...).
    """
    distinct, rows = tf.unique(tokens.values)
    words = tf.maximum(vocabulary(normalize(distinct)), UNKNOWN)  # a token named <padding> is none
    spelling = {}
    if config.character_units:
        spelling["characters"] = character_numbers(distinct, config.characters)
    if config.spelling_units:
        spelling["spelling"] = spelling_features(distinct, config.spelling_buckets)
    return tokens.with_values(tf.gather(words, rows)), tokens.with_values(rows), spelling


def features(config: Config, vocabulary: Vocabulary, tokens: tf.RaggedTensor) -> dict[str, tf.RaggedTensor]:
    """Turns tokens (batch, time) into the model's inputs, ragged (batch, time, ...)."""
    words, rows, spelling = encode(config, vocabulary, tokens)
    gathered = {name: rows.with_values(tf.gather(table, rows.values)) for name, table in spelling.items()}
    return {"words": words, **gathered}


def learn_vocabulary(config: Config, examples: Examples, known: Sequence[str] = ()) -> list[str]:
    """Counts the words of the training part and keeps the frequent ones, after those already known."""
    counts = Counter()
    for (tokens,) in columns(examples.train, "tokens"):
        counts.update(normalize(tokens.values).numpy().tolist())
    return Vocabulary.learn(counts, config.vocabulary_size, config.min_count, known)


def make_batches(config: Config, vocabulary: Vocabulary, dataset, names, replicas, most=None) -> Batches:
    """Encodes every sentence once, cut after `most` tokens; the batches are drawn from the cached numbers."""
    number = {tag.encode(): index for index, tag in enumerate(names)}
    words, tags, tables = [], [], defaultdict(RowTable)
    for block_tokens, block_tags in columns(dataset, "tokens", "tags"):
        block_words, rows, spelling = encode(config, vocabulary, block_tokens[:, :most])
        words.append(block_words)
        for name, table in spelling.items():
            tables[name].add(rows, table)
        # A tag that training lacks can be no answer; scores compare strings.
        numbers = [number.get(tag, 0) for tag in block_tags.values.numpy()]
        tags.append(block_tags.with_values(tf.constant(numbers))[:, :most])
    inputs = {"words": Ragged.concatenate(words), **{name: table.ragged() for name, table in tables.items()}}
    targets = Ragged.concatenate(tags)
    return Batches(inputs, replace(targets, padding=NO_TAG), config.batch_size, replicas)


# Model ------------------------------------------------------------------------------------------------------


def build_model(config: Config, vocabulary_size: int, tag_names: tuple[str, ...]) -> keras.Model:
    """Builds words (batch, time), and spelling beside them -> logits (batch, time, tags)."""
    words = keras.Input((None,), dtype="int32", name="words")
    inputs = {"words": words}
    # Padding stands on the right, where the fused cuDNN kernels ask for it.
    mask = ops.not_equal(words, PADDING)

    # Tokens: dropping words trains the unknown word, and makes the model look at their spelling.
    x = WordDropout(config.word_dropout, UNKNOWN, reserved=UNKNOWN + 1, name="word_dropout")(words)
    vectors = [keras.layers.Embedding(vocabulary_size, config.word_units, name="word_embedding")(x)]
    if config.character_units:
        inputs["characters"] = keras.Input((None, config.characters), dtype="int32", name="characters")
        reader = CharacterRNN(config.cell, config.character_units, CHARACTERS, name="character_rnn")
        vectors.append(reader(inputs["characters"]))
    if config.spelling_units:
        inputs["spelling"] = keras.Input((None, SPELLING_FEATURES), dtype="int32", name="spelling")
        adder = SubwordEmbedding(
            config.spelling_buckets, config.spelling_units, config.spelling_dropout, name="spelling_embedding"
        )
        vectors.append(adder(inputs["spelling"]))
    x = keras.layers.Concatenate(name="token_vectors")(vectors) if len(vectors) > 1 else vectors[0]
    x = keras.layers.Dropout(config.embedding_dropout, name="embedding_dropout")(x)

    # Context: each layer reads in both directions. Dropout stands between layers, along depth; along time it
    # would disturb what the state carries (Zaremba et al. 2014).
    for number in range(1, config.layers + 1):
        layer = recurrent(config.cell, config.units, return_sequences=True, name=f"rnn_{number}")
        x = keras.layers.Bidirectional(layer, name=f"both_ways_{number}")(x, mask=mask)
        x = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(x)

    # Logits stay float32 under mixed precision: a loss needs more digits than half precision has.
    logits = keras.layers.Dense(len(tag_names), dtype="float32", name="logits")(x)
    if config.crf:
        logits = CRF(len(tag_names), *bio_constraints(tag_names), name="crf")(logits)
    return keras.Model(inputs, logits, name=RECIPE)


def decode(config: Config, model: keras.Model, inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns `tags`, the numbers of the best ones, and `scores`, their probabilities, both (batch, time)."""
    logits = model(inputs, training=False)
    if not config.crf:
        return {"tags": tf.argmax(logits, 2, tf.int32), "scores": tf.reduce_max(tf.nn.softmax(logits), 2)}
    crf, mask = model.get_layer("crf"), tf.not_equal(inputs["words"], PADDING)
    tags = crf.decode(logits, mask)
    return {"tags": tags, "scores": tf.gather(crf.marginals(logits, mask), tags, axis=2, batch_dims=2)}


# Evaluation -------------------------------------------------------------------------------------------------


def tagger(config: Config, model: keras.Model) -> tf.types.experimental.PolymorphicFunction:
    """Returns `decode` as one graph for batches of any size: inputs -> tag numbers (batch, time)."""
    signature = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in model.input.items()}
    return tf.function(lambda inputs: decode(config, model, inputs)["tags"], input_signature=[signature])


def predict(tag, batches: Batches, names) -> list[list[str]]:
    """Returns the tags of every sentence, in the order of the data."""
    rows = [row for inputs, *_ in batches.in_order() for row in tag(inputs).numpy()]
    rows = zip(batches.restore_order(rows), batches.targets.lengths, strict=True)
    return [[names[number] for number in row[:length]] for row, length in rows]


# Serving ----------------------------------------------------------------------------------------------------


class Tagging(serving.Serving):
    """Raw sentences, or ready tokens, in; tokens with tags, scores and offsets out."""

    def __init__(self, config: Config, model: keras.Model, vocabulary: Vocabulary, tag_names):
        super().__init__(model, config.storage)
        self.config, self.vocabulary, self.tag_names = config, vocabulary, tf.constant(tag_names)

    @serving.signature("text")
    def tag_text(self, text):
        """Splits and tags; `starts` and `ends` count code points of the text."""
        return serving.dense_and_flat(self.placed(text))

    @serving.signature("text")
    def tag_text_flat(self, text):
        """As `tag_text`, without the padded outputs: one long text in a batch of short ones costs little."""
        return serving.flat(self.placed(text))

    @serving.signature("tokens", (None, None))
    def tag_tokens(self, tokens):
        """Tags ready tokens (batch, time), filled up with empty strings on the right."""
        return serving.dense_and_flat(self.tagged(tf.RaggedTensor.from_tensor(tokens, padding="")))

    @serving.signature("text")
    def show_states(self, text):
        """Returns each text's tokens, and every unit of all layers, of each the forward ones first."""
        tokens = tokenize(text, self.config.style).tokens
        inputs = features(self.config, self.vocabulary, tokens)
        layers = [self.model.get_layer(f"both_ways_{i + 1}") for i in range(self.config.layers)]
        outputs = keras.Model(self.model.input, [layer.output for layer in layers])
        found = outputs({name: serving.padded(rows) for name, rows in inputs.items()}, training=False)
        shown = tokens.to_tensor()
        return {
            "tokens": shown,
            "activations": tf.concat(found, axis=2)[:, : tf.shape(shown)[1]],  # of empty texts none
            "layers": tf.repeat(tf.range(len(layers)), 2 * self.config.units),
        }

    def placed(self, text: tf.Tensor) -> dict[str, tf.RaggedTensor]:
        """Returns what `tagged` does for the tokens of texts (batch,), and their `starts` and `ends`."""
        found = tokenize(text, self.config.style)
        return {**self.tagged(found.tokens), "starts": found.starts, "ends": found.ends}

    def tagged(self, tokens: tf.RaggedTensor) -> dict[str, tf.RaggedTensor]:
        """Returns `tokens`, `tags` and `scores`, ragged (batch, time)."""
        inputs = features(self.config, self.vocabulary, tokens)
        found = serving.steps_by_length(
            lambda padded: decode(self.config, self.model, padded),
            inputs,
            {"tags": tf.int32, "scores": tf.float32},
        )
        tags = found["tags"].with_values(tf.gather(self.tag_names, found["tags"].values))
        return {"tokens": tokens, "tags": tags, "scores": found["scores"]}


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses sizes and shares that make no model."""
    training.require(config, 1, None, "max_tokens", "min_count", "word_units", "layers", "units")
    training.require(config, 4, None, "vocabulary_size", "characters")
    training.require(config, 0, None, "character_units", "spelling_units")
    training.require(config, 1, None, "spelling_buckets")
    training.require(config, 0, 0.99, "word_dropout", "spelling_dropout", "embedding_dropout", "dropout")


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check(config)
    if config.style == "auto":
        config = replace(config, style=style_of(config.dataset))
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    strategy = training.start(config)
    examples = load(config.dataset, "tagging", config.tags)
    names = examples.label_names
    known = known_words(config.init_from)
    words = learn_vocabulary(config, examples, known)
    with strategy.scope():
        model = build_model(config, len(words), names)
        warm_start(model, config.init_from, ["word_embedding/embeddings"], names, ["logits", "crf"])

    # Nothing is written before this line, and what can be wrong with the input was found.
    run.create(examples.fingerprint(known), names)
    vocabulary = Vocabulary.write(words, run.directory / "vocabulary.txt")
    replicas = strategy.num_replicas_in_sync
    train = make_batches(config, vocabulary, examples.train, names, replicas, config.max_tokens)
    validation = make_batches(config, vocabulary, examples.validation, names, replicas)
    tag = tagger(config, model)
    held_out = tokens_and_tags(examples.validation)

    def validation_score() -> float:
        tokens, truth = held_out
        return metrics.headline(metrics.tagging(truth, predict(tag, validation, names), tokens))

    loss = model.get_layer("crf").loss(NO_TAG) if config.crf else SequenceCrossentropy(NO_TAG)
    outcome = training.fit(run, config, model, train, validation, loss, [], validation_score)
    sheets.draw_learning_curve(outcome, run.directory / "learning_curve.png")

    module = Tagging(config, model, vocabulary, names)
    test = make_batches(config, vocabulary, examples.test, names, replicas)
    tokens, truth = tokens_and_tags(examples.test)
    # The clone, since that is what is exported: float32, its weights rounded if they are stored so.
    predicted = predict(tagger(config, module.model), test, names)
    scores = baselines.tagging(examples)
    scores[run.name] = metrics.tagging(truth, predicted, tokens)
    report.print_tagging(scores, tokens, truth, predicted)
    run.write_metrics({"test": scores, **outcome})

    sizes = {"train": len(train), "validation": len(validation), "test": len(test)}
    manifest = export.manifest(run, "tagging", examples, sizes, {"test": scores}, outcome)
    texts = [
        "",
        " ",
        "Ada met Bo in Rome.",
        "def f(x):\n    pass",
        *(" ".join(row[:100]) for row in tokens[:5]),
    ]
    samples = dict.fromkeys(("serving_default", "flat", "states"), texts)
    samples["tokens"] = [["Ada", "met", "Bo"], ["Yes", "", ""]]
    signatures = {
        "serving_default": module.tag_text,
        "flat": module.tag_text_flat,
        "tokens": module.tag_tokens,
        "states": module.show_states,
    }
    export.save(module, target, signatures, samples, manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
