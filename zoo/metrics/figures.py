"""One table of figures: what each is called, how it is written, and which way is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Figure(NamedTuple):
    """How a figure stands in tables.

    Attributes:
        name: as scores and files call it.
        heading: as tables call it.
        digits: behind the point. Figures of 100 have two, as their fields' papers write them; shares four.
        lower_is_better: whether the lower one wins.
        listed: whether short lists show it: of the steps to BLEU-4, that one says enough.
    """

    name: str
    heading: str
    digits: int = 4
    lower_is_better: bool = False
    listed: bool = True

    def written(self, value: float, fewer: int = 0) -> str:
        """Writes a value with the figure's digits, or so many fewer."""
        return f"{value:.{self.digits - fewer}f}"

    def merit(self, value: float) -> float:
        """Returns a number that is the higher the better the value is."""
        return -value if self.lower_is_better else value


_TABLE = (
    Figure("accuracy", "accuracy"),
    Figure("f1", "F1"),
    Figure("precision", "precision"),
    Figure("recall", "recall"),
    Figure("macro_f1", "macro-F1"),
    Figure("macro_recall", "macro-recall", listed=False),
    Figure("f1_pn", "F1-PN", listed=False),
    Figure("ece", "ECE", lower_is_better=True, listed=False),
    Figure("auroc", "AUROC", listed=False),
    Figure("exact_match", "exact match"),
    Figure("parses", "parses", 2, listed=False),
    Figure("word_accuracy", "word accuracy"),
    Figure("both_events", "both events", listed=False),
    Figure("order", "order of events"),
    Figure("bleu", "BLEU", 2),
    Figure("chrf", "chrF", 2),
    Figure("bleu_1", "BLEU-1", 2, listed=False),
    Figure("bleu_2", "BLEU-2", 2, listed=False),
    Figure("bleu_3", "BLEU-3", 2, listed=False),
    Figure("bleu_4", "BLEU-4", 2),
    Figure("cider", "CIDEr", 2),
    Figure("rouge_l", "ROUGE-L", 2),
    Figure("word_error_rate", "WER", 2, lower_is_better=True),
    Figure("phoneme_error_rate", "PER", 2, lower_is_better=True),
    Figure("character_error_rate", "CER", 2, lower_is_better=True),
    Figure("line_error_rate", "lines wrong", 2, lower_is_better=True),
    Figure("nats", "nats", lower_is_better=True),
    Figure("recognised", "recognised", 1),
    Figure("bits", "bits", lower_is_better=True),
    Figure("perplexity", "perplexity", 2, lower_is_better=True),
    Figure("mase", "MASE", lower_is_better=True),
    Figure("smape", "sMAPE", 2, lower_is_better=True),
    Figure("coverage", "coverage"),
    Figure("pinball", "pinball", lower_is_better=True),
    Figure("loss", "loss", lower_is_better=True),
)
FIGURES: Mapping[str, Figure] = {figure.name: figure for figure in _TABLE}


def figure_of(name: str) -> Figure:
    """Returns a figure by its name; one that the table lacks is a share that is better the higher it is."""
    return FIGURES.get(name) or Figure(name, name.replace("_", " "))


def written(values: Mapping[str, float]) -> dict[str, str]:
    """Returns heading -> value as tables write it."""
    return {figure_of(name).heading: figure_of(name).written(value) for name, value in values.items()}


def listed(values: Mapping[str, float], most: int) -> dict[str, str]:
    """As `written`, for a short list: the first `most` of the figures that such lists show."""
    names: Iterable[str] = [name for name in values if figure_of(name).listed][:most]
    return written({name: values[name] for name in names})
