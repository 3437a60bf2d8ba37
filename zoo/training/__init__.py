"""How a model is trained: settings, one folder a run, fit() that continues exactly where it was stopped."""

from zoo.training.fit import Settings, Storage, fit, make_optimizer, require, start

__all__ = ["Settings", "Storage", "fit", "make_optimizer", "require", "start"]
