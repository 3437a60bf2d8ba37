"""Saved models: found, checked, loaded and asked; needs their files only, never a recipe or Keras."""

from zoo.models.find import Saved, damage, find, hashes, list_models, recipes_file, search_path
from zoo.models.load import Model, load
from zoo.models.predict import Function, predict
from zoo.models.quiet import import_tensorflow

__all__ = [
    "Function",
    "Model",
    "Saved",
    "damage",
    "find",
    "hashes",
    "import_tensorflow",
    "list_models",
    "load",
    "predict",
    "recipes_file",
    "search_path",
]
