"""python -m zoo info."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Annotated

import tyro

from zoo import models
from zoo.cli import streams

_CARD_BYTES = 1_000_000


@dataclass(frozen=True)
class Info:
    """Shows a model's card and checks its files."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""

    json: bool = False
    """Print one object instead: everything that zoo.json says, and path, megabytes, and problem, which is
    empty if the files are those of the export."""

    def run(self) -> None:
        """Prints the card and checks."""
        if self.json:
            saved = models.find(self.model)
            problem = saved.problem(models.hashes(saved.path))
            about = {"path": str(saved.path), "megabytes": round(saved.megabytes, 1), "problem": problem}
            streams.say({**saved.manifest.to_json(), **about})
            return
        from rich.markdown import Markdown

        from zoo.data.regular import read_regular
        from zoo.show.console import console
        from zoo.tasks import CARD

        saved = models.find(self.model)
        page = console(highlight=False)
        try:
            card = read_regular(saved.path / CARD, _CARD_BYTES).decode("utf-8", "replace")
            page.print(
                Markdown(re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL))
            )  # for hubs, not for people
        except FileNotFoundError:
            pass
        except OSError as error:
            warnings.warn(f"{saved.path}: no card is shown ({error})", stacklevel=2)
        problem = saved.problem(models.hashes(saved.path))
        checked = f"; {problem}" if problem else ", as the manifest says"
        files = f"{len(saved.manifest.files)} files, {saved.megabytes:.1f} MB"
        page.print(f"\n{saved.path}: {files}{checked}", soft_wrap=True)
