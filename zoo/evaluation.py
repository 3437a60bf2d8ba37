"""Scores a saved model on any data set of its mapping."""

from pathlib import Path

import numpy as np

from zoo import metrics, report
from zoo.data import load
from zoo.data.examples import columns
from zoo.errors import ZooError
from zoo.registry import Model


def evaluate(model: Model, dataset: str = "", split: str = "test") -> dict[str, float]:
    """Predicts a split through the SavedModel, and prints its scores beside the stored baselines.

    Args:
        model: a loaded classifier.
        dataset: as `zoo.data.load` takes it; empty for the set that the model was trained on.
        split: `"test"`, `"validation"` or `"train"`.

    Returns:
        What `zoo.metrics.classification` returns.

    Raises:
        ZooError: the model is no classifier of this zoo, or the data's labels are not the model's.
    """
    manifest = model.manifest
    if manifest.get("mapping") != "classification":
        raise ZooError(f"{model.name}: only classifiers of this zoo can be evaluated here")
    if split not in ("test", "validation", "train"):
        raise ZooError(f"--split {split}: choose test, validation or train")
    own = manifest["dataset"]["name"]
    examples = load(dataset or own, "classification")
    label_names = manifest["labels"]
    unknown = sorted(set(examples.label_names) - set(label_names))
    if unknown:
        raise ZooError(
            f"{examples.name}: label {unknown[0]!r} is not one of {model.name} ({', '.join(label_names)})"
        )
    number = np.array([label_names.index(name) for name in examples.label_names])
    rows = list(columns(examples.split(split), "text", "label"))
    texts = [text for block, _ in rows for text in block]
    truth = number[np.concatenate([block for _, block in rows])]
    answers = model.predict(texts)
    chances = np.array([[answer["scores"][name] for name in label_names] for answer in answers])
    score = metrics.classification(truth, chances.argmax(axis=1), label_names)
    same_data = examples.name == own and split == "test" and not Path(own).exists()
    baselines = manifest["baselines"].get("test", {}) if same_data else {}
    shown = [text.decode("utf-8", "replace") for text in texts]
    report.print_classification({**baselines, model.name: score}, shown, truth, chances, label_names)
    return score
