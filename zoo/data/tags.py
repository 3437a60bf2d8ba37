"""Spans written as tags: B-X begins one of type X, I-X continues it, any other tag stands for itself."""

import re
from collections.abc import Iterable, Sequence

PREFIXED = re.compile(r"[BIESLU]-[^-]")  # "I-----" is a part of speech of some treebanks


def is_begin(tag: str) -> bool:
    """Tells whether a tag is B-X."""
    return tag[0:1] == "B" and bool(PREFIXED.match(tag))


def is_inside(tag: str) -> bool:
    """Tells whether a tag is I-X."""
    return tag[0:1] == "I" and bool(PREFIXED.match(tag))


def span_type(tag: str) -> str | None:
    """Returns the X of B-X and I-X, None for any other tag."""
    return tag[2:] if is_begin(tag) or is_inside(tag) else None


def to_bio(tags: Sequence[str]) -> list[str]:
    """Turns one sentence's tags of IOB1, IOB2, IOBES or BILOU into BIO: every span begins with B.

    `I-X` that does not directly follow `B-X` or `I-X` begins a span. `E-X` and `L-X` end one, `S-X` and `U-X`
    are one. Tags without such a prefix stay as they are.
    """
    converted = []
    unfinished = ""
    for tag in tags:
        if not PREFIXED.match(tag):
            converted.append(tag)
            unfinished = ""
            continue
        prefix, kind = tag[0], tag[2:]
        inside = prefix in "IEL" and kind == unfinished
        converted.append(f"{'I' if inside else 'B'}-{kind}")
        unfinished = kind if prefix in "BI" else ""
    return converted


def with_both_prefixes(tags: Iterable[str]) -> list[str]:
    """Returns the distinct tags in their order, and beside them the `B-X` and `I-X` that have no partner."""
    complete = dict.fromkeys(tags)
    for tag in list(complete):
        if kind := span_type(tag):
            complete |= dict.fromkeys((f"B-{kind}", f"I-{kind}"))
    return list(complete)


def spans(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Reads the spans of one sentence off its `B-` and `I-` tags.

    Args:
        tags: one for each token. An `I-` that continues no span of its type begins one, as in conlleval;
            tags other than `B-...` and `I-...` make none.

    Returns:
        (type, start, end) of each span, in tokens, the end exclusive.
    """
    spans_ = []
    open_type = None  # of the span that reaches up to this token
    for i, tag in enumerate(tags):
        kind = span_type(tag)
        if kind is not None and kind == open_type and is_inside(tag):
            spans_[-1] = (kind, spans_[-1][1], i + 1)
        elif kind is not None:
            spans_.append((kind, i, i + 1))
        open_type = kind
    return spans_


def bio_constraints(tags: Sequence[str]) -> tuple[list[list[bool]], list[bool]]:
    """Says which tags may follow each other: `I-X` only `B-X` or `I-X`, all others anything.

    Args:
        tags: names.

    Returns:
        Whether tag j may follow tag i, (tags, tags), and whether a sequence may start with tag j, (tags,).
    """
    start = [not is_inside(tag) for tag in tags]
    follow = [
        [free or before in (tag, f"B-{tag[2:]}") for tag, free in zip(tags, start, strict=True)]
        for before in tags
    ]
    return follow, start
