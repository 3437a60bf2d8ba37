"""Phrases that Unicode CLDR gives in many languages, as a TFDS builder."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import babel
import emoji
import tensorflow_datasets as tfds
from babel import localedata, units

from zoo.data.sets.cldr_formatters import Pair, Phrase, folded, lists_of_phrases, streams, terms_of
from zoo.data.splits import split_of

DEFAULT_PAIR = ("en", "fr")
SPLITS = ("train", "validation", "test", "test_terms")

# Kind -> how many phrases are made. Names of single terms come on top of these, all there are.
_QUOTAS = {
    "dates": 8_000,
    "intervals": 5_000,
    "relative times": 1_500,
    "numbers": 1_500,
    "measures": 8_500,
    "rates": 5_000,
    "prices": 7_000,
    "locales": 1_000,
    "skin tones": 1_000,
    "lists of territories": 5_000,
    "lists of languages": 6_500,
    "lists of scripts": 2_000,
    "lists of currencies": 3_000,
    "lists of emoji": 6_000,
}
_LISTS_OF_PHRASES = 7_000
_ONE_OF = 25  # one phrase of so many goes to test, and one to validation
_ONE_TERM_OF = 20  # and so one term of so many is held out from training


@dataclass
class CldrConfig(tfds.core.BuilderConfig):
    """One pair of languages, and the versions of the two packages that tell their phrases."""

    source: str = ""
    target: str = ""


class CldrPhrases(tfds.core.GeneratorBasedBuilder):
    """Dates, amounts, names and lists of them in two languages, formatted by `babel` for both alike.

    All words are those of CLDR's translators. What `babel` writes is kept as it is, also the no-break
    spaces (U+00A0, U+202F) and thin spaces (U+2009) that CLDR uses in many languages.

    Args:
        source: code of a language of `languages()`.
        target: another one.
        options: of `tfds.core.GeneratorBasedBuilder`.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def __init__(self, *, source: str = DEFAULT_PAIR[0], target: str = DEFAULT_PAIR[1], **options):
        config = CldrConfig(
            name=f"{source}-{target}-babel{babel.__version__}-emoji{emoji.__version__}",
            description=f"Phrases in {source} and {target}.",
            source=source,
            target=target,
        )
        super().__init__(**{"config": config, **options})

    def _info(self) -> tfds.core.DatasetInfo:
        pair = (self.builder_config.source, self.builder_config.target)
        return self.dataset_info_from_configs(
            description=(
                "Phrases of Unicode CLDR in two languages: names of territories, languages, scripts, "
                "currencies, units and emoji, and dates, times, amounts, rates and lists made of them by the "
                "formatters of babel. Test phrases are new combinations of words that training has seen; "
                "those of test_terms hold a term that it has not."
            ),
            features=tfds.features.Translation(languages=pair),
            supervised_keys=pair,
            homepage="https://cldr.unicode.org",
            license="Unicode-3.0 (CLDR, through babel); BSD-3-Clause (names in the package emoji)",
        )

    def _split_generators(self, dl_manager):
        config = self.builder_config
        parts = corpus(config.source, config.target)
        return {split: self._generate_examples(parts[split]) for split in SPLITS}

    def _generate_examples(self, phrases):
        config = self.builder_config
        for index, phrase in enumerate(phrases):
            yield index, {config.source: phrase.source, config.target: phrase.target}


def languages() -> list[str]:
    """Returns the codes of the languages that both `babel` and `emoji` carry."""
    return sorted(code for code in emoji.LANGUAGES if localedata.exists(code))


def corpus(source: str, target: str) -> dict[str, list[Phrase]]:
    """Returns split -> phrases; no source stands twice in all of them, case and kinds of space aside.

    Of things that have one name in the source language, the first is kept; likewise of formats that look
    alike. Names of terms that are not held out are all in the training part. The rest is parted by a hash of
    the source: a phrase is for validation or test if training has all its terms and, digits aside, all its
    words in both languages, and for `test_terms` if it holds a term that was held out.
    """
    pair = Pair(babel.Locale(source), babel.Locale(target))
    seen: set[str] = set()
    terms = list(_new(terms_of(pair), seen))
    made: list[Phrase] = []
    for kind, stream in streams(pair, terms).items():
        made += islice(_new(islice(stream, 4 * _QUOTAS[kind]), seen), _QUOTAS[kind])
    held_out = _held_out(terms, made, pair)
    parts: dict[str, list[Phrase]] = {split: [] for split in SPLITS}
    for phrase in terms:
        parts["test_terms" if phrase.terms & held_out else "train"].append(phrase)
    for phrase in made:
        parts[_split_of(phrase, held_out)].append(phrase)
    # Lists of phrases hold none that is for validation or test.
    stream = lists_of_phrases(pair, parts["train"])
    for phrase in islice(_new(islice(stream, 4 * _LISTS_OF_PHRASES), seen), _LISTS_OF_PHRASES):
        parts[_split_of(phrase, held_out)].append(phrase)
    known = {word for phrase in parts["train"] for word in _words(phrase)}
    for split in ("validation", "test"):
        new = [phrase for phrase in parts[split] if not _words(phrase) <= known]
        parts[split] = [phrase for phrase in parts[split] if _words(phrase) <= known]
        parts["train"] += new
    return parts


def _new(phrases: Iterable[Phrase], seen: set[str]) -> Iterator[Phrase]:
    """Yields the phrases with two sides whose source was not seen."""
    for phrase in phrases:
        key = folded(phrase.source)
        if key and phrase.target.strip() and key not in seen:
            seen.add(key)
            yield phrase


def _split_of(phrase: Phrase, held_out: set[str]) -> str:
    if phrase.terms & held_out:
        return "test_terms"
    return split_of(folded(phrase.source), _ONE_OF)


def _words(phrase: Phrase) -> set[str]:
    sides = ((1, phrase.source), (2, phrase.target))
    words = ((side, word) for side, text in sides for word in re.findall(r"[^\W\d]+", text))
    return {f"{side} {word}" for side, word in words}


def _held_out(terms: list[Phrase], made: list[Phrase], pair: Pair) -> set[str]:
    """Returns the terms that training never sees: none whose name stands in another one's, or in a date."""
    names = {}
    for phrase in terms:
        (key,) = phrase.terms
        names[key] = [folded(phrase.source)]
        if phrase.kind == "units":
            one = units.format_unit(1, key.partition(" ")[2], locale=pair.source)
            names[key].append(folded(re.sub(r"\d", "", one)))
    texts = {key: "\n".join(values) for key, values in names.items()}
    texts[""] = "\n".join(folded(phrase.source) for phrase in made if not phrase.terms)
    return {
        key
        for key, values in names.items()
        if split_of(key, _ONE_TERM_OF) == "test"
        and "-per-" not in key  # a rate's name also comes of its two units
        and not any(name in text for other, text in texts.items() if other != key for name in values)
    }
