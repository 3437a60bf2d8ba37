"""Times of rows: read from ISO dates, put on one clock, and held to equal intervals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zoo.errors import ZooError

_SHORT_MONTH, _LONG_MONTH = 26 * 86_400, 33 * 86_400  # seconds between the last working days of months


class Moment(NamedTuple):
    """What a cell says: seconds since 1970 by the clock on the wall, and how far that is ahead of UTC."""

    wall: int
    ahead: int | None
    cell: str


class Rule(NamedTuple):
    """What times must keep to: whether some may be left out; and what else mends repeats and gaps."""

    gaps: bool = False
    repeated: str = ""
    left_out: str = ""


def moment_of(text: str) -> Moment | None:
    """Reads an ISO date, with or without a time of day and a zone; None if it is no date."""
    text = cell = text.strip().replace("/", "-")
    if re.fullmatch(r"\d{4}", text):
        text += "-01"
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    try:
        when = datetime.fromisoformat(text)
        ahead = when.utcoffset()
        wall = round(when.replace(tzinfo=UTC).timestamp())
        return Moment(wall, None if ahead is None else round(ahead.total_seconds()), cell)
    except (ValueError, OverflowError):
        return None


def seconds_of(text: str) -> int | None:
    """Reads such a date as seconds since 1970, in UTC if it has no zone; None if it is no date."""
    moment = moment_of(text)
    return None if moment is None else moment.wall - (moment.ahead or 0)


def written(seconds: int, zone: str = "") -> str:
    """Writes a time as an ISO date, with the time of day where that is not midnight or there is a zone."""
    when = datetime.fromtimestamp(seconds, UTC)
    return when.isoformat()[: 10 if seconds % 86_400 == 0 and not zone else 19] + zone


def on_one_clock(
    path: Path | str, lines: Sequence[int], moments: Sequence[Moment], rule: Rule
) -> tuple[list[int], str]:
    """Returns the times by the clock that their user reads, and its zone where it has one.

    Where the zone changes, as by daylight saving time, days are counted by the clock on the wall; and hours,
    of which it then has one too many or too few, by the zone of the last row.

    Args:
        path, lines: where they stand, for messages.
        moments: what was read.
        rule: what the times must keep to.

    Raises:
        ZooError: times repeat, run backwards or skip one, or some have a zone and others none.
    """
    zones = [moment.ahead for moment in moments]
    mixed = next((i for i, ahead in enumerate(zones) if (ahead is None) != (zones[0] is None)), None)
    if mixed is not None:
        has = "no zone" if zones[mixed] is None else "a zone"
        raise ZooError(
            f"{path}: line {lines[mixed]}: the time {moments[mixed].cell!r} has {has}, unlike those before; "
            "write all alike"
        )
    last = zones[-1]
    walls = [moment.wall for moment in moments]
    one = len(set(zones)) == 1
    zone = _zone(last) if one else ""
    wrong = _fault(lines, walls, moments, zone, rule)
    if wrong and not one and last is not None:
        even = [moment.wall - (moment.ahead or 0) + last for moment in moments]
        if not _fault(lines, even, moments, _zone(last), rule):
            return even, _zone(last)
    if wrong:
        raise ZooError(f"{path}: {wrong}")
    return walls, zone


def _zone(ahead: int | None) -> str:
    if ahead is None:
        return ""
    return datetime.fromtimestamp(0, timezone(timedelta(seconds=ahead))).isoformat()[19:]


def _fault(
    lines: Sequence[int],
    times: Sequence[int],
    moments: Sequence[Moment],
    zone: str,
    rule: Rule,
) -> str:
    """Says where times repeat, run backwards or skip one; nothing if they do not."""
    for i, (before, after) in enumerate(pairwise(times), 1):
        what = f"line {lines[i]}: the time {written(after, zone)}"
        if after == before and moments[i].cell != moments[i - 1].cell:
            return (
                f"{what} is in one second with the one before it; times are read to the second: write them "
                "at whole seconds, say as many seconds apart as they are milliseconds"
            )
        if after <= before:
            told = "repeats the one before it" if after == before else "is earlier than the one before it"
            return f"{what} {told}; give each once, the oldest first{rule.repeated}"
    steps = np.diff(times)
    months = months_between(times)
    if (
        not months
        and all(_SHORT_MONTH <= step <= _LONG_MONTH for step in steps.tolist())
        and len(set(steps)) > 1
    ):
        return (
            "rows are a month apart, but on no one day of the month, nor on its last; write the months "
            f"alone, as {written(times[0])[:7]}"
        )
    usual = _commonest(months or steps.tolist())
    wrong = [
        i
        for i, step in enumerate(months or steps.tolist(), 1)
        if (step % usual if rule.gaps else step != usual)
    ]
    if not wrong:
        return ""
    i = wrong[0]
    length = _counted(usual, "months") if months else _length(usual)
    return (
        f"line {lines[i]}: {written(times[i], zone)} follows {written(times[i - 1], zone)}, but rows are "
        f"{length} apart elsewhere; add the missing rows{rule.left_out}, or write times at equal "
        "intervals"
    )


def usual_step(times: Sequence[int]) -> tuple[int, bool]:
    """Returns how far most neighbours are apart, in months where these are what is equal, else in seconds."""
    months = months_between(times)
    return _commonest(months or np.diff(times).tolist()), bool(months)


def _commonest(steps: Sequence[int]) -> int:
    return Counter(steps).most_common(1)[0][0]


def months_between(times: Iterable[int]) -> list[int]:
    """Returns the whole months between neighbours; none if these are not all on one day of the month."""
    dates = dates_of(times)
    one_day = len({when.day for when in dates}) == 1 or at_month_ends(dates)
    if not one_day or len({when.time() for when in dates}) > 1:
        return []
    numbers = [12 * when.year + when.month for when in dates]
    return [b - a for a, b in pairwise(numbers)]


def _length(seconds: int) -> str:
    sizes = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
    name, size = next((name, size) for name, size in sizes if seconds % size == 0)
    return _counted(seconds // size, name)


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count > 1 else f"one {name[:-1]}"


def exists(year: int, month: int, day: int) -> bool:
    """Tells whether there is such a day."""
    try:
        datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return False
    return True


def dates_of(times: Iterable[int]) -> list[datetime]:
    """Returns seconds since 1970 as dates."""
    return [datetime.fromtimestamp(int(seconds), UTC) for seconds in times]


def at_month_ends(dates: Sequence[datetime]) -> bool:
    """Tells whether each is the last day of its month."""
    return all(not exists(when.year, when.month, when.day + 1) for when in dates)
