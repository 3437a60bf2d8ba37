"""Units of a data set that were counted while it was prepared, as `zoo.prepared` does."""

from __future__ import annotations

import json
from collections import Counter

MOST = 1_000_000
"""Units of which the counts are kept: the commonest."""


def name_of(level: str) -> str:
    """Returns what the file of counts is called, beside the prepared set."""
    return f"{level}_counts.jsonl"


def line_of(unit: bytes, count: int) -> str:
    """Returns a line of that file."""
    return json.dumps([unit.decode("utf-8", "replace"), count], ensure_ascii=False)


def read(folder: str, level: str) -> Counter[bytes] | None:
    """Returns how often each unit occurs in the training part; None: they were not counted.

    Args:
        folder: of the prepared set, which may be in a cloud.
        level: of units, `char`, `word` or `token`.
    """
    from etils import epath

    path = epath.Path(folder) / name_of(level)
    if not path.exists():
        return None
    pairs = (json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return Counter({unit.encode("utf-8"): count for unit, count in pairs})
