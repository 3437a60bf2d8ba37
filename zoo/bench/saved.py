"""Saved models for benchmarks: the first one that is here, and the Keras model that it was exported from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import keras

from zoo import registry
from zoo.errors import ZooError

Config = TypeVar("Config")


def first_of(names: Sequence[str], recipe: str) -> registry.Model:
    """Loads the first of the models that can be found.

    Raises:
        ZooError: none is here.
    """
    known = {saved.name for saved in registry.list_models()}
    name = next((name for name in names if name in known), None)
    if name is None:
        raise ZooError(f"none of {', '.join(names)} is here; train one: python -m zoo.recipes.{recipe}")
    return registry.load(name)


def config_of(model: registry.Model, config: type[Config]) -> Config:
    """Returns the recipe's config that a model was trained with."""
    fields = config.__dataclass_fields__
    return config(**{name: value for name, value in model.manifest["config"].items() if name in fields})


def with_weights(network: keras.Model, model: registry.Model) -> keras.Model:
    """Sets a network's weights to those of a saved model, and returns it.

    Raises:
        ZooError: the recipe has changed since the export.
    """
    if [weight.path for weight in network.weights] != model.manifest["weights"]:
        raise ZooError(f"{model.name}: was exported by another version of the recipe; train it anew")
    network.set_weights([variable.numpy() for variable in model.variables])
    return network
