"""Rows of many that go through a model together, with a model that is worked out by hand."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from servers import awaited

from zoo.errors import ZooError
from zoo.serve.batching import Batcher, Room
from zoo.serve.errors import Busy, Late


class Doubles:
    """Doubles numbers, refuses negative ones, and waits for a word before each batch."""

    merges = True

    def __init__(self):
        self.seen: list[list[int]] = []
        self.go = threading.Semaphore(0)

    def __call__(self, columns):
        self.go.acquire()
        values = columns["x"]
        self.seen.append(values.tolist())
        if (values < 0).any():
            raise ZooError("no negative numbers")
        return {"y": 2 * values}

    def cut(self, outputs, rows):
        ends = np.cumsum(rows)
        for start, end in zip(ends - rows, ends, strict=True):
            yield {"y": outputs["y"][start:end]}


def asked(batcher, *values):
    return asyncio.create_task(batcher.ask({"x": np.array(values)}, len(values)))


def run(scene, waiting=100, most_rows=4, seconds=20.0):
    """Plays a scene with a batcher."""

    async def play():
        model = Doubles()
        with ThreadPoolExecutor(2) as pool:
            batcher = Batcher(model, pool, Room(waiting, "rows"), most_rows, seconds)
            try:
                await scene(batcher, model)
            finally:
                model.go.release(100)

    awaited(play())


def test_requests_that_come_meanwhile_go_together_and_each_gets_its_own():
    async def scene(batcher, model):
        first = asked(batcher, 1)
        await asyncio.sleep(0.05)
        others = [asked(batcher, 2), asked(batcher, 3, 4), asked(batcher, 5, 6)]
        await asyncio.sleep(0.05)
        model.go.release(100)
        answers = [(await task)["y"].tolist() for task in (first, *others)]
        assert answers == [[2], [4], [6, 8], [10, 12]]
        assert model.seen == [[1], [2, 3, 4], [5, 6]]  # at most four rows at a time

    run(scene)


def test_one_bad_row_takes_nobody_else_with_it():
    async def scene(batcher, model):
        model.go.release(100)
        blocker = asked(batcher, 0)
        await asyncio.sleep(0)
        good, bad = asked(batcher, 2), asked(batcher, -1)
        assert (await blocker)["y"].tolist() == [0]
        assert (await good)["y"].tolist() == [4]
        with pytest.raises(ZooError, match="negative"):
            await bad

    run(scene)


def test_of_another_shape_they_go_by_themselves():
    async def scene(batcher, model):
        model.go.release(100)
        await asyncio.gather(
            batcher.ask({"x": np.array([[1, 2]])}, 1), batcher.ask({"x": np.array([[1]])}, 1),
            batcher.ask({"x": np.array([[3]])}, 1),
        )  # fmt: skip
        assert model.seen == [[[1, 2]], [[1], [3]]]

    run(scene)


def test_where_no_more_may_wait_they_are_told_at_once_and_later_there_is_room_again():
    async def scene(batcher, model):
        first = asked(batcher, 1, 2)
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="2 rows wait already"):
            await batcher.ask({"x": np.array([3, 4])}, 2)
        model.go.release(100)
        await first
        assert (await batcher.ask({"x": np.array([3, 4])}, 2))["y"].tolist() == [6, 8]

    run(scene, waiting=3)


def test_nobody_waits_for_ever_and_what_nobody_waits_for_is_not_computed():
    async def scene(batcher, model):
        first, second = asked(batcher, 1), asked(batcher, 2)
        for task in (first, second):
            with pytest.raises(Late, match=r"no answer within 0.1 s"):
                await task
        model.go.release(100)
        assert (await batcher.ask({"x": np.array([3])}, 1))["y"].tolist() == [6]
        assert model.seen == [[1], [3]] or model.seen == [[1, 2], [3]]

    run(scene, seconds=0.1)
