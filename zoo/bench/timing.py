"""What all benchmarks share: fair turns, medians, and a table."""

import statistics
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table


def in_turn(contestants: dict[str, Callable[[], object]], passes: int) -> dict[str, list[float]]:
    """Returns name -> seconds of each pass.

    Each pass runs all contestants one after another, so that a drifting machine is fair to all. A first pass,
    which compiles, does not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(passes + 1):
        for name, run in contestants.items():
            began = time.perf_counter()
            run()
            if number:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def median_seconds(call: Callable[[], object], times: int) -> float:
    """Returns the median time of a call, after one that does not count."""
    return statistics.median(in_turn({"": call}, times)[""])


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints figures, right-aligned under all headings but the empty one."""
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
