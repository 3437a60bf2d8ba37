"""How far something that takes a while has come, for those who wait at a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def rows_bar(total: int) -> Iterator[Callable[[int], None]]:
    """Draws a bar on a terminal while rows are answered.

    Yields:
        What takes the number of rows that are done.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"{total:,} rows", total=total)
        yield lambda done: bar.update(task, completed=done)


@contextlib.contextmanager
def bytes_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Draws a bar on the error output while bytes arrive; where that is no terminal, only the title is said.

    Yields:
        What takes the number of bytes that are there.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"{title}: {total / 1e6:.1f} MB", file=sys.stderr)
        yield lambda done: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)
