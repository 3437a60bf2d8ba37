"""A zoo of recurrent sequence models: list_models(), load() and train() are all that using them needs.

Importing `zoo` is instant; TensorFlow is imported by the first model that is loaded.
"""

from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.api import train
    from zoo.models import Fused, list_models, load

__version__ = "0.1.0"
__all__ = ["Fused", "ZooError", "__version__", "list_models", "load", "train"]


def __getattr__(name: str) -> Any:
    if name in ("Fused", "list_models", "load"):
        from zoo import models

        return getattr(models, name)
    if name == "train":
        from zoo.api import train

        return train
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
