"""Captioning: one-to-many. A picture goes in, a sentence comes out, word by word.

                           a    dog   runs  <end>     caption: the best of several, by beam search
                           |     |     |     |
    picture -- CNN ==> --RNN---RNN---RNN---RNN        the picture is the state before the first word,
                |          |     |     |     |
                +----------+-----+-----+-----+        and each word looks at the part of it that it names
                           |     |     |     |
                        <start>  a    dog   runs      while training: the right words so far

Run it:      python -m zoo.recipes.captioning
Its data:    3,919 pictures of emoji with their names; nothing is downloaded.
Expect:      two thirds of the new combinations ("woman rowing boat medium skin tone") named exactly, in
             four minutes on two cores.
Others:      --preset emoji (longer, better), --preset flickr8k (photographs), --attention none
Your data:   --preset flickr8k --dataset FOLDER (pictures, and captions.csv with columns image and caption)
"""

from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from zoo import baselines, cli, export, images, metrics, training
from zoo.data import Batches, Examples, Ragged, Shared, load
from zoo.data.examples import captions_of
from zoo.data.features import encoded
from zoo.decoding import Decoded, attend, decode
from zoo.errors import ZooError
from zoo.export import serving
from zoo.layers import Augmentation, Cell, Decoder, check_image_encoder, image_encoder, states_of
from zoo.show import report, sheets
from zoo.text.pieces import END, PADDING, START, Pieces, count_units, with_ends
from zoo.training.losses import SequenceCrossentropy
from zoo.training.run import Run
from zoo.training.warm_start import config_of, known_words, warm_start

RECIPE = "captioning"


@dataclass(frozen=True)
class Config(training.Settings):
    """What one experiment is; presets and flags change it."""

    dataset: str = "emoji"
    """emoji, flickr8k, coco_captions, or a folder of pictures with captions.csv."""
    image_size: int = 72
    """Every picture is made a square of so many rows and columns, whatever its proportions were."""
    encoder: str = "small"
    """small (trained from scratch), efficientnet_lite0, or keras:NAME of keras.applications (ImageNet)."""
    fine_tune: bool = False
    """Train an ImageNet encoder too (lower --learning-rate); else its features are computed once and kept."""
    augment: bool = True
    """Move, scale and light pictures a little, and change what is behind them, where the encoder learns."""
    mirror: bool = False
    """Learn from mirrored pictures as well; wrong where captions tell left from right."""
    pieces: int = 2_500
    """Most words and parts of words with a vector of their own."""
    min_count: int = 1
    """Rarer pieces are spelled in smaller ones."""
    max_pieces: int = 40
    """Most pieces of a caption; longer ones are cut."""
    captions_each: int = 5
    """How often a pass sees each picture, with its captions in turn: all pictures count alike."""
    cell: Cell = "gru"
    """Recurrent cell of the decoder."""
    layers: int = 1
    """Decoder's layers on top of each other."""
    units: int = 256
    """Size of the decoder's state."""
    width: int = 128
    """Size of the vectors of pieces."""
    attention: Literal["additive", "dot", "none"] = "dot"
    """How places of the picture are weighed; none: it is the first state and no more (Show and Tell)."""
    dropout: float = 0.1
    """Dropout before each layer: along depth, never along time."""
    label_smoothing: float = 0.05
    """Share of probability that training spreads over all pieces, so that the model is never too sure."""
    beam_size: int = 3
    """Captions followed at a time by the exported model."""
    length_penalty: float = 0.6
    """0: the most probable caption wins, which tends to be short; 1: nearly the mean over its pieces."""
    storage: Literal["float32", "float16"] = "float16"
    """Type of the exported weights; float16 halves the files, and scores are those of the rounded weights."""
    epochs: int = 4
    """Most epochs; the schedule ends with the last one."""
    learning_rate: float = 2e-3
    """Highest learning rate."""
    patience: int = 0
    """Epochs without better captions of the validation part before training stops; 0: all are run."""


# Data -------------------------------------------------------------------------------------------------------


def learn_pieces(config: Config, captions: list[list[str]], known: list[str]) -> list[str]:
    """Learns an open vocabulary from the training captions, after the pieces already known."""
    blocks = (captions[start : start + 4096] for start in range(0, len(captions), 4096))
    blocks = (tf.constant([text for texts in block for text in texts]) for block in blocks)
    return Pieces.learn(count_units(blocks), config.pieces, config.min_count, known)


def encoder_learns(config: Config) -> bool:
    """Tells whether the encoder is trained; else its features are computed once."""
    return config.encoder == "small" or config.fine_tune


def read_pictures(
    config: Config, examples: Examples, part: str, count: int, encoder: keras.Model | None
) -> np.ndarray:
    """Returns a part's pictures (n, size, size, channels), or what a frozen encoder makes of them.

    Args:
        config: of the experiment.
        examples: the data.
        part: `train` or `validation`.
        count: how many pictures the part has.
        encoder: the frozen encoder; None: the pictures themselves are asked for.
    """
    size, dataset = config.image_size, examples.split(part)
    if encoder is not None:
        squares = dataset.map(lambda row: images.squash(row["image"], size), num_parallel_calls=2)
        return encoded(encoder, squares, count, config.mirror and part == "train")
    squares = dataset.map(lambda row: images.resize(row["image"], size), num_parallel_calls=2)
    pictures = np.empty((count, *squares.element_spec.shape), np.uint8)
    for row, picture in enumerate(squares.as_numpy_iterator()):
        pictures[row] = picture
    return pictures


def make_batches(
    config: Config, pieces: Pieces, captions: list, pictures: np.ndarray, replicas: int
) -> Batches:
    """Pairs every picture with its captions, encoded once."""
    # Mirrored pictures, where there are any, follow behind the others.
    captions = captions * (len(pictures) // len(captions))
    each = [text for texts in captions for text in islice(cycle(texts), config.captions_each)]
    rows = np.repeat(np.arange(len(captions)), config.captions_each)
    numbers = with_ends(pieces.encode(tf.constant(each))[:, : config.max_pieces])
    # Teacher forcing: each step is given the right piece before it, and asked for the next.
    inputs = {"picture": Shared(pictures, rows), "caption": Ragged.concatenate([numbers[:, :-1]])}
    # Captions are short, so little padding is lost by batches that are random samples, which batch
    # normalisation wants.
    return Batches(inputs, Ragged.concatenate([numbers[:, 1:]]), config.batch_size, replicas, pool=1)


# Model ------------------------------------------------------------------------------------------------------


def build_bridge(config: Config, shape: tuple[int, ...]) -> keras.Model:
    """Builds map (batch, rows, columns, channels) -> places (batch, rows * columns, ...), first states."""
    features = keras.Input(shape, name="map")
    x = keras.layers.Reshape((-1, shape[-1]))(features)
    # Both are brought to one scale: a tanh that is saturated from the start tells all pictures alike,
    # and the decoder would learn the language and nothing of the picture.
    mean = keras.layers.LayerNormalization(name="mean_scale")(ops.mean(x, axis=1))
    mean = keras.layers.Dropout(config.dropout, name="mean_dropout")(mean)
    first = [
        keras.layers.Dense(config.units, activation="tanh", name=f"start_{number}_{part}")(mean)
        for number in range(1, config.layers + 1)
        for part in range(states_of(config.cell))
    ]
    if config.attention != "none":
        x = keras.layers.LayerNormalization(name="places_scale")(x)
        x = keras.layers.Dropout(config.dropout, name="places_dropout")(x)
        x = keras.layers.Dense(config.units, name="places")(x)
    return keras.Model(features, [x, *first], name="bridge")


def build_teller(config: Config, shape: tuple[int, ...], size: int) -> keras.Model:
    """Builds map and caption so far (batch, time) -> logits of the next piece (batch, time, pieces)."""
    features = keras.Input(shape, name="picture")
    caption = keras.Input((None,), dtype="int32", name="caption")
    places, *states = build_bridge(config, shape)(features)
    # One matrix reads pieces and scores them (Press and Wolf 2017). Logits stay float32 under mixed
    # precision: a loss needs more digits than half precision has. Vectors of length 1 make logits of size 1.
    embedding = keras.layers.ReversibleEmbedding(
        size,
        config.width,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=config.width**-0.5),
        reverse_dtype="float32",
        name="embedding",
    )
    decoder = Decoder(
        config.cell,
        config.layers,
        config.units,
        config.width,
        config.attention,
        dropout=config.dropout,
        name="decoder",
    )
    x = decoder(embedding(caption), states, places)
    return keras.Model({"picture": features, "caption": caption}, embedding(x, reverse=True), name="teller")


def build_model(config: Config, size: int, channels: int = 3, weights: bool = True) -> keras.Model:
    """Builds picture (batch, size, size, channels) and caption so far -> logits of the next piece.

    Args:
        config: of the experiment.
        size: how many pieces there are.
        channels: of a picture: 3, or 4 with opacity.
        weights: whether an ImageNet encoder gets its weights; but for `keras:EfficientNet*`, which keep
            statistics elsewhere, they may be set later.
    """
    picture = keras.Input((config.image_size, config.image_size, channels), name="picture")
    caption = keras.Input((None,), dtype="int32", name="caption")
    encoder = image_encoder(config.encoder, config.image_size, weights)
    encoder.trainable = encoder_learns(config)
    strength = {} if config.augment else {"shift": 0, "zoom": 0, "light": 0, "on_white": 1}
    x = Augmentation(**strength, mirror=config.mirror, seed=config.seed, name="augmentation")(picture)
    features = encoder(x)
    logits = build_teller(config, features.shape[1:], size)({"picture": features, "caption": caption})
    return keras.Model({"picture": picture, "caption": caption}, logits, name=RECIPE)


# Decoding ---------------------------------------------------------------------------------------------------


def bridge(model: keras.Model, features: tf.Tensor) -> tuple:
    """Returns what `decode` and `attend` take first: layers that write, states, and what is looked at."""
    get_layer = model.get_layer("teller").get_layer
    to_places, decoder, embedding = map(get_layer, ("bridge", "decoder", "embedding"))
    places, *states = to_places(features, training=False)
    return decoder, embedding, states, places, tf.ones(tf.shape(places)[:2], tf.bool)


def write(config: Config, model: keras.Model, features: tf.Tensor, beam_size: int) -> Decoded:
    """Finds the `beam_size` best captions of maps (batch, rows, columns, channels)."""
    before = bridge(model, features)
    return decode(*before, START, END, config.max_pieces, beam_size, config.length_penalty)


def look(model: keras.Model, features: tf.Tensor, caption: tf.Tensor) -> tf.Tensor:
    """Returns where captions (batch, time) look while they are written, (batch, time, rows, columns)."""
    weights = attend(*bridge(model, features), START, caption)
    return tf.reshape(weights, tf.concat([tf.shape(caption), tf.shape(features)[1:3]], axis=0))


def captioner(config: Config, model: keras.Model, pieces: Pieces):
    """Returns a function that captions an array of pictures, or of their features, greedily."""
    encoder = model.get_layer("encoder") if encoder_learns(config) else None

    @tf.function(reduce_retracing=True)
    def run(batch):
        features = tf.cast(batch, tf.float32) if encoder is None else encoder(images.on_background(batch))
        return pieces.decode(write(config, model, features, 1).tokens[:, 0])

    def run_all(pictures: np.ndarray) -> list[str]:
        blocks = (run(tf.constant(pictures[i : i + 64])) for i in range(0, len(pictures), 64))
        return [caption.decode("utf-8") for block in blocks for caption in block.numpy()]

    return run_all


# Serving ----------------------------------------------------------------------------------------------------


class Captioning(serving.Serving):
    """Bytes of picture files in; captions with their scores out."""

    def __init__(self, config: Config, model: keras.Model, pieces: Pieces):
        super().__init__(model, config.storage)
        self.config, self.pieces = config, pieces

    @serving.signature("image")
    def caption(self, image):
        """Returns the best `caption` that the beam search finds, its `score`, and whether it is `valid`.

        A picture that cannot be decoded has the caption "" and the score 0, and is not `valid`.
        """
        found = self.searched(image)
        best = {"caption": found["captions"][:, 0], "score": found["scores"][:, 0]}
        return {**best, "valid": found["valid"]}

    @serving.signature("image")
    def caption_n_best(self, image):
        """Returns as many `captions` as the beam holds, the best first, their `scores`, and `valid`."""
        return self.searched(image)

    @serving.signature("image")
    def show_attention(self, image):
        """As `caption`, and its `tokens` with the `attention` (batch, tokens, rows, columns) of each."""
        features, valid = self.encoded(image)
        found = write(self.config, self.model, features, self.config.beam_size)
        caption = serving.padded(tf.RaggedTensor.from_tensor(found.tokens[:, 0], found.lengths[:, 0]))
        written = self.written(found, valid)
        real = (caption != PADDING) & valid[:, None]
        return {
            "caption": written["captions"][:, 0],
            "score": written["scores"][:, 0],
            "valid": valid,
            "tokens": tf.where(real, self.pieces.strings(caption), ""),
            "attention": tf.where(real[..., None, None], look(self.model, features, caption), 0.0),
        }

    def searched(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns `captions` and `scores` (batch, beam), and `valid` (batch,)."""
        beam = [None, self.config.beam_size]
        specs = {
            "captions": tf.TensorSpec(beam, tf.string),
            "scores": tf.TensorSpec(beam, tf.float32),
            "valid": tf.TensorSpec([None], tf.bool),
        }

        def search(some):
            features, valid = self.encoded(some)
            return self.written(write(self.config, self.model, features, self.config.beam_size), valid)

        return serving.in_blocks(search, image, specs)

    def encoded(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the maps of pictures (batch,), and which of these could be decoded."""
        pixels, valid = images.read(image, self.config.image_size)
        rows = tf.shape(pixels)[0]
        # Fused convolutions fail on no rows at all.
        pixels = tf.pad(pixels, [[0, tf.maximum(0, 1 - rows)], [0, 0], [0, 0], [0, 0]])
        encoder = self.model.get_layer("encoder")
        return encoder(tf.cast(pixels, tf.float32), training=False)[:rows], valid

    def written(self, found: Decoded, valid: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns what was found, as text."""
        captions = tf.where(valid[:, None], self.pieces.decode(found.tokens), "")
        return {"captions": captions, "scores": tf.where(valid[:, None], found.scores, 0.0), "valid": valid}


# Program ----------------------------------------------------------------------------------------------------


def check(config: Config) -> None:
    """Refuses sizes and shares that make no model."""
    sizes = ("min_count", "max_pieces", "captions_each", "layers", "units", "width", "beam_size")
    training.require(config, 1, None, *sizes)
    training.require(config, 32, 1024, "image_size")
    training.require(config, 300, None, "pieces")
    training.require(config, 0, 0.99, "dropout", "label_smoothing")
    training.require(config, 0, None, "length_penalty")
    check_image_encoder(config.encoder)


def check_encoder(config: Config) -> None:
    """Refuses to go on from a decoder that has learned to read the maps of another encoder."""
    trained = config_of(config.init_from)
    if trained.get("encoder", config.encoder) != config.encoder:
        raise ZooError(
            f"--init-from {config.init_from}: has another encoder; add --encoder {trained['encoder']}"
        )
    if trained.get("fine_tune") and not config.fine_tune:
        raise ZooError(f"--init-from {config.init_from}: its encoder was trained as well; add --fine-tune")


def merit(scores: dict[str, float]) -> float:
    """Returns what chooses the best epoch: the figure that stands first, exact match or BLEU-4.

    While that is 0, the share of right words tells epochs apart, and counts less than any hit.
    """
    return metrics.headline(scores) or scores["word_accuracy"] - 1


def predict(module: Captioning, dataset: tf.data.Dataset) -> list[str]:
    """Captions the pictures of a part as the exported model will: from bytes."""
    files = dataset.map(lambda row: tf.io.encode_png(row["image"]), num_parallel_calls=2).batch(64)
    return [text.decode("utf-8") for block in files for text in module.caption(block)["caption"].numpy()]


def evaluate(module: Captioning, name: str, examples: Examples, folder: Path) -> dict[str, dict[str, dict]]:
    """Scores test part -> the simple baselines, and the model as it will be exported, under its name."""
    scores = baselines.captioning(examples)
    for part, named in scores.items():
        dataset, truth = examples.split(part), captions_of(examples.split(part))
        predicted = predict(module, dataset)
        named[name] = metrics.captioning(truth, predicted)
        report.print_captioning(named, [], truth, predicted, part)
        sheets.draw_sheet(dataset, truth, predicted, folder / f"{part}.png")
    return scores


def main(config: Config) -> None:
    """Trains, evaluates and exports."""
    check(config)
    run = Run(RECIPE, config)
    target = export.SAVED_MODELS / run.name
    export.check_target(target, RECIPE)
    check_encoder(config)
    strategy = training.start(config)
    examples = load(config.dataset, "captioning")
    captions = {part: captions_of(examples.split(part)) for part in ("train", "validation")}
    known = known_words(config.init_from, "captions.txt")
    pieces = learn_pieces(config, captions["train"], known)
    with strategy.scope():
        model = build_model(config, len(pieces), examples.train.element_spec["image"].shape[-1])
        # What learns: the whole, or all behind a frozen encoder.
        learner = model if encoder_learns(config) else model.get_layer("teller")
        warm_start(learner, config.init_from, ["embedding/embeddings"])

    # Nothing is written before this line, and what can be wrong with the input was found.
    run.create(examples.fingerprint(known))
    pieces = Pieces.write(pieces, run.directory / "captions.txt")
    # In float32 whatever the precision of training: as it will be exported.
    frozen = None if encoder_learns(config) else serving.portable(model.get_layer("encoder"))
    batches = {}
    for part, texts in captions.items():
        pictures = read_pictures(config, examples, part, len(texts), frozen)
        batches[part] = make_batches(config, pieces, texts, pictures, strategy.num_replicas_in_sync)

    captioned, held_out = captioner(config, model, pieces), captions["validation"]

    def validation_score() -> float:
        found = captioned(batches["validation"].inputs["picture"].table[: len(held_out)])
        return merit(metrics.captioning(held_out, found))

    loss = SequenceCrossentropy(PADDING, config.label_smoothing)
    outcome = training.fit(
        run, config, learner, batches["train"], batches["validation"], loss, [], validation_score
    )
    sheets.draw_learning_curve(outcome, run.directory / "learning_curve.png")

    module = Captioning(config, model, pieces)
    scores = evaluate(module, run.name, examples, run.directory)
    run.write_metrics({**scores, **outcome})

    sizes = {part: len(texts) for part, texts in captions.items()}
    sizes |= {part: named[run.name]["n"] for part, named in scores.items()}
    manifest = export.manifest(run, "captioning", examples, sizes, scores, outcome)
    samples = ["", "no picture", *(tf.io.encode_png(row["image"]).numpy() for row in examples.test.take(4))]
    signatures = {"serving_default": module.caption, "beam": module.caption_n_best}
    if config.attention != "none":
        signatures["attention"] = module.show_attention
    export.save(module, target, signatures, dict.fromkeys(signatures, samples), manifest)


if __name__ == "__main__":
    cli.run(RECIPE, Config, main)
