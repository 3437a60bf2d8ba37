"""Saved models: found, checked, loaded and asked; needs their files only, never a recipe or Keras."""

from zoo.models.asked import Function, predict
from zoo.models.loaded import Model, load
from zoo.models.quiet import import_tensorflow
from zoo.models.saved import Saved, damage, find, hashes, list_models, recipes_file, search_path

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
