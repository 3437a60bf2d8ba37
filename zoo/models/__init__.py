"""Saved models: found, checked, loaded and asked; needs their files only, never a recipe or Keras.

What is here is imported when it is first used: a command line tells its help before numpy could be there.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.models.asked import Function, predict
    from zoo.models.copied import GRAPH, hashes
    from zoo.models.danger import harmless
    from zoo.models.fused import Fused, fused
    from zoo.models.loaded import Model, load
    from zoo.models.locked import Lock
    from zoo.models.quiet import import_tensorflow
    from zoo.models.saved import Saved, find, list_models, recipes_file, search_path

_HOMES = {
    "asked": ("Function", "predict"),
    "copied": ("GRAPH", "hashes"),
    "danger": ("harmless",),
    "fused": ("Fused", "fused"),
    "loaded": ("Model", "load"),
    "locked": ("Lock",),
    "quiet": ("import_tensorflow",),
    "saved": ("Saved", "find", "list_models", "recipes_file", "search_path"),
}

__all__ = [
    "GRAPH",
    "Function",
    "Fused",
    "Lock",
    "Model",
    "Saved",
    "find",
    "fused",
    "harmless",
    "hashes",
    "import_tensorflow",
    "list_models",
    "load",
    "predict",
    "recipes_file",
    "search_path",
]


def __getattr__(name: str) -> Any:
    home = next((home for home, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
