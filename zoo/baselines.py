"""What a recurrent model must beat: simple models, fitted in seconds on the same data."""

from typing import Any

import numpy as np

from zoo import metrics
from zoo.data.examples import Examples, text_and_labels


def text_classification(examples: Examples) -> dict[str, dict[str, Any]]:
    """Scores the commonest label, and logistic regression on TF-IDF of words and word pairs.

    The linear model takes the 50,000 commonest words and pairs; its strength (C of 1, 2, 4, 8) is chosen
    on the validation part.

    Args:
        examples: a classification set.

    Returns:
        Name -> what `zoo.metrics.classification` says of the test part.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts, labels = {}, {}
    for split in ("train", "validation", "test"):
        texts[split], labels[split] = text_and_labels(examples.split(split))

    def score(split: str, predicted: np.ndarray) -> dict:
        return metrics.classification(labels[split], predicted, examples.label_names)

    commonest = np.bincount(labels["train"]).argmax()
    scores = {"majority": score("test", np.full(len(labels["test"]), commonest))}
    tfidf = TfidfVectorizer(ngram_range=(1, 2), max_features=50_000, sublinear_tf=True)
    try:
        features = {"train": tfidf.fit_transform(texts["train"])}
    except ValueError as error:  # texts without a word of two letters
        print(f"no TF-IDF baseline: {error}")
        return scores
    features |= {split: tfidf.transform(texts[split]) for split in ("validation", "test")}
    models = [
        LogisticRegression(C=c, max_iter=1000).fit(features["train"], labels["train"]) for c in (1, 2, 4, 8)
    ]
    best = max(models, key=lambda m: score("validation", m.predict(features["validation"]))["macro_f1"])
    scores["TF-IDF + logistic regression"] = score("test", best.predict(features["test"]))
    return scores
