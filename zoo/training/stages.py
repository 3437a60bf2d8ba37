"""How long the parts of a run took, and on what."""

from __future__ import annotations

import time

from zoo.devices import CPU


class Stages:
    """A clock that is read at the end of each part."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._parts: list[str] = []

    def ended(self, name: str, device: str = CPU) -> None:
        """Writes down how long it is since the last part ended."""
        now = time.monotonic()
        self._parts.append(f"{name} {now - self._began:.1f} s on the {device}")
        self._began = now

    def __str__(self) -> str:
        """Tells of each part."""
        return "took: " + ", ".join(self._parts)
