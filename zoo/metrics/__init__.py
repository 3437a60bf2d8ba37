"""Scores by their standard definitions, thin over well-kept libraries."""

from zoo.metrics.bleu import sentence_chrf, translation
from zoo.metrics.calibration import calibration_error, span_calibration_error, told_apart
from zoo.metrics.captions import are_names, captioning, cider_each
from zoo.metrics.compared import is_a_reference, plain
from zoo.metrics.drawings import Shapes, drawing
from zoo.metrics.figures import FIGURES, Figure, figure_of, listed, written
from zoo.metrics.forecasts import forecasting, naive_error
from zoo.metrics.kept import kept
from zoo.metrics.labels import classification
from zoo.metrics.language import generation
from zoo.metrics.phonemes import phoneme_closeness, pronunciation
from zoo.metrics.python_code import parses, parsing
from zoo.metrics.reward import CaptionReward
from zoo.metrics.score import Score, Scores
from zoo.metrics.spans import is_span_data, tagging, tagging_from_raw, tokenization
from zoo.metrics.transcripts import character_edits, transcription

__all__ = [
    "FIGURES",
    "CaptionReward",
    "Figure",
    "Score",
    "Scores",
    "Shapes",
    "are_names",
    "calibration_error",
    "captioning",
    "character_edits",
    "cider_each",
    "classification",
    "drawing",
    "figure_of",
    "forecasting",
    "generation",
    "is_a_reference",
    "is_span_data",
    "kept",
    "listed",
    "naive_error",
    "parses",
    "parsing",
    "phoneme_closeness",
    "plain",
    "pronunciation",
    "sentence_chrf",
    "span_calibration_error",
    "tagging",
    "tagging_from_raw",
    "tokenization",
    "told_apart",
    "transcription",
    "translation",
    "written",
]
