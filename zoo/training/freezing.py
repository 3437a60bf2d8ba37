"""Layers that stay as they are, for good or for some epochs."""

from collections.abc import Iterator

import keras

from zoo.errors import ZooError
from zoo.training.settings import Settings


def freeze(model: keras.Model, settings: Settings, steps_per_epoch: int) -> dict[str, int]:
    """Makes the settings' `freeze` so: see there, and at `thaw`. Once more, it changes nothing.

    Args:
        model: before it has an optimizer.
        settings: the recipe's config.
        steps_per_epoch: batches in an epoch.

    Returns:
        Path of a weight -> the step from which on it learns, for those that wait.

    Raises:
        ZooError: a layer is not the model's, or nothing is left that learns.
    """
    layers = {layer.name: layer for layer in _layers(model) if layer.weights}
    if unknown := [name for name in settings.freeze if name not in layers]:
        raise ZooError(f"--freeze {unknown[0]}: the model has no such layer; it has {', '.join(layers)}")
    if settings.thaw and not settings.freeze:
        raise ZooError("--thaw: nothing is frozen; name layers by --freeze, or leave it out")
    free = [layer for name, layer in layers.items() if name not in settings.freeze]
    if settings.freeze and not any(layer.trainable_variables for layer in free):
        raise ZooError("--freeze: nothing is left to learn; name fewer layers")
    names = list(dict.fromkeys(settings.freeze))
    if not settings.thaw:
        for name in names:
            layers[name].trainable = False
    # In the order in which they learn again.
    waiting = names[::-1] if settings.thaw else ()
    return {
        weight.path: (settings.thaw + number) * steps_per_epoch
        for number, name in enumerate(waiting)
        for weight in layers[name].trainable_variables
    }


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yields the layers that a recipe has named: those of a model, or of the model that another one wraps."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer
