"""Text in and out of models, as graph operations that travel inside the SavedModel."""

from zoo.text.tokens import style_of, tokenize
from zoo.text.vocabulary import PADDING, START, UNKNOWN, Vocabulary
from zoo.text.words import character_ngrams, split_words

__all__ = [
    "PADDING",
    "START",
    "UNKNOWN",
    "Vocabulary",
    "character_ngrams",
    "split_words",
    "style_of",
    "tokenize",
]
