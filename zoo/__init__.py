"""A zoo of recurrent sequence models: list_models() and load() are all that using them needs.

Importing `zoo` is instant; TensorFlow is imported by the first model that is loaded.
"""

from zoo.errors import ZooError
from zoo.models import list_models, load

__version__ = "0.1.0"
__all__ = ["ZooError", "__version__", "list_models", "load"]
