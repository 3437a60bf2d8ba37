"""The Keras models that saved ones were exported from, made again by their recipes.

Each function takes a loaded export of its recipe, and gives its config, its inventories and the network.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import keras

from zoo import models
from zoo.errors import ZooError
from zoo.recipes import captioning as _captioning
from zoo.recipes import forecasting as _forecasting
from zoo.recipes import generation as _generation
from zoo.recipes import recognition as _recognition
from zoo.recipes import sentiment as _sentiment
from zoo.recipes import tagging as _tagging
from zoo.recipes import transcription as _transcription
from zoo.recipes import translation as _translation
from zoo.tasks import About, AboutSignals
from zoo.text import Alphabet, Clusters, Known, Pieces, Runs, Units, Vectors, Vocabulary

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


def sentiment(model: models.Model) -> tuple[_sentiment.Config, Known, keras.Model]:
    """Rebuilds a classifier.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config, known = config_of(model, _sentiment.Config), known_of(model)
    network = _sentiment.build_model(config, known, len(model.manifest.labels))
    return config, known, with_weights(network, model)


def tagging(model: models.Model) -> tuple[_tagging.Config, Known, keras.Model]:
    """Rebuilds a tagger.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config, known = config_of(model, _tagging.Config), known_of(model)
    network = _tagging.build_model(config, known, tuple(model.manifest.labels))
    return config, known, with_weights(network, model)


def translation(model: models.Model) -> tuple[_translation.Config, dict[str, Pieces], keras.Model]:
    """Rebuilds a translator; its pieces are those of source and target.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config = config_of(model, _translation.Config)
    lower_case = {"source": config.lower_case, "target": False}
    pieces = {
        side: Pieces.read(model.path / "assets" / f"{side}.txt", lower) for side, lower in lower_case.items()
    }
    sizes = {side: len(inventory) for side, inventory in pieces.items()}
    return config, pieces, with_weights(_translation.build_model(config, sizes), model)


def captioning(model: models.Model) -> tuple[_captioning.Config, Pieces, keras.Model]:
    """Rebuilds a captioner.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config = config_of(model, _captioning.Config)
    pieces = Pieces.read(model.path / "assets" / "captions.txt")
    network = _captioning.build_model(config, len(pieces), weights=False)
    return config, pieces, with_weights(network, model)


def generation(model: models.Model, masked: bool = True) -> tuple[_generation.Config, Units, keras.Model]:
    """Rebuilds a generator, whose rows may be padded where it is `masked`.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config = config_of(model, _generation.Config)
    units = Units.read(model.path / "assets" / "vocabulary.txt", config.level, config.backwards)
    return config, units, with_weights(_generation.build_model(config, len(units), masked), model)


def recognition(model: models.Model) -> tuple[_recognition.Config, AboutSignals, keras.Model]:
    """Rebuilds a recogniser.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config, about = config_of(model, _recognition.Config), AboutSignals.of(model.manifest)
    network = _recognition.build_model(config, len(about.channels), len(model.manifest.labels))
    return config, about, with_weights(network, model)


def transcription(model: models.Model) -> tuple[_transcription.Config, Alphabet, keras.Model]:
    """Rebuilds a transcriber.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config = config_of(model, _transcription.Config)
    alphabet = Alphabet.read(model.path / "assets" / "symbols.txt")
    return config, alphabet, with_weights(_transcription.build_model(config, len(alphabet)), model)


def forecasting(model: models.Model) -> tuple[_forecasting.Config, keras.Model]:
    """Rebuilds the network of a forecaster of one series, which states go into and come out of.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    config, about = config_of(model, _forecasting.Config), About.of(model.manifest)
    waves = 2 * (config.year + config.week + config.day)
    network = _forecasting.build_model(config, len(about.columns), waves, len(about.targets), carried=True)
    return config, with_weights(network, model)


def config_of(model: models.Model, config: type[Config]) -> Config:
    """Returns the recipe's config that a model was trained with."""
    fields = {field.name for field in dataclasses.fields(config)}
    return config(**{name: value for name, value in model.manifest.config.items() if name in fields})


def known_of(model: models.Model) -> Known:
    """Returns what a saved model knows of words: its vocabulary, and the vectors and clusters it carries."""
    assets = model.path / "assets"
    vectors = clusters = None
    if (path := assets / "vectors.txt").exists():
        _, exported, *_ = model.module.known  # a tuple is loaded as a list
        vectors = Vectors.read(path, exported.table.numpy()[:-1])
    if (path := assets / "clusters.txt").exists():
        clusters = Clusters.read(path)
    return Known(Vocabulary.read(assets / "vocabulary.txt"), vectors, clusters)


def runs_of(model: models.Model) -> Runs | None:
    """Returns the linear model of runs of words that a classifier carries, if it has one."""
    wide = getattr(model.module, "wide", None)
    if wide is None:
        return None
    return Runs(wide.hashes.numpy(), wide.weights.numpy()[:-1], wide.bias.numpy())


def with_weights(network: keras.Model, model: models.Model) -> keras.Model:
    """Sets a network's weights to those of a saved model, and returns it.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    weights = [variable.numpy() for variable in model.variables]
    alike = [weight.path for weight in network.weights] == list(model.manifest.weights)
    if not alike or [array.shape for array in weights] != [tuple(each.shape) for each in network.weights]:
        raise ZooError(f"{model.name}: was exported by another version of the recipe; train it anew")
    network.set_weights(weights)
    return network
