"""One recipe for each way of mapping sequences; each is a whole program, made to be copied."""

import pkgutil

from zoo.models.quiet import import_tensorflow

import_tensorflow()


def names() -> list[str]:
    """Returns the names of all recipes."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))
