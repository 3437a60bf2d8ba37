"""Scores a saved model on any data set of its mapping."""

from pathlib import Path

import numpy as np

from zoo import metrics, report
from zoo.data import files, load
from zoo.data.examples import text_and_labels
from zoo.errors import ZooError
from zoo.registry import Model


def evaluate(model: Model, dataset: str = "", split: str = "test") -> dict[str, float]:
    """Predicts a split through the SavedModel, and prints its scores beside the stored baselines.

    Args:
        model: a loaded classifier.
        dataset: as `zoo.data.load` takes it; empty for the set that the model was trained on. All rows of
            a single file are scored.
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
    label_names = manifest["labels"]
    own = manifest["dataset"]["name"]
    texts, labels = _rows(dataset or own, split, whole_file=bool(dataset))
    unknown = sorted(set(labels) - set(label_names))
    if unknown:
        raise ZooError(
            f"{dataset or own}: label {unknown[0]!r} is not one of {model.name} ({', '.join(label_names)})"
        )
    truth = np.array([label_names.index(label) for label in labels])
    answers = model.predict(texts)
    chances = np.array([[answer["scores"][name] for name in label_names] for answer in answers])
    score = metrics.classification(truth, chances.argmax(axis=1), label_names)
    same_rows = split == "test" and (not dataset or (dataset == own and not Path(own).is_file()))
    baselines = manifest["baselines"].get("test", {}) if same_rows else {}
    report.print_classification({**baselines, model.name: score}, texts, truth, chances, label_names)
    return score


def _rows(dataset: str, split: str, whole_file: bool) -> tuple[list[str], list[str]]:
    if whole_file and Path(dataset).is_file():
        texts, labels = zip(*files.read_rows(Path(dataset)), strict=True)
        return list(texts), list(labels)
    examples = load(dataset, "classification")
    texts, labels = text_and_labels(examples.split(split))
    return texts, [examples.label_names[number] for number in labels]
