"""The names of weekdays and months in a language, as Unicode CLDR has them."""

import functools


@functools.cache
def calendar_words(language: str) -> frozenset[str]:
    """Returns their full names, in a sentence and by themselves; of a language that is not known none."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale(language)
    except (UnknownLocaleError, ValueError):
        return frozenset()
    return frozenset(
        name
        for table in (locale.days, locale.months)
        for usage in ("format", "stand-alone")
        for name in table[usage]["wide"].values()
    )
