"""Texts as numbers, as the models' graphs read them: words, tokens, pieces, and what is known of each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .hashing import bucket

Rules = Sequence[Sequence[str]]


class Reader:
    """What all readers share: rules, and small letters.

    Args:
        settings: what a converted model says of how it reads.
    """

    def __init__(self, settings: Mapping[str, Any]):
        self._other_small: Mapping[str, str] = settings["small_letters"]
        self._others = re.compile(f"([{''.join(self._other_small) or chr(0)}])")

    def lower(self, text: str) -> str:
        """Returns a text in lower case."""
        parts = self._others.split(text)
        return "".join(self._other_small.get(part) or part.lower() for part in parts)


def compiled(rules: Rules) -> list[tuple[re.Pattern[str], str]]:
    """Returns rules ready to be applied."""
    return [(re.compile(pattern, re.ASCII), put) for pattern, put in rules]


def applied(rules: Sequence[tuple[re.Pattern[str], str]], text: str) -> str:
    """Applies one rule after another."""
    for pattern, put in rules:
        text = pattern.sub(put, text)
    return text


def lines_of(path: Path) -> list[str]:
    """Returns the lines of an inventory."""
    return path.read_text(encoding="utf-8").split("\n")[:-1]


class Words(Reader):
    """Words of a text for a classifier."""

    def __init__(self, settings: Mapping[str, Any]):
        super().__init__(settings)
        self._before, self._rules = compiled(settings["before"]), compiled(settings["rules"])

    def split(self, text: str) -> list[str]:
        """Returns lower-case words, and single marks."""
        text = self.lower(applied(self._before, text))
        return [word for word in applied(self._rules, text).split(" ") if word]


def ngrams(word: str, sizes: Sequence[int], most: int, buckets: int) -> list[int]:
    """Returns the numbers of a word's character n-grams, filled up with 0."""
    marked = f"<{word}>"[: most + max(sizes)]
    grams = [marked[i : i + size] for size in sizes for i in range(len(marked) - size + 1)][:most]
    numbers = [bucket(gram, buckets) + 1 for gram in grams]
    return numbers + [0] * (most - len(numbers))


class Runs:
    """The linear model of runs of one to three words.

    Args:
        arrays: `hashes`, `weights` and `bias`.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self._places = {hashed: place for place, hashed in enumerate(arrays["hashes"].tolist())}
        self._weights, self._bias = arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float32)

    def __call__(self, words: Sequence[str]) -> np.ndarray:
        """Returns the logarithm of each label's probability, float32 (labels,)."""
        runs = {" ".join(words[i : i + size]) for size in (1, 2, 3) for i in range(len(words) - size + 1)}
        known = len(self._places)
        places = {self._places.get(bucket(run, 2**62), known) for run in runs}
        logits = self._bias + self._weights[sorted(places)].sum(axis=0)
        if len(logits) == 1:
            logits = np.concatenate([logits, -logits])
        each = -np.logaddexp(0, -logits)
        return (each - np.logaddexp.reduce(each)).astype(np.float32)


class Vectors:
    """Vectors of words that were made elsewhere."""

    def __init__(self, folder: Path, reader: Reader):
        self._table = np.load(folder / "vectors.npy").astype(np.float32)  # the last for all other words
        self._rows = {word: row for row, word in enumerate(lines_of(folder / "vectors.txt"))}
        self._lower = reader.lower

    def __call__(self, word: str) -> np.ndarray:
        """Returns the vector of a word."""
        return self._table[self._rows.get(self._lower(word), -1)]


class Clusters:
    """Clusters of words that were made elsewhere."""

    def __init__(self, folder: Path, reader: Reader, buckets: int):
        pairs = (line.split("\t") for line in lines_of(folder / "clusters.txt"))
        self._numbers = {word: int(number) for word, number in pairs}
        self._lower, self._buckets = reader.lower, buckets

    def __call__(self, word: str) -> list[int]:
        """Returns the numbers of a word's cluster, and of two larger ones."""
        small = self._lower(word)
        titled = (_ascii_upper((word + " ")[:1]) + (small + " ")[1:101]).strip(" \t\n\v\f\r")
        number = 0
        for written in (small, titled, word):
            number = self._numbers.get(written, 0) or number
        if not number:
            return [0, 0, 0]
        ways = (number, number & 63, number & 15)
        return [bucket(f"{way}/{depth}", self._buckets) + 1 for depth, way in enumerate(ways)]


class Tokens(Reader):
    """Tokens of a sentence, with their places in it, and how they are spelled."""

    _MARK = "\x1f"

    def __init__(self, settings: Mapping[str, Any]):
        super().__init__(settings)
        self._rules, self._shapes = compiled(settings["rules"]), compiled(settings["shapes"])
        self._blank = re.compile(settings["blank"], re.ASCII)
        self._digits = compiled(settings["digits"])
        self._breaks = settings["style"] == "code"

    def split(self, text: str) -> tuple[list[str], list[int], list[int]]:
        """Returns tokens, and where each starts and ends, in code points."""
        tokens: list[str] = []
        starts: list[int] = []
        place = 0
        for piece in applied(self._rules, text.replace(self._MARK, " ")).split(self._MARK):
            start, place = place, place + len(piece)
            a_break = self._breaks and piece in ("\n", "\r\n")
            if a_break or not self._blank.fullmatch(piece):
                tokens.append(piece)
                starts.append(start)
        ends = [start + len(token) for start, token in zip(starts, tokens, strict=True)]
        return tokens, starts, ends

    def normal(self, token: str) -> str:
        """Returns a token in lower case with every digit as 0."""
        return applied(self._digits, self.lower(token.replace("\0", "\ufffd")))

    def characters(self, token: str, most: int, numbers: int) -> list[int]:
        """Returns the numbers of a token's characters, filled up with 0."""
        codes = [ord(character) % numbers + 1 for character in token.replace("\0", "\ufffd")]
        first, rest = codes[: most // 2], codes[most // 2 :]
        kept = first + rest[-(most - most // 2) :]
        return kept + [0] * (most - len(kept))

    def spelling(self, token: str, buckets: int) -> list[int]:
        """Returns the numbers of a token's two ends, and of its shape."""
        token = token.replace("\0", "\ufffd")
        small = self.lower(token)
        marks = [f"^{small[:size]}" for size in (1, 2, 3, 4)]
        marks += [f"{small[-size:]}$" for size in (1, 2, 3, 4)]
        marks.append(f"={applied(self._shapes, token)}")
        return [bucket(mark, buckets) + 1 for mark in marks]


class Pieces(Reader):
    """Words and parts of words: texts to numbers and back.

    Args:
        settings: see `Reader`.
        lines: the inventory.
        lower_case: whether texts are read in lower case.
    """

    START, END = 1, 2
    _BYTE, _PIECE = 3, 259
    _MARK = "\x1f"

    def __init__(self, settings: Mapping[str, Any], lines: Sequence[str], lower_case: bool = False):
        super().__init__(settings)
        self._rules, self._spaces = compiled(settings["rules"]), re.compile(settings["spaces"], re.ASCII)
        self.lines = list(lines)
        pieces = self.lines[self._PIECE :]
        self._numbers = {piece: self._PIECE + place for place, piece in enumerate(pieces)}
        self._longest, self._lower_case = max(map(len, pieces), default=1), lower_case

    def normalised(self, text: str) -> str:
        """Returns a text with single spaces, and accents in one form."""
        return unicodedata.normalize("NFC", self._spaces.sub(" ", text).strip(" "))

    def encoded(self, text: str) -> list[int]:
        """Returns the numbers of a text's pieces."""
        numbers: list[int] = []
        for word in self._spaces.sub(" ", text).split(" "):
            if word:
                for unit in self._units(word):
                    numbers += self._cut(unit)
        return numbers

    def decoded(self, numbers: Sequence[int]) -> str:
        """Returns the text that numbers stand for."""
        return self.normalised(b"".join(map(self._bytes, numbers)).decode("utf-8", "replace"))

    def _bytes(self, number: int) -> bytes:
        if number < self._BYTE:
            return b""
        return bytes([number - self._BYTE]) if number < self._PIECE else self.lines[number].encode()

    def _units(self, word: str) -> list[str]:
        word = unicodedata.normalize("NFC", word)
        if self._lower_case:
            word = unicodedata.normalize("NFC", self.lower(word))
        return [unit for unit in applied(self._rules, f" {word}").split(self._MARK) if unit]

    def _cut(self, unit: str) -> list[int]:
        if unit in self._numbers:
            return [self._numbers[unit]]
        numbers, start = [], 0
        while start < len(unit):
            end = min(len(unit), start + self._longest)
            while end > start and unit[start:end] not in self._numbers:
                end -= 1
            if end == start:  # a character that is no piece is spelled in bytes
                numbers += [self._BYTE + byte for byte in unit[start].encode()]
                start += 1
            else:
                numbers.append(self._numbers[unit[start:end]])
                start = end
        return numbers


def is_loud(text: str, settings: Mapping[str, str]) -> bool:
    """Tells whether a text is two words or more in capitals alone."""
    small, capitals, words = (
        re.search(settings[name], text, re.ASCII) for name in ("small", "capitals", "words")
    )
    return not small and bool(capitals) and bool(words)


def readable(text: str | bytes) -> str:
    """Returns text that stands in UTF-8; each piece of what does not becomes U+FFFD."""
    if isinstance(text, bytes):
        return text.decode("utf-8", "replace")
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _ascii_upper(text: str) -> str:
    return "".join(each.upper() if each.isascii() else each for each in text)


class Units:
    """Characters, words or tokens of a text, one of which a language model guesses at a time.

    Args:
        settings: as of `Words`.
        lines: of the inventory; the first three stand for padding, for what is unknown and for a line break.
        level: `"char"`, `"word"` or `"token"`.
        backwards: whether a text is read from its end.
    """

    START = 2
    _UNKNOWN = "<unk>"

    def __init__(self, settings: Mapping[str, Any], lines: Sequence[str], level: str, backwards: bool):
        self._level, self._backwards, self._words = level, backwards, Words(settings)
        self._lines = ["", "\N{REPLACEMENT CHARACTER}", "\n", *lines[3:]]
        self._numbers = {line: number for number, line in enumerate(self._lines) if number > 1}
        self._unknown = self._numbers.get(self._UNKNOWN, 1)

    def encode(self, text: str) -> list[int]:
        """Returns the numbers of a text, in the order in which it is read."""
        numbers = [self._numbers.get(unit, self._unknown) for unit in self._split(text)]
        return numbers[::-1] if self._backwards else numbers

    def _split(self, text: str) -> list[str]:
        if self._level == "token":
            return self._words.split(text)
        text = re.sub("\r\n?", "\n", text)
        return list(text) if self._level == "char" else re.findall(r"\n|[^ \t\f\n]+", text)

    def decode(self, numbers: Sequence[int]) -> str:
        """Returns the text of numbers."""
        units = [self._lines[number] for number in numbers]
        units = units[::-1] if self._backwards else units
        return "".join(units) if self._level == "char" else re.sub(" ?\n ?", "\n", " ".join(units))

    def follow(self, prompt: str, written: str) -> str:
        """Puts what was written behind a prompt, backwards before it; a space parts words."""
        first, second = (written, prompt) if self._backwards else (prompt, written)
        touch = first[-1:] in ("", *" \t\f\r\n") or second[:1] in ("", "\n")
        return first + ("" if self._level == "char" or touch else " ") + second
