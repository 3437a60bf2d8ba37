"""Rules in RE2's syntax, as TensorFlow has them, in that of Python's `re`."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

Rule = tuple[str, str]
_CLASS = re.compile(r"\\p\{(\w+)\}")
_PART = re.compile(r"\\p\{\w+\}|\\x\{([0-9A-Fa-f]+)\}|\\.|\[\^?|\]|.", re.DOTALL)


def as_python(rules: Sequence[Rule]) -> list[list[str]]:
    r"""Returns rules, a pattern and what is put in its place, as `re.sub` takes them, with `re.ASCII`.

    Classes such as \p{L} become ranges of code points: those that TensorFlow's own RE2 knows, so that both
    read the same Unicode.
    """
    return [[pattern(found), re.sub(r"\\(\d)", r"\\g<\1>", put)] for found, put in rules]


def pattern(rule: str) -> str:
    """Returns one pattern."""
    written, inside = [], False
    for part in _PART.finditer(rule):
        text, code = part[0], part[1]
        if found := _CLASS.fullmatch(text):
            ranges = "".join(_ranges(found[1]))
            text = ranges if inside else f"[{ranges}]"
        elif code:
            text = _escaped(int(code, 16))
        elif text in ("[", "[^"):
            # An opening bracket within a class is a plain one, which `re` would warn of.
            inside, text = True, text if not inside else re.escape(text)
        elif text == "]":
            inside = False
        written.append(text)
    return "".join(written)


def _ranges(name: str) -> Iterator[str]:
    """Yields the ranges of a class, as they stand between brackets."""
    for first, last in of_class(name):
        yield _escaped(first) if first == last else f"{_escaped(first)}-{_escaped(last)}"


def _escaped(code: int) -> str:
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


@functools.cache
def of_class(name: str) -> list[tuple[int, int]]:
    """Returns the ranges of code points, both ends included, that a class of RE2 holds."""
    codes = _codes()
    found = tf.strings.regex_full_match(_characters(), rf"(?s)\p{{{name}}}").numpy()
    held = codes[found]
    breaks = np.flatnonzero(np.diff(held) > 1)
    firsts, lasts = np.append(0, breaks + 1), np.append(breaks, len(held) - 1)
    return [(int(held[first]), int(held[last])) for first, last in zip(firsts, lasts, strict=True)]


@functools.cache
def _codes() -> np.ndarray:
    """Returns all code points that stand in UTF-8."""
    codes = np.arange(0x110000)
    return codes[(codes < 0xD800) | (codes > 0xDFFF)]


@functools.cache
def _characters() -> tf.Tensor:
    return tf.strings.unicode_encode(tf.constant(_codes()[:, None], tf.int32), "UTF-8")


def other_lower_case() -> dict[str, str]:
    """Returns the characters whose small letter TensorFlow's Unicode does not call as Python's does."""
    from zoo.text.case import lower

    without_nul = _codes()[1:]
    small = lower(_characters()[1:]).numpy()
    pairs = zip(map(chr, without_nul.tolist()), (each.decode() for each in small), strict=True)
    return {character: own for character, own in pairs if character.lower() != own}
