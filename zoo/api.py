"""What a program does by a call, as the command line does by a command."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo import models
from zoo.errors import ZooError

if TYPE_CHECKING:
    import keras


def train(
    recipe: str,
    dataset: Any = "",
    preset: str = "",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    **settings: Any,
) -> models.Model:
    """Trains what `python -m zoo.recipes.<recipe>` trains, in the same folder; goes on where it was stopped.

        model = zoo.train("sentiment", dataset=frame, name="mine", epochs=3)

    Args:
        recipe: its name.
        dataset: name, path, frame, `tf.data.Dataset` or dicts; empty for the recipe's own. Captioning and
            generation read paths and names alone.
        preset: name or file of other defaults.
        callbacks: of Keras; they are called as in any `fit`.
        **settings: the recipe's flags, with underscores.

    Returns:
        The exported model, loaded.

    Raises:
        ZooError: whatever the command says in one line.
    """
    import zoo.recipes
    from zoo import export, training
    from zoo.cli.parse import flags_of, parse
    from zoo.data.own.held import as_file

    if recipe not in zoo.recipes.names():
        raise ZooError(f"no recipe {recipe!r}; there are: {', '.join(zoo.recipes.names())}")
    module = importlib.import_module(f"zoo.recipes.{recipe}")
    if not isinstance(dataset, str):
        settings["dataset"] = str(as_file(dataset))
    elif dataset:
        settings["dataset"] = dataset
    named = ["--preset", preset] if preset else []
    config = parse(recipe, module.Config, [*named, *flags_of(settings, module.Config, recipe)])
    with training.called_too(callbacks):
        module.main(config)
    return models.load(export.SAVED_MODELS.absolute() / (config.name or recipe))
