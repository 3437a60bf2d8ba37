"""The README.md of an exported model, written from its manifest."""

from collections.abc import Mapping
from typing import Any

from zoo import metrics


def card(manifest: Mapping[str, Any]) -> str:
    """Returns Markdown: scores beside baselines, how to use the model, what it was made from and how."""
    data, training = manifest["dataset"], manifest["training"]
    sizes = ", ".join(f"{count:,} {split}" for split, count in data["sizes"].items())
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    return f"""# {manifest["name"]}

A model of the recipe `{manifest["recipe"]}`. What its data is biased towards and where it fails:
see `recipes/{manifest["recipe"]}/README.md` of the zoo.

{_parts(manifest)}

## Use it

TensorFlow is all it needs:

```python
import tensorflow as tf

model = tf.saved_model.load("saved_models/{manifest["name"]}")
{_example(manifest)}
```

{_with_the_zoo(manifest)}

{_signatures(manifest)}

## How it was made

| | |
|---|---|
| command | `{manifest["command"]}` |
| data | `{data["name"]}` {data["version"]} ({sizes}); {data["source"]} |
| licence of the data | {data["licence"]} |
| training | {training["seconds"]:,.0f} s; {training["epochs"]} epochs, best: {training["best_epoch"]} |
| hardware | {manifest["hardware"]} |
| parameters | {manifest["parameters"]:,} |
| versions | {versions} |
"""


def _parts(manifest: Mapping[str, Any]) -> str:
    """Writes a table for each part of the data that was scored, and under it what was scored."""
    data, parts = manifest["dataset"], []
    for part, score in manifest["metrics"].items():
        count = data["sizes"][part]
        rows = f"{count:,} rows"
        if manifest.get("mapping") == "series":
            rows += f", forecast from {score['n']:,} origins"
        elif score.get("n", count) != count:
            rows += f" of {score['n']:,} sources"
        what = f"Part `{part}` of `{data['name']}`, {rows}, seed {manifest['seed']}."
        meant = [f"{metrics.heading(name)} is `{s}`" for name, s in score.get("signatures", {}).items()]
        if meant:
            what += f"\nAs sacreBLEU signs its figures, {' and '.join(meant)}."
        scores = {**manifest["baselines"].get(part, {}), f"**{manifest['name']}**": score}
        parts.append(f"{_scores(scores)}\n\n{what}")
    return "\n\n".join(parts)


def _scores(scores: Mapping[str, Mapping[str, Any]]) -> str:
    rows = {name: metrics.figures(score) for name, score in scores.items()}
    headings = list(rows.values())[-1]
    lines = [f"| | {' | '.join(headings)} |", "|---" * (len(headings) + 1) + "|"]
    for name, figures in rows.items():
        lines.append(f"| {name} | {' | '.join(figures[heading] for heading in headings)} |")
    return "\n".join(lines)


def _example(manifest: Mapping[str, Any]) -> str:
    """Writes a call of `serving_default`, as formatters leave it."""
    tensors = [f"{name}={tensor}" for name, tensor in _tensors(manifest).items()]
    if len(tensors) == 1:
        return f'print(model.signatures["serving_default"]({tensors[0]}))'
    lines = "".join(f"        {tensor},\n" for tensor in tensors)
    return f'print(\n    model.signatures["serving_default"](\n{lines}    )\n)'


def _tensors(manifest: Mapping[str, Any]) -> dict[str, str]:
    inputs = manifest["signatures"]["serving_default"]["inputs"]
    if manifest.get("mapping") == "series":
        row = [0.0] * len(manifest["series"]["columns"])
        window = manifest["config"]["window"]
        return {"values": f"tf.constant([[{row}] * {window}])", "time": 'tf.constant(["2026-01-31"])'}
    defaults = manifest.get("defaults", {})
    given = 'open("photo.jpg", "rb").read()' if manifest.get("mapping") == "captioning" else '"..."'
    tensors = {name: f"tf.constant([{given}])" for name in inputs if name not in defaults}
    for name, value in defaults.items():
        kind = ", tf.int64" if inputs[name].startswith("int64") else ""
        tensors[name] = f"tf.constant([{value}]{kind})"
    return tensors


def _with_the_zoo(manifest: Mapping[str, Any]) -> str:
    name = manifest["name"]
    if manifest.get("mapping") == "series":
        columns = " and ".join(f"`{column}`" for column in manifest["series"]["columns"])
        return (
            f"With the zoo: `python -m zoo predict {name} --input FILE.csv`, a table with dates in its\n"
            f"first column, and {columns}."
        )
    pictures = manifest.get("mapping") == "captioning"
    file = 'open("photo.jpg", "rb").read()'
    typed, given = ("photo.jpg", file) if pictures else ('"..."', '"..."')
    return (
        f'With the zoo: `python -m zoo predict {name} {typed}`, or\n`zoo.load("{name}").predict([{given}])`.'
    )


def _signatures(manifest: Mapping[str, Any]) -> str:
    rows = ["| signature | | tensor | type |", "|---|---|---|---|"]
    for signature, sides in manifest["signatures"].items():
        for side in ("inputs", "outputs"):
            for name, kind in sides[side].items():
                rows.append(f"| `{signature}` | {side[:-1]} | `{name}` | {kind} |")
    return "\n".join(rows)
