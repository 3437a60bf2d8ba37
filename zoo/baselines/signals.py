"""What a recogniser of signals must beat: a few figures of each channel, and a linear model."""

from collections.abc import Mapping, Sequence

import numpy as np

from zoo import metrics
from zoo.metrics import Score

_PIECES = 3  # of a signal, whose figures are taken one by one


def signal_classification(
    parts: Mapping[str, tuple[Sequence[np.ndarray], np.ndarray]], label_names: Sequence[str]
) -> dict[str, Score]:
    """Scores the commonest label, and logistic regression on figures of each channel.

    Of each third of a signal these are mean, standard deviation, lowest, highest and mean absolute change
    from step to step; and the whole signal's length. The model's strength (C of 0.1, 1, 10) is
    chosen on the validation part.

    Args:
        parts: train, validation and test -> signals (time, channels), NaN where a number is missing, and
            label numbers (n,).
        label_names: name of each number.

    Returns:
        Name -> what `zoo.metrics.classification` says of the test part.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = {split: columns[1] for split, columns in parts.items()}
    features = {split: np.array([_figures(row) for row in columns[0]]) for split, columns in parts.items()}

    def score(split: str, predicted: np.ndarray) -> Score:
        return metrics.classification(labels[split], predicted, label_names)

    commonest = np.bincount(labels["train"]).argmax()
    models = [
        make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000)).fit(
            features["train"], labels["train"]
        )
        for strength in (0.1, 1, 10)
    ]
    best = max(models, key=lambda m: score("validation", m.predict(features["validation"]))["accuracy"])
    return {
        "majority": score("test", np.full(len(labels["test"]), commonest)),
        "figures + logistic regression": score("test", best.predict(features["test"])),
    }


def _figures(row: np.ndarray) -> np.ndarray:
    figures = [np.full(1, float(len(row)))]
    for piece in np.array_split(row, _PIECES):
        seen = np.where(np.isfinite(piece), piece, np.nan)
        change = np.abs(np.diff(seen, axis=0))
        for values, figure in (
            (seen, np.mean),
            (seen, np.std),
            (seen, np.min),
            (seen, np.max),
            (change, np.mean),
        ):
            figures.append(_of_seen(values, figure))
    return np.concatenate(figures)


def _of_seen(values: np.ndarray, figure) -> np.ndarray:
    """Applies a figure to what is seen of each channel; of nothing it is 0."""
    columns = (column[np.isfinite(column)] for column in values.T)
    return np.array([figure(column) if len(column) else 0.0 for column in columns])
