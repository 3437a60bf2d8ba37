"""Phrases in two languages from the formatters and names of `babel` and `emoji`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import babel
import emoji
from babel import dates, lists, localedata, numbers, units

_LISTED = ("dates", "relative times", "measures", "rates", "prices", "locales")
_TONES = {*"🏻🏼🏽🏾🏿"}


class Phrase(NamedTuple):
    """The same thing in two languages."""

    kind: str
    source: str
    target: str
    terms: frozenset[str]
    """The names that it is made of, as in "territory FR"."""


class Pair(NamedTuple):
    """Two locales."""

    source: babel.Locale
    target: babel.Locale

    def phrase(self, kind: str, terms: Sequence[str], formatter: Callable, *arguments, **options) -> Phrase:
        """Calls one of babel's formatters for both locales with the same arguments.

        Both sides are empty where CLDR lacks a pattern for one of them.
        """
        try:
            source, target = (formatter(*arguments, locale=locale, **options) or "" for locale in self)
        except KeyError:  # as babel tells it
            source = target = ""
        return Phrase(kind, source, target, frozenset(terms))


def folded(text: str) -> str:
    """Returns a text without what two of them may differ in: case, and the kind of its spaces."""
    return " ".join(text.split()).casefold()


def terms_of(pair: Pair) -> Iterator[Phrase]:
    """Yields the names of territories, languages, scripts, currencies, units and emoji."""
    for kind in ("territories", "languages", "scripts", "currencies"):
        source, target = (getattr(locale, kind) for locale in pair)
        for code in sorted(source.keys() & target.keys()):
            if code not in (source[code], target[code]):  # where CLDR has no name, the code stands for it
                yield Phrase(kind, source[code], target[code], frozenset([f"{kind} {code}"]))
    for unit in _units(pair):
        yield pair.phrase("units", [f"units {unit}"], _unit_name, unit)
    for character, names in _emoji(pair):
        if not _TONES & {*character}:
            yield Phrase("emoji", *names, frozenset([f"emoji {_bare(character)}"]))


def _unit_name(unit: str, locale: babel.Locale) -> str | None:
    names = (units.get_unit_name(unit, length, locale) for length in ("long", "short"))
    return next(filter(None, names), None)


def _units(pair: Pair, pattern: str = "other") -> list[str]:
    """Returns the units for which CLDR has a pattern of that name in both languages."""
    known = [localedata.load(locale.language)["unit_patterns"] for locale in pair]
    return sorted(
        unit
        for unit in {*known[0]} & {*known[1]}
        if all(any(pattern in forms for forms in patterns[unit].values()) for patterns in known)
    )


def _emoji(pair: Pair) -> Iterator[tuple[str, tuple[str, str]]]:
    codes = [locale.language for locale in pair]
    emoji.config.load_language(codes)
    for character, names in sorted(emoji.EMOJI_DATA.items()):
        if names["status"] == emoji.STATUS["fully_qualified"] and all(code in names for code in codes):
            # The package writes names as ":red_heart:".
            yield character, tuple(names[code].strip(":").replace("_", " ") for code in codes)


def _bare(character: str) -> str:
    return "".join(sign for sign in character if sign not in {*_TONES, "\ufe0f"})


def streams(pair: Pair, terms: list[Phrase]) -> dict[str, Iterator[Phrase]]:
    """Returns kind -> phrases without end (or all there are), in an order that never changes."""
    keys = {key for phrase in terms for key in phrase.terms}
    kinds = {
        "dates": _dates,
        "intervals": _intervals,
        "relative times": _relative_times,
        "numbers": _numbers,
        "measures": _measures,
        "rates": _rates,
        "prices": _prices,
        "locales": _locales,
        "skin tones": _skin_tones,
    }
    phrases = {kind: stream(pair, Draw(kind), keys) for kind, stream in kinds.items()}
    for kind in ("territories", "languages", "scripts", "currencies", "emoji"):
        name = f"lists of {kind}"
        phrases[name] = _lists(pair, Draw(name), name, [phrase for phrase in terms if phrase.kind == kind])
    return phrases


class Draw:
    """Draws at random, alike everywhere.

    Of Python's generators, `random()` alone promises never to change.
    """

    def __init__(self, seed: str):
        self._random = Random(seed)

    def one(self, items: Sequence):
        """Returns one of the items."""
        return items[int(self._random.random() * len(items))]

    def some(self, items: Sequence, count: int) -> list:
        """Returns `count` different ones of many items."""
        places: dict[int, None] = {}
        while len(places) < min(count, len(items)):
            places[int(self._random.random() * len(items))] = None
        return [items[place] for place in places]

    def number(self) -> int | float:
        """Returns a number from 1 to 9,999, small ones and whole ones more often."""
        number = int(10 ** (4 * self._random.random()))
        return number + self.one((0, 0, 0, 0, 0.5, int(100 * self._random.random()) / 100))

    def time(self) -> datetime:
        """Returns a second of 1950 to 2049: of these years, two digits tell all."""
        return datetime(1950, 1, 1) + timedelta(seconds=int(self._random.random() * 36_524 * 86_400))


def _distinct(pair: Pair, options: Iterable, looks: Callable) -> list:
    """Keeps the options that look unlike all options before them in the source language.

    Args:
        pair: the languages; an option for which one of them lacks a pattern is dropped.
        options: what a formatter is called with.
        looks: takes an option and a locale, and returns what the formatter makes of some values.
    """
    kept: list[Any] = []
    seen: set[Any] = set()
    for option in options:
        try:
            shown, _ = ({*map(folded, looks(option, locale))} for locale in pair)
        except KeyError:  # as babel tells it
            continue
        if not shown & seen:
            kept.append(option)
        seen |= shown
    return kept


def _date_formats(pair: Pair) -> dict[tuple[Callable, str], list[tuple[Callable, str]]]:
    """Returns format -> earlier ones that look like it in some month, as full and short names do in May."""
    both = pair.source.datetime_skeletons.keys() & pair.target.datetime_skeletons.keys()
    formats = [(dates.format_date, name) for name in ("short", "medium", "long", "full")]
    formats += [(dates.format_time, name) for name in ("short", "medium")]
    formats += [(dates.format_datetime, name) for name in ("short", "medium", "long")]
    # v is the time zone, which our times lack.
    formats += [(_format_skeleton, name) for name in sorted(both) if "v" not in name]
    times = [datetime(2034, month, 12 + month, 17, 8, 9) for month in range(1, 13)]
    looks = {
        (formatter, name): [folded(formatter(time, name, locale=pair.source)) for time in times]
        for formatter, name in formats
    }
    rivals: dict[Any, list[Any]] = {}
    for format_, look in looks.items():
        # A number alone may be a day, an hour or a year.
        if not look[0].isdigit():
            rivals[format_] = [rival for rival in rivals if any(map(str.__eq__, look, looks[rival]))]
    return rivals


def _format_skeleton(time: datetime, skeleton: str, locale: babel.Locale) -> str:
    return dates.format_skeleton(skeleton, time, locale=locale)


def _dates(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    rivals = _date_formats(pair)
    formats = [*rivals]
    while True:
        format_, time = draw.one(formats), draw.time()
        looks = [
            folded(formatter(time, name, locale=pair.source))
            for formatter, name in (format_, *rivals[format_])
        ]
        if looks[0] not in looks[1:]:
            yield pair.phrase("dates", [], format_[0], time, format_[1])


def _intervals(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    both = {*pair.source.interval_formats} & {*pair.target.interval_formats} - {None}
    # babel cannot compare eras, parts of the day and time zones.
    skeletons = sorted(name for name in both if not {*"GBv"} & {*name} and name not in ("y", "M", "d", "H"))
    ends = (datetime(2034, 8, 6, 7, 8), datetime(2034, 11, 19, 17, 38))
    skeletons = _distinct(
        pair, skeletons, lambda name, locale: [dates.format_interval(*ends, name, locale=locale)]
    )
    while True:
        skeleton, first, last = draw.one(skeletons), draw.time(), draw.time()
        # What the skeleton does not show is the same at both ends.
        shared = {"y": "year", "M": "month", "d": "day", "h": "hour", "m": "minute"}
        shown = skeleton.replace("H", "h")
        same = {part: getattr(first, part) for field, part in shared.items() if field not in shown}
        if {*"hm"} & {*shown}:
            same |= {"year": first.year, "month": first.month, "day": first.day}
        try:
            last = last.replace(**same)
        except ValueError:  # no such day in that month
            continue
        first, last = min(first, last), max(first, last)
        looks = [_format_skeleton(time, skeleton, locale=pair.source) for time in (first, last)]
        if looks[0] != looks[1]:
            yield pair.phrase("intervals", [], dates.format_interval, first, last, skeleton)


def _relative_times(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    variants = [
        {"format": format, "add_direction": told} for told in (True, False) for format in ("long", "short")
    ]
    variants = _distinct(
        pair,
        variants,
        lambda variant, locale: [dates.format_timedelta(timedelta(days=3), locale=locale, **variant)],
    )
    sizes = [timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)]
    sizes += [timedelta(days=days) for days in (1, 7, 30, 365)]
    while True:
        number = min(draw.number(), 1_000)
        time = draw.one(sizes) * draw.one((number, -number))
        # A higher threshold leaves "60 months" what would be "5 years".
        options = {"threshold": draw.one((0.85, 2, 10, 50)), **draw.one(variants)}
        yield pair.phrase("relative times", [], dates.format_timedelta, time, **options)


def _numbers(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    compact = numbers.format_compact_decimal
    variants: Any = [(numbers.format_decimal, {}), (numbers.format_percent, {})]
    variants += [(compact, {"format_type": length, "fraction_digits": 1}) for length in ("long", "short")]
    variants = _distinct(
        pair, variants, lambda variant, locale: [variant[0](1_200_000, locale=locale, **variant[1])]
    )
    while True:
        number, (formatter, options) = draw.number(), draw.one(variants)
        if formatter is numbers.format_percent:
            number /= 100
        elif formatter is compact:
            number *= draw.one((1_000, 1_000_000))
        yield pair.phrase("numbers", [], formatter, number, **options)


def _measures(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    known = sorted(key.partition(" ")[2] for key in keys if key.startswith("units "))
    variants = [(unit, length) for length in ("long", "short") for unit in known]
    variants = _distinct(
        pair, variants, lambda variant, locale: [units.format_unit(7, *variant, locale=locale)]
    )
    while True:
        unit, length = draw.one(variants)
        yield pair.phrase("measures", [f"units {unit}"], units.format_unit, draw.number(), unit, length)


def _rates(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    known = sorted(key.partition(" ")[2] for key in keys if key.startswith("units ") and "-per-" not in key)
    per = [unit for unit in _units(pair, "per") if unit in known]
    while True:
        unit, other = draw.one(known), draw.one(per)
        if unit.partition("-")[0] != other.partition("-")[0]:
            terms = [f"units {unit}", f"units {other}"]
            yield pair.phrase(
                "rates", terms, units.format_compound_unit, draw.number(), unit, denominator_unit=other
            )


def _prices(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    known = sorted(key.partition(" ")[2] for key in keys if key.startswith("currencies "))
    variants = [(code, style) for style in ("name", "standard") for code in known]
    variants = _distinct(
        pair,
        variants,
        lambda variant, locale: [
            numbers.format_currency(7, variant[0], locale=locale, format_type=variant[1])
        ],
    )
    while True:
        code, style = draw.one(variants)
        terms = [f"currencies {code}"]
        yield pair.phrase("prices", terms, numbers.format_currency, draw.number(), code, format_type=style)


def _locales(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    for name in sorted(localedata.locale_identifiers()):
        parsed = babel.Locale.parse(name)
        codes = {"languages": parsed.language, "scripts": parsed.script, "territories": parsed.territory}
        terms = {f"{kind} {code}" for kind, code in codes.items() if code}
        if len(terms) > 1 and terms <= keys and not parsed.variant:
            source, target = (parsed.get_display_name(locale) or "" for locale in pair)
            yield Phrase("locales", source, target, frozenset(terms))


def _skin_tones(pair: Pair, draw: Draw, keys: set[str]) -> Iterator[Phrase]:
    for character, names in _emoji(pair):
        term = f"emoji {_bare(character)}"
        if sum(character.count(tone) for tone in _TONES) == 1 and term in keys:
            yield Phrase("skin tones", *names, frozenset([term]))


def _lists(pair: Pair, draw: Draw, kind: str, phrases: list[Phrase], most: int = 4) -> Iterator[Phrase]:
    styles = _distinct(
        pair,
        ("standard", "or", "unit", "standard-short", "or-short"),
        lambda style, locale: [lists.format_list([*"abcd"[:size]], style, locale) for size in (2, 3, 4)],
    )
    while True:
        members = draw.some(phrases, draw.one((2, 2, 3, 3, most)))
        terms = frozenset().union(*(phrase.terms for phrase in members))
        style = draw.one((styles[0], *styles))
        source, target = (
            lists.format_list([phrase[side] for phrase in members], style, locale)
            for side, locale in zip((1, 2), pair, strict=True)
        )
        yield Phrase(kind, source, target, terms)


def lists_of_phrases(pair: Pair, phrases: list[Phrase]) -> Iterator[Phrase]:
    """Yields lists of two or three dates, prices and the like, made of the `phrases`, without end."""
    draw = Draw("lists of phrases")
    kinds = [
        _lists(pair, Draw(f"lists of {kind}"), "lists of phrases", alike, most=3)
        for kind in _LISTED
        if (alike := [phrase for phrase in phrases if phrase.kind == kind])
    ]
    while True:
        yield next(draw.one(kinds))
