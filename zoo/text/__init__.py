"""Text in and out of models, as graph operations that travel inside the SavedModel."""

from zoo.text import dates
from zoo.text.alphabet import Alphabet
from zoo.text.case import loud, lower, upper
from zoo.text.clusters import CLUSTER_BUCKETS, CLUSTER_FEATURES, Clusters
from zoo.text.glossary import Glossary
from zoo.text.known import Known
from zoo.text.pieces import Pieces, with_ends
from zoo.text.runs import Runs, runs_of_words
from zoo.text.spelling import CHARACTERS, SPELLING_FEATURES, character_numbers, normalize, spelling_features
from zoo.text.split import Split, normalise
from zoo.text.tokens import style_of, tokenize
from zoo.text.units import WORD, Level, Units, parted
from zoo.text.vectors import Vectors
from zoo.text.vocabulary import PADDING, Lines, Vocabulary, count, read_lines
from zoo.text.words import character_ngrams, split_words

__all__ = [
    "CHARACTERS",
    "CLUSTER_BUCKETS",
    "CLUSTER_FEATURES",
    "PADDING",
    "SPELLING_FEATURES",
    "WORD",
    "Alphabet",
    "Clusters",
    "Glossary",
    "Known",
    "Level",
    "Lines",
    "Pieces",
    "Runs",
    "Split",
    "Units",
    "Vectors",
    "Vocabulary",
    "character_ngrams",
    "character_numbers",
    "count",
    "dates",
    "loud",
    "lower",
    "normalise",
    "normalize",
    "parted",
    "read_lines",
    "runs_of_words",
    "spelling_features",
    "split_words",
    "style_of",
    "tokenize",
    "upper",
    "with_ends",
]
