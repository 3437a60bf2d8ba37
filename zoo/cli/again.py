"""python -m zoo again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Again:
    """Exports a model once more: its weights as they are, the rest as this version of the zoo writes it.

    A model that an older version exported gets the signatures, bounds and outputs of this one, without a
    training. Its data is prepared, and every figure is measured anew, beside the old one.
    """

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model of one of the zoo's recipes."""
    output: str = ""
    """Folder to write to, replaced as a whole; by default saved_models/NAME."""

    def run(self) -> None:
        """Exports, and prints the figures of before and after."""
        from rich.table import Table

        from zoo import export, metrics, models
        from zoo.again import again
        from zoo.show.console import console

        old = models.load(self.model)
        before = old.manifest
        saved = again(old, Path(self.output) if self.output else export.SAVED_MODELS / old.name)
        table = Table("part", "figure", "before", "now", title=f"{saved.path}")
        for part, score in saved.manifest.metrics.items():
            was = before.metrics.get(part)
            old_figures = metrics.listed(was.figures, len(was.figures)) if was else {}
            for heading, figure in metrics.listed(score.figures, len(score.figures)).items():
                table.add_row(part, heading, old_figures.get(heading, "-"), figure)
        console().print(table)
        new = [name for name in saved.manifest.signatures if name not in before.signatures]
        outputs = sorted(
            f"{signature}: {name}"
            for signature, sides in saved.manifest.signatures.items()
            if signature in before.signatures
            for name in set(sides.outputs) - set(before.signatures[signature].outputs)
        )
        print(f"new signatures: {', '.join(new) or 'none'}; new outputs: {', '.join(outputs) or 'none'}")
