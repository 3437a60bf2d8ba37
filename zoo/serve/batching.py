"""Rows of many requests that go through a model together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.errors import ZooError
from zoo.serve.errors import Busy, Late
from zoo.serve.signatures import Columns, Signature

_GATHERING = 0.01  # seconds
_SHARE = 0.25  # of what the last batch took


class Room:
    """How much may wait at once.

    Args:
        most: in whatever unit is taken and given.
        what: name of the unit, for messages.
    """

    def __init__(self, most: int, what: str):
        self.most, self.taken, self._what = most, 0, what

    def take(self, many: int) -> None:
        """Takes some.

        Raises:
            Busy: there is not so much left.
        """
        if self.taken and self.taken + many > self.most:
            raise Busy(f"{self.taken:,} {self._what} wait already; try again later")
        self.taken += many

    def give(self, many: int) -> None:
        """Gives back what was taken."""
        self.taken -= many


@dataclass
class _Asked:
    columns: Columns
    rows: int
    answer: asyncio.Future[Columns] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def kind(self) -> tuple[Any, ...]:
        """What must be the same of rows that become one array."""
        return tuple((key, column.shape[1:]) for key, column in sorted(self.columns.items()))


class Batcher:
    """Asks a signature on behalf of many.

    While the model computes, requests gather, and then go through it together: the busier, the larger the
    batch, and one that comes when nothing is under way never waits for company.

    Args:
        signature: it.
        pool: where it computes.
        room: for rows that wait.
        most_rows: of requests that go through together; one that has more by itself goes alone.
        seconds: after which nobody waits any more.
        tell: is told how many rows each batch has.
    """

    def __init__(
        self,
        signature: Signature,
        pool: Executor,
        room: Room,
        most_rows: int,
        seconds: float,
        tell: Callable[[int], None] = lambda rows: None,
    ):
        self.signature, self._pool, self._room, self._most = signature, pool, room, most_rows
        self._seconds, self._tell = seconds, tell
        self._waiting: deque[_Asked] = deque()
        self._work: asyncio.Task[None] | None = None

    async def ask(self, columns: Columns, rows: int) -> Columns:
        """Returns the outputs for some rows.

        Raises:
            Busy: as much waits as may wait.
            Late: there was no answer in time.
            ZooError: the model refuses the rows.
        """
        self._room.take(rows)
        asked = _Asked(columns, rows)
        self._waiting.append(asked)
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(self._seconds):
                return await asked.answer
        except TimeoutError:
            raise Late(f"no answer within {self._seconds:g} s; send fewer or shorter rows") from None

    async def _run(self) -> None:
        try:
            while batch := self._next():
                began = time.monotonic()
                answers = await asyncio.get_running_loop().run_in_executor(self._pool, self._answers, batch)
                took = time.monotonic() - began
                for asked, answer in zip(batch, answers, strict=True):
                    self._settle(asked, answer)
                await self._gather(sum(asked.rows for asked in batch), took)
        finally:
            self._work = None

    def _settle(self, asked: _Asked, answer: Columns | Exception) -> None:
        self._room.give(asked.rows)
        if asked.answer.done():  # nobody waits for it any more
            return
        if isinstance(answer, Exception):
            asked.answer.set_exception(answer)
        else:
            asked.answer.set_result(answer)

    async def _gather(self, rows: int, took: float) -> None:
        """Waits a little for those who have just got an answer, since many of them ask again at once.

        Else they would come while the others are answered, and from then on there would be two batches, each
        half as large and taking nearly as long.
        """
        until = time.monotonic() + min(_GATHERING, _SHARE * took)
        while sum(asked.rows for asked in self._waiting) < rows and time.monotonic() < until:
            await asyncio.sleep(0.0005)

    def _next(self) -> list[_Asked]:
        batch: list[_Asked] = []
        rows = 0
        while self._waiting:
            asked = self._waiting[0]
            if asked.answer.done():
                self._room.give(self._waiting.popleft().rows)
                continue
            fits = rows + asked.rows <= self._most and self.signature.merges
            if batch and not (fits and asked.kind == batch[0].kind):
                break
            batch.append(self._waiting.popleft())
            rows += asked.rows
        if batch:
            self._tell(rows)
        return batch

    def _answers(self, batch: Sequence[_Asked]) -> list[Columns | Exception]:
        """Returns for each request its outputs, or why there are none."""
        try:
            if len(batch) == 1:
                columns = batch[0].columns
            else:
                columns = {
                    key: np.concatenate([one.columns[key] for one in batch]) for key in batch[0].columns
                }
            return list(self.signature.cut(self.signature(columns), [asked.rows for asked in batch]))
        except Exception as error:
            if len(batch) == 1:
                return [error if isinstance(error, ZooError) else ZooError(f"the model failed: {error}")]
            # One bad row is no reason for others to go without an answer.
            return [self._answers([asked])[0] for asked in batch]
