"""What a recurrent model must beat: simple models, fitted in seconds on the same data."""

from zoo.baselines.drawings import one_gaussian
from zoo.baselines.forecasts import forecasting
from zoo.baselines.linear import NaiveBayesRuns, out_of_fold
from zoo.baselines.signals import signal_classification
from zoo.baselines.texts import (
    captioning,
    generation,
    tagging,
    text_classification,
    translation,
    typical_text,
)

__all__ = [
    "NaiveBayesRuns",
    "captioning",
    "forecasting",
    "generation",
    "one_gaussian",
    "out_of_fold",
    "signal_classification",
    "tagging",
    "text_classification",
    "translation",
    "typical_text",
]
