"""What a language model has learned of words, as the first layer of what reads them in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import ZooError

WORDS = "word_embedding/embeddings"
_READ, _FIRST = "embedding/embeddings", "rnn_1/"


def is_language_model(config: Mapping[str, Any]) -> bool:
    """Tells whether a model was trained to guess the next unit."""
    return "level" in config


def encoder(
    names: Sequence[str], weights: Sequence[Mapping[str, np.ndarray]], configs: Sequence[Mapping[str, Any]]
) -> dict[str, np.ndarray]:
    """Returns path -> weight of word vectors and of the first bidirectional layer of a classifier or tagger.

    A language model that reads forwards gives the layer's one half, one that reads backwards the other.

    Args:
        names: of one language model or of two, for messages.
        weights: of each, path -> weight.
        configs: settings of each.

    Raises:
        ZooError: they guess no tokens, read in one direction both, or know words by different vectors.
    """
    found: dict[str, np.ndarray] = {}
    for name, trained, config in zip(names, weights, configs, strict=True):
        if config.get("level") != "token":
            raise ZooError(
                f"--init-from {name}: is no language model of what is read here; give one trained with "
                "--level token"
            )
        half = f"both_ways_1/{'backward' if config['backwards'] else 'forward'}_rnn_1/"
        if any(path.startswith(half) for path in found):
            raise ZooError(
                f"--init-from {'+'.join(names)}: both read in one direction; give one that was trained with "
                "--backwards"
            )
        # A language model reads its vectors longer than it keeps them.
        vectors = trained[_READ] * np.float32(config["width"]) ** 0.5
        # An export may have rounded them.
        if WORDS in found and not np.allclose(found[WORDS], vectors, rtol=2e-3, atol=1e-3):
            raise ZooError(
                f"--init-from {'+'.join(names)}: know words by different vectors; train the second with "
                f"--init-from {names[0]} --freeze embedding"
            )
        found.setdefault(WORDS, vectors)
        found |= {
            half + path.removeprefix(_FIRST): weight
            for path, weight in trained.items()
            if path.startswith(_FIRST)
        }
    return found
