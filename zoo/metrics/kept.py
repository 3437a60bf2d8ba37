"""What must come through a translation unharmed: numbers, days and months, and names."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from zoo.data.calendar_words import calendar_words
from zoo.metrics.compared import plain, ratio

KINDS = ("numbers", "weekdays and months", "names")
_NUMBER = re.compile("[0-9]+")
_NAME = re.compile(r"\b[^\W\d_]{3,}\b")


def kept(
    sources: Sequence[str], references: Sequence[Sequence[str]], predicted: Sequence[str], language: str
) -> dict[str, dict[str, float]]:
    """Tells how much of what must not be lost stands in translations.

    Counted is what stands in all references of a source: numbers, digit for digit; the language's weekdays
    and months by their full names, as Unicode CLDR has them; and names, words of three letters or more with a
    capital that the source has as well.

    Args:
        sources: texts (n,).
        references: the right translations of each.
        predicted: the model's translation of each.
        language: code of the target language; one that CLDR does not know has no days and months.

    Returns:
        Kind, of `KINDS` -> `kept`, the share that stands in the answer, and `of`, how many there are. Kinds
        of which there are none are left out.
    """
    hits, counts = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for source, texts, answer in zip(sources, references, predicted, strict=True):
        source, answer = plain(source), plain(answer)
        there = {
            "numbers": set(_NUMBER.findall(answer)),
            "weekdays and months": _dated(language, answer),
            "names": set(_NAME.findall(answer)),
        }
        common = [_wanted(plain(text), source, language) for text in texts]
        for kind in KINDS:
            wanted = set.intersection(*(found[kind] for found in common))
            counts[kind] += len(wanted)
            hits[kind] += len(wanted & there[kind])
    return {
        kind: {"kept": ratio(hits[kind], counts[kind]), "of": counts[kind]} for kind in KINDS if counts[kind]
    }


def _wanted(text: str, source: str, language: str) -> dict[str, set[str]]:
    """Returns what a reference has that must not be lost."""
    names = {word for word in _NAME.findall(text) if word[0].isupper()} & set(_NAME.findall(source))
    dated = _dated(language, text)
    return {
        "numbers": set(_NUMBER.findall(text)),
        "weekdays and months": dated,
        "names": {name for name in names if name.casefold() not in dated},
    }


def _dated(language: str, text: str) -> set[str]:
    """Returns the weekdays and months that a text names, in small letters."""
    return {name.casefold() for name in _calendar(language).findall(text)}


@functools.cache
def _calendar(language: str) -> re.Pattern[str]:
    """Returns what finds the names of weekdays and months as whole words.

    As they are written in a sentence, at its beginning, or in capitals: May is a month, and may is none.
    """
    names = {
        shown
        for name in calendar_words(language)
        for shown in (name, name[:1].upper() + name[1:], name.upper())
    }
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?!\w)")
