"""SavedModels that plain TensorFlow loads: what their graphs are made of, written whole and verified."""

from zoo.export.blocks import (
    by_length,
    dense,
    dense_and_flat,
    flat,
    in_blocks,
    in_windows,
    padded,
    steps_by_length,
    with_a_row,
)
from zoo.export.bounds import MOST_SHOWN, MOST_STEPS, columns, cut
from zoo.export.manifest import command, hardware
from zoo.export.serving import Serving, activations, cut_to_show, once, portable, recurrent_layers, signature
from zoo.export.writing import SAVED_MODELS, check_target, record, save

__all__ = [
    "MOST_SHOWN",
    "MOST_STEPS",
    "SAVED_MODELS",
    "Serving",
    "activations",
    "by_length",
    "check_target",
    "columns",
    "command",
    "cut",
    "cut_to_show",
    "dense",
    "dense_and_flat",
    "flat",
    "hardware",
    "in_blocks",
    "in_windows",
    "once",
    "padded",
    "portable",
    "record",
    "recurrent_layers",
    "save",
    "signature",
    "steps_by_length",
    "with_a_row",
]
