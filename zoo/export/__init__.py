"""SavedModels that plain TensorFlow loads: what their graphs are made of, written whole and verified."""

from zoo.export.blocks import by_length, dense_and_flat, flat, in_blocks, padded, steps_by_length, with_a_row
from zoo.export.manifest import command, hardware
from zoo.export.serving import Serving, activations, once, portable, recurrent_layers, signature
from zoo.export.writing import SAVED_MODELS, check_target, save

__all__ = [
    "SAVED_MODELS",
    "Serving",
    "activations",
    "by_length",
    "check_target",
    "command",
    "dense_and_flat",
    "flat",
    "hardware",
    "in_blocks",
    "once",
    "padded",
    "portable",
    "recurrent_layers",
    "save",
    "signature",
    "steps_by_length",
    "with_a_row",
]
