"""What scoring a model on rows gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.metrics.figures import figure_of, written


@dataclass(frozen=True, eq=False)
class Score(Mapping[str, Any]):
    """The figures of one model on one part of a data set. It can be read by the names that files use.

    Attributes:
        n: rows that were scored: texts, sentences, pictures, origins.
        figures: name -> value, the one that counts first.
        counts: other numbers of things, such as tokens.
        details: tables: figures by label, by type or by step, a confusion matrix, signatures of figures.
    """

    n: int
    figures: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Score:
        """Reads what `to_json` wrote."""
        parts: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] = ({}, {}, {})
        for name, value in stored.items():
            if name != "n":
                parts[0 if isinstance(value, float) else 1 if isinstance(value, int) else 2][name] = value
        return cls(stored.get("n", 0), *parts)

    def to_json(self) -> dict[str, Any]:
        """Returns name -> value of everything, as files hold it."""
        return {"n": self.n, **self.counts, **self.figures, **self.details}

    @property
    def headline(self) -> str:
        """Name of the figure that counts: span F1, accuracy, BLEU-4 ..."""
        return next(iter(self.figures))

    @property
    def merit(self) -> float:
        """The figure that counts, as a number that is the higher the better it is."""
        return figure_of(self.headline).merit(self.figures[self.headline])

    def written(self) -> dict[str, str]:
        """Returns heading -> figure as tables write it."""
        return written(self.figures)

    def __getitem__(self, name: str) -> Any:
        return self.to_json()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.to_json())

    def __len__(self) -> int:
        return len(self.to_json())


Scores = Mapping[str, Score]  # name of a model or baseline -> its score
