"""Splits that never change and never share a text: near-duplicate clusters and hashing."""

import hashlib
import html
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import ceil
from typing import Any


def fingerprint(text: str) -> str:
    """Reduces a text to what two copies of it share: no case, links, mentions, retweet marks, punctuation."""
    text = html.unescape(text).lower()
    text = re.sub(r"https?\S*|\bwww\.\S+|\b(?:rt|mt|via)\b|@\w+", " ", text)
    return " ".join(re.findall(r"[^\W_]+", text))


def split_of(key: str, one_of: int = 10) -> str:
    """Returns "validation" for one key of `one_of`, "test" for another, else "train": by a hash."""
    bucket = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % one_of
    return {0: "test", 1: "validation"}.get(bucket, "train")


def near_duplicates(keys: Sequence[str], threshold: float = 0.6) -> list[list[int]]:
    """Clusters texts that are equal, or whose sets of word pairs overlap, into lists of indices.

    Two keys are neighbours if they are equal, or if both have at least four word pairs and the Jaccard
    similarity of these sets is at least `threshold`. Clusters are the connected components. Candidates
    come from prefix filtering (Chaudhuri et al. 2006): two sets that overlap so much share one of their
    rarest pairs.

    Args:
        keys: texts as `fingerprint` returns them.
        threshold: least Jaccard similarity, in (0, 1].

    Returns:
        Clusters in order of their first index, each sorted.
    """
    parent = list(range(len(keys)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    def join(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        parent[high] = low

    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        join(first.setdefault(key, index), index)
    pairs = {index: set(zip(key.split(), key.split()[1:], strict=False)) for key, index in first.items()}
    frequency = Counter(pair for own in pairs.values() for pair in own)
    seen_with: dict[Any, list[Any]] = defaultdict(list)
    for index in sorted(pairs, key=lambda i: len(pairs[i])):
        mine = pairs[index]
        if len(mine) < 4:
            continue
        rarest = sorted(mine, key=lambda pair: (frequency[pair], pair))
        prefix = rarest[: len(mine) - ceil(threshold * len(mine)) + 1]
        for other in {other for pair in prefix for other in seen_with[pair]}:
            theirs = pairs[other]
            if len(mine & theirs) >= threshold * len(mine | theirs):
                join(index, other)
        for pair in prefix:
            seen_with[pair].append(index)

    clusters = defaultdict(list)
    for index in range(len(keys)):
        clusters[root(index)].append(index)
    return list(clusters.values())
