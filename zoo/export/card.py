"""The README.md of an exported model, written from its manifest."""

from collections.abc import Mapping

from zoo import metrics
from zoo.export.hub_header import header, licence
from zoo.metrics import Scores
from zoo.models import recipes_file
from zoo.tasks import Manifest, Task, of


def card(manifest: Manifest) -> str:
    """Returns Markdown: scores beside baselines, how to use the model, what it was made from and how.

    It begins with the header that model hubs read.
    """
    data, training, task = manifest.dataset, manifest.training, of(manifest)
    sizes = ", ".join(f"{count:,} {split}" for split, count in data.sizes.items())
    versions = ", ".join(f"{name} {number}" for name, number in manifest.versions.items())
    return f"""{header(manifest)}
# {manifest.name}

A model of the recipe `{manifest.recipe}`.{_more_to_read(manifest)}

{_parts(manifest, task)}{_elsewhere(manifest, task)}

## Use it

TensorFlow is all it needs:

```python
import tensorflow as tf

model = tf.saved_model.load("saved_models/{manifest.name}")
{_example(task.example(manifest))}
```

{task.with_the_zoo(manifest)}

{_signatures(manifest)}

## How it was made

| | |
|---|---|
| command | `{manifest.command}` |
| data | `{data.name}` {data.version} ({sizes}); {data.source} |
| licence of the data | {data.licence} |
| training | {training.seconds:,.0f} s; {training.epochs} epochs, best: {training.best_epoch} |
| hardware | {manifest.hardware} |
| parameters | {manifest.parameters:,} |
| versions | {versions} |

{licence(manifest)}
"""


def _more_to_read(manifest: Manifest) -> str:
    """Names the recipe's own card, which a copy of a recipe has not."""
    if not recipes_file(f"{manifest.recipe}/README.md"):
        return ""
    return f""" What its data is biased towards and where it fails:
see `recipes/{manifest.recipe}/README.md` of the zoo."""


def _parts(manifest: Manifest, task: Task) -> str:
    """Writes a table for each part of the data that was scored, and under it what was scored."""
    data, parts = manifest.dataset, []
    for part, score in manifest.metrics.items():
        rows = task.what_was_scored(data.sizes[part], score)
        what = f"Part `{part}` of `{data.name}`, {rows}, seed {manifest.seed}."
        signatures: Mapping[str, str] = score.details.get("signatures", {})
        meant = [f"{metrics.figure_of(name).heading} is `{s}`" for name, s in signatures.items()]
        if meant:
            what += f"\nAs sacreBLEU signs its figures, {' and '.join(meant)}."
        scores = {**manifest.baselines.get(part, {}), f"**{manifest.name}**": score}
        parts.append(f"{_scores(scores)}\n\n{what}")
    return "\n\n".join(parts)


def _elsewhere(manifest: Manifest, task: Task) -> str:
    """Writes a section on data sets that the model never saw; nothing, where it was scored on none."""
    if not manifest.elsewhere:
        return ""
    headings = list(dict.fromkeys(name for score in manifest.elsewhere.values() for name in score.written()))
    lines = [f"| data set | rows | {' | '.join(headings)} |", "|---" * (len(headings) + 2) + "|"]
    for name, score in manifest.elsewhere.items():
        figures, title = score.written(), ", ".join(filter(None, (f"`{name}`", task.how_scored(score))))
        cells = [title, f"{score.n:,}", *(figures.get(heading, "-") for heading in headings)]
        lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines)
    return (
        f"\n\n## Elsewhere\n\nThe model never saw these data sets: it learned nothing from them.\n\n{table}"
    )


def _scores(scores: Scores) -> str:
    rows = {name: score.written() for name, score in scores.items()}
    headings = list(list(rows.values())[-1])
    lines = [f"| | {' | '.join(headings)} |", "|---" * (len(headings) + 1) + "|"]
    for name, figures in rows.items():
        lines.append(f"| {name} | {' | '.join(figures.get(heading, '-') for heading in headings)} |")
    return "\n".join(lines)


def _example(named: Mapping[str, str]) -> str:
    """Writes a call of `serving_default`, as formatters leave it."""
    tensors = [f"{name}={tensor}" for name, tensor in named.items()]
    if len(tensors) == 1:
        return f'print(model.signatures["serving_default"]({tensors[0]}))'
    lines = "".join(f"        {tensor},\n" for tensor in tensors)
    return f'print(\n    model.signatures["serving_default"](\n{lines}    )\n)'


def _signatures(manifest: Manifest) -> str:
    rows = ["| signature | | tensor | type |", "|---|---|---|---|"]
    for signature, sides in manifest.signatures.items():
        for side, tensors in (("input", sides.inputs), ("output", sides.outputs)):
            for name, kind in tensors.items():
                rows.append(f"| `{signature}` | {side} | `{name}` | {kind} |")
    return "\n".join(rows)
