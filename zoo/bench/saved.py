"""Saved models for benchmarks: the first one that is here, and the Keras model that it was exported from."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import keras
import tensorflow as tf

from zoo import models
from zoo.errors import ZooError
from zoo.text import Clusters, Known, Vectors, Vocabulary

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")


def first_of(names: Sequence[str], recipe: str, chosen: str = "") -> models.Model:
    """Loads the first of the models that can be found, or the chosen one.

    Args:
        names: of saved models.
        recipe: which they are of.
        chosen: name or path of another one; empty for one of these.

    Raises:
        ZooError: none is here, or the chosen one is of another recipe.
    """
    known = {saved.name for saved in models.list_models()}
    name = chosen or next((name for name in names if name in known), None)
    if name is None:
        wanted = " or ".join(names)
        raise ZooError(f"no saved model {wanted} is here; train one: python -m zoo.recipes.{recipe}")
    if (made_by := models.find(name).manifest.recipe) != recipe:
        raise ZooError(f"{name}: is of the recipe {made_by}; choose one of {recipe}")
    return models.load(name)


def config_of(model: models.Model, config: type[Config]) -> Config:
    """Returns the recipe's config that a model was trained with."""
    fields = {field.name for field in dataclasses.fields(config)}
    return config(**{name: value for name, value in model.manifest.config.items() if name in fields})


def known_of(model: models.Model) -> Known:
    """Returns what a saved model knows of words: its vocabulary, and the vectors and clusters it carries."""
    assets = model.path / "assets"
    vectors = clusters = None
    if (path := assets / "vectors.txt").exists():
        _, exported, *_ = tf.saved_model.load(str(model.path)).known  # a tuple is loaded as a list
        vectors = Vectors.read(path, exported.table.numpy()[:-1])
    if (path := assets / "clusters.txt").exists():
        clusters = Clusters.read(path)
    return Known(Vocabulary.read(assets / "vocabulary.txt"), vectors, clusters)


def with_weights(network: keras.Model, model: models.Model) -> keras.Model:
    """Sets a network's weights to those of a saved model, and returns it.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    if [weight.path for weight in network.weights] != list(model.manifest.weights):
        raise ZooError(f"{model.name}: was exported by another version of the recipe; train it anew")
    network.set_weights([variable.numpy() for variable in model.variables])
    return network
