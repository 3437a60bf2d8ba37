"""SavedModels that plain TensorFlow loads: what their graphs are made of, written whole and verified."""

from zoo.export.save import SAVED_MODELS, check_target, hardware, manifest, save

__all__ = ["SAVED_MODELS", "check_target", "hardware", "manifest", "save"]
