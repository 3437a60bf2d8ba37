"""Saved models: found, checked, loaded and asked; needs their files only, never a recipe or Keras."""

from zoo.models.asked import Function, predict
from zoo.models.copied import GRAPH, hashes
from zoo.models.danger import harmless
from zoo.models.loaded import Model, load
from zoo.models.locked import Lock
from zoo.models.quiet import import_tensorflow
from zoo.models.saved import Saved, find, list_models, recipes_file, search_path

__all__ = [
    "GRAPH",
    "Function",
    "Lock",
    "Model",
    "Saved",
    "find",
    "harmless",
    "hashes",
    "import_tensorflow",
    "list_models",
    "load",
    "predict",
    "recipes_file",
    "search_path",
]
