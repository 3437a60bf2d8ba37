"""A saved model exported once more: its weights as they are, all around them as this version writes it."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import tempfile
from pathlib import Path

import numpy as np

import zoo.recipes
from zoo import export, models, rebuilt, text, training
from zoo.errors import ZooError
from zoo.files import put_in_place
from zoo.rebuilt import Config


def again(model: models.Model, output: Path) -> models.Saved:
    """Exports a model once more, and measures it anew, without a training.

    The recipe prepares its data, calibrates, scores and exports as it does after a training; what it says of
    that, and the figures on other data sets, are taken over. Nothing is replaced before all is done.

    Args:
        model: an export of one of the zoo's recipes.
        output: folder to write to; the same recipe's export that stands there is replaced.

    Returns:
        What was written.

    Raises:
        ZooError: the recipe is not the zoo's, or it, or its data, make another model today.
    """
    manifest = model.manifest
    if manifest.recipe not in zoo.recipes.names():
        raise ZooError(
            f"{model.name}: was not made by a recipe of the zoo ({', '.join(zoo.recipes.names())}), which "
            f"alone can be run again; train it anew{': ' + manifest.command if manifest.command else ''}"
        )
    output = output.absolute()
    export.check_target(output, manifest.recipe)
    recipe = importlib.import_module(f"zoo.recipes.{manifest.recipe}")
    config = _with_whole_paths(rebuilt.config_of(model, recipe.Config))
    inventories = {file.stem: text.read_lines(file) for file in (model.path / "assets").glob("*.txt")}
    past = training.Past(model.weights, inventories, manifest)
    lock = models.Lock(output)  # which makes the folder that it stands in
    try:
        # Beside the output, so that it is moved there at once.
        with tempfile.TemporaryDirectory(prefix=".again.", dir=output.parent) as scratch:
            with contextlib.chdir(scratch), training.instead_of_training(past):
                recipe.main(config)
            made = Path(scratch) / export.SAVED_MODELS / (config.name or manifest.recipe)
            _check_alike(model, models.load(made))
            put_in_place(output, made, Path(scratch) / "old")
    finally:
        lock.release()
    return models.find(output)


def _with_whole_paths(config: Config) -> Config:
    """Returns a config whose files are found from any folder."""
    named = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    paths = {
        name: str(Path(value).absolute())
        for name, value in named.items()
        if isinstance(value, str) and (Path(value).is_file() or (os.sep in value and Path(value).exists()))
    }
    return dataclasses.replace(config, **paths)


def _check_alike(old: models.Model, new: models.Model) -> None:
    """Makes sure that an export has the same inventories and the same weights."""
    for file in sorted((old.path / "assets").glob("*")):
        twin = new.path / "assets" / file.name
        if not twin.exists() or twin.read_bytes() != file.read_bytes():
            raise ZooError(
                f"{old.name}: its {file.name} came out otherwise; train it anew: {old.manifest.command}"
            )
    pairs = zip(old.variables, new.variables, strict=True)
    if not all(np.array_equal(was.numpy(), becomes.numpy()) for was, becomes in pairs):
        raise ZooError(f"{old.name}: its weights came out otherwise; train it anew: {old.manifest.command}")
