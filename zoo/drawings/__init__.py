"""Drawings as a network sees them: moves of a pen, and mixtures of Gaussians over the next one."""

from zoo.drawings.mixture import Mixture, log_probability
from zoo.drawings.moves import FEATURES, Pen, features, filled, given, last, learned, strokes_of
from zoo.drawings.sampling import Drawn, draw
from zoo.drawings.svg import as_svg

__all__ = [
    "FEATURES",
    "Drawn",
    "Mixture",
    "Pen",
    "as_svg",
    "draw",
    "features",
    "filled",
    "given",
    "last",
    "learned",
    "log_probability",
    "strokes_of",
]
