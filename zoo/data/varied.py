"""Copies of pairs of texts with other numbers and names in them: a translator learns to hand these on."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from zoo.data.calendar_words import calendar_words
from zoo.data.part import Part, joined

_NUMBER = re.compile(r"[0-9]+")
_NAME = re.compile(r"\b[^\W\d_]+\b")
_EITHER = re.compile(f"{_NUMBER.pattern}|{_NAME.pattern}")
_INSIDE = re.compile(r"(?<=[\w,;] )[^\W\d_]+\b")  # behind another word: not large for its place alone
_VOWELS = "aeiouhyàâäéèêëîïôöùûüAEIOUHYÀÂÄÉÈÊËÎÏÔÖÙÛÜ"

Pair = tuple[str, str]
Another = Callable[[str, np.random.Generator], str]


def varied(part: Part, share: float, languages: Sequence[str] = (), seed: int = 0) -> Part:
    """Adds copies of pairs in which numbers are others, on both sides alike, and copies with other names.

    A number is varied where both sides write the same ones, digit for digit; one of several digits keeps
    their count, and 0 and 1 stay, for which words around them are others. A name is a word in capitals and
    small letters that stands on both sides equally often, and that the part has on both sides of a pair
    inside of a sentence. Half of the new ones are names of the part, half are invented, letter by letter
    (Markov 1913), and begin with a vowel if the old one does, for the sake of words that lean on it.

    Args:
        part: with `source` and `target`; `set` if it is a mix: pairs are drawn from all sets alike.
        share: how many copies of either kind are added, of so many as the part has pairs.
        languages: codes of both, whose weekdays and months are no names.
        seed: decides which.
    """
    pairs = list(zip(part.strings("source"), part.strings("target"), strict=True))
    random, wanted = np.random.default_rng(seed), round(share * len(pairs))
    names = _Names(pairs, frozenset().union(*map(calendar_words, languages)))
    kinds: tuple[tuple[Callable[[Pair], set[str]], Another], ...]
    kinds = ((_numbers, _another_number), (names.of, names.another))
    parts = [part]
    for find, another in kinds:
        found = {row: things for row, pair in enumerate(pairs) if (things := find(pair))}
        rows = np.array([*found], int)
        if not len(rows) or not wanted:
            continue
        chosen = np.sort(random.choice(rows, wanted, p=_evenly(part, rows)))
        changed = [_changed(pairs[row], found[row], another, random) for row in chosen]
        copies = part.taken(chosen)
        for side, texts in zip(("source", "target"), zip(*changed, strict=True), strict=True):
            copies = copies.with_column(side, list(texts))
        parts.append(copies)
    return joined(parts)


def _evenly(part: Part, rows: np.ndarray) -> np.ndarray:
    """Returns the chance of each row (n,), so that all sets of a mix are drawn from alike."""
    if "set" not in part.features:
        return np.full(len(rows), 1 / len(rows))
    sets = part.column("set")[rows]
    counts = np.bincount(sets)[sets]
    return np.asarray(1 / counts / (1 / counts).sum())


def _changed(pair: Pair, found: Iterable[str], another: Another, random: np.random.Generator) -> Pair:
    """Returns a pair with something else in the place of each thing found, the same on both sides."""
    new = {old: another(old, random) for old in sorted(found)}
    source, target = (_EITHER.sub(lambda match: new.get(match[0], match[0]), side) for side in pair)
    return source, target


def _numbers(pair: Pair) -> set[str]:
    """Returns the numbers that can be varied; none if the sides write others."""
    source, target = (Counter(_NUMBER.findall(side)) for side in pair)
    return set(source) - {"0", "1"} if source == target else set()


def _another_number(old: str, random: np.random.Generator) -> str:
    if len(old) == 1:
        return str(random.integers(2, 10))
    first = "0" if old.startswith("0") else str(random.integers(1, 10))
    return first + "".join(str(digit) for digit in random.integers(0, 10, len(old) - 1))


class _Names:
    """Names of a part, and others like them.

    Args:
        pairs: that hold them.
        no_names: words that are none, whatever they look like.
    """

    def __init__(self, pairs: Iterable[Pair], no_names: frozenset[str]):
        known: Counter[str] = Counter()
        for pair in pairs:
            source, target = (set(filter(_is_name, _INSIDE.findall(side))) for side in pair)
            known.update((source & target) - no_names)
        self._known = set(known)
        self._by_start: dict[bool, list[str]] = defaultdict(list)
        self._after: dict[str, list[str]] = defaultdict(list)
        for name in sorted(known):
            self._by_start[name[0] in _VOWELS].append(name)
            for before, letter in _letters(name):
                self._after[before].append(letter)

    def of(self, pair: Pair) -> set[str]:
        """Returns the names that both sides of a pair hold equally often."""
        source, target = (Counter(_NAME.findall(side)) for side in pair)
        return {name for name in source.keys() & target.keys() & self._known if source[name] == target[name]}

    def another(self, old: str, random: np.random.Generator) -> str:
        """Returns a name that is known, or a new one; it begins with a vowel if the old one does."""
        vowel = old[0] in _VOWELS
        name = self._invented(random) if random.random() < 0.5 else ""
        if not _is_name(name) or (name[0] in _VOWELS) != vowel:
            name = str(random.choice(self._by_start[vowel]))
        return name

    def _invented(self, random: np.random.Generator) -> str:
        name = ""
        while len(name) < 15 and (letter := str(random.choice(self._after[name[-2:] or "^"]))) != "$":
            name += letter
        return name


def _is_name(word: str) -> bool:
    return len(word) > 2 and word[0].isupper() and word[1:].islower()


def _letters(name: str) -> Iterator[tuple[str, str]]:
    """Yields what each letter stands behind, two letters at most, and the letter; in the end "$"."""
    for place, letter in enumerate([*name, "$"]):
        yield name[max(0, place - 2) : place] or "^", letter
