"""The README.md of an exported model, written from its manifest."""

from collections.abc import Mapping
from typing import Any


def card(manifest: Mapping[str, Any]) -> str:
    """Returns Markdown: scores beside baselines, how to use the model, what it was made from and how."""
    data, training = manifest["dataset"], manifest["training"]
    sizes = ", ".join(f"{count:,} {split}" for split, count in data["sizes"].items())
    versions = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    return f"""# {manifest["name"]}

A model of the recipe `{manifest["recipe"]}`. What its data is biased towards and where it fails:
see `recipes/{manifest["recipe"]}/README.md` of the zoo.

{_scores(manifest)}

Test part of `{data["name"]}`, {data["sizes"]["test"]:,} rows, seed {manifest["seed"]}.

## Use it

TensorFlow is all it needs:

```python
import tensorflow as tf

model = tf.saved_model.load("saved_models/{manifest["name"]}")
print(model.signatures["serving_default"]({_example(manifest)}))
```

With the zoo: `python -m zoo predict {manifest["name"]} "..."`, or
`zoo.load("{manifest["name"]}").predict(["..."])`.

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


def _scores(manifest: Mapping[str, Any]) -> str:
    scores = {**manifest["baselines"]["test"], f"**{manifest['name']}**": manifest["metrics"]["test"]}
    names = [name for name, value in manifest["metrics"]["test"].items() if isinstance(value, float)]
    rows = [f"| | {' | '.join(name.replace('_', ' ') for name in names)} |", "|---" * (len(names) + 1) + "|"]
    for title, score in scores.items():
        rows.append(f"| {title} | {' | '.join(f'{score[name]:.4f}' for name in names)} |")
    return "\n".join(rows)


def _example(manifest: Mapping[str, Any]) -> str:
    (name,) = manifest["signatures"]["serving_default"]["inputs"]
    return f'{name}=tf.constant(["..."])'


def _signatures(manifest: Mapping[str, Any]) -> str:
    rows = ["| signature | | tensor | type |", "|---|---|---|---|"]
    for signature, sides in manifest["signatures"].items():
        for side in ("inputs", "outputs"):
            for name, kind in sides[side].items():
                rows.append(f"| `{signature}` | {side[:-1]} | `{name}` | {kind} |")
    return "\n".join(rows)
