"""python -m zoo info."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import tyro

from zoo import models
from zoo.tasks import CARD


@dataclass(frozen=True)
class Info:
    """Shows a model's card and checks its files."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""

    def run(self) -> None:
        """Prints the card and checks."""
        from rich.console import Console
        from rich.markdown import Markdown

        saved = models.find(self.model)
        card = saved.path / CARD
        if card.exists():
            Console().print(Markdown(card.read_text(encoding="utf-8")))
        print(f"\n{saved.path}: {len(saved.manifest.files)} files, {saved.megabytes:.1f} MB", end="")
        print(f"; {saved.problem}" if saved.problem else ", as the manifest says")
