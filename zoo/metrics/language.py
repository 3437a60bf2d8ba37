"""Scores of language models."""

from collections.abc import Sequence

import numpy as np

from zoo.metrics.compared import ratio
from zoo.metrics.score import Score


def generation(log_probabilities: Sequence[float], units: Sequence[int], level: str) -> Score:
    """Scores a language model by how probable it finds text that others wrote.

    Args:
        log_probabilities: that of each text, in nats.
        units: how many characters or words each has.
        level: `"char"`, `"word"` or `"token"`.

    Returns:
        `n`, the number of texts, and `units`, those of all. For characters `nats`, the cross-entropy of one
        on average, the same in `bits`, and `perplexity`, its exponential; for words `perplexity` and `nats`.
    """
    nats = ratio(-float(np.sum(log_probabilities, dtype=np.float64)), sum(units))
    perplexity = {"perplexity": float(np.exp(nats))}
    characters = {"nats": nats, "bits": float(nats / np.log(2)), **perplexity}
    figures = characters if level == "char" else {**perplexity, "nats": nats}
    return Score(len(units), figures, {"units": int(sum(units))})
