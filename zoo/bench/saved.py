"""Saved models for benchmarks: the first one that is here."""

from __future__ import annotations

from collections.abc import Sequence

from zoo import models
from zoo.errors import ZooError


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
