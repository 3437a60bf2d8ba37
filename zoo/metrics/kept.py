"""What must come through a translation unharmed: numbers, days and months, and names."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

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
    calendar = _calendar(language)
    hits, counts = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for source, texts, answer in zip(sources, references, predicted, strict=True):
        answered = _found(plain(answer), calendar)
        common = [_found(plain(text), calendar) for text in texts]
        for kind in KINDS:
            wanted = set.intersection(*(found[kind] for found in common))
            if kind == "names":
                wanted &= _found(plain(source), frozenset())[kind]
            counts[kind] += len(wanted)
            hits[kind] += len(wanted & answered[kind])
    return {
        kind: {"kept": ratio(hits[kind], counts[kind]), "of": counts[kind]} for kind in KINDS if counts[kind]
    }


def _found(text: str, calendar: frozenset[str]) -> Mapping[str, set[str]]:
    words = set(_NAME.findall(text))
    named = {word for word in words if word[0].isupper()}
    return {
        "numbers": set(_NUMBER.findall(text)),
        "weekdays and months": words & calendar,
        "names": named - calendar,
    }


@functools.cache
def _calendar(language: str) -> frozenset[str]:
    """Returns the full names of weekdays and months, as they stand in a sentence."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale(language)
    except (UnknownLocaleError, ValueError):
        return frozenset()
    names = (locale.days["format"]["wide"], locale.months["format"]["wide"])
    return frozenset(name for table in names for name in table.values())
