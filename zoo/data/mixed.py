"""Several data sets as one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from zoo.data.examples import Examples, columns
from zoo.data.splits import fingerprint
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow as tf


def mix(sets: list[Examples]) -> Examples:
    """Joins the training parts of translation sets, and their validation parts.

    The test part is that of the first set; those of the others become further test parts, as `test_multi30k`.
    A pair whose source stands in a test part of another set, case and punctuation aside, is left out of
    training and validation.

    Args:
        sets: two or more, each of another name.

    Raises:
        ZooError: their languages differ.
    """
    first, *others = sets
    languages = _shared_languages(sets)
    tested = {each.name: _tested(each) for each in sets}

    def joined(part: str) -> tf.data.Dataset:
        parts = []
        for each in sets:
            others = [keys for name, keys in tested.items() if name != each.name]
            parts.append(_without(each.split(part), set().union(*others)))
        return functools.reduce(lambda all_before, dataset: all_before.concatenate(dataset), parts)

    def told(field: str) -> str:
        return "; ".join(f"{each.name}: {getattr(each, field)}" for each in sets)

    extra = {part_of(part, each.name): rows for each in others for part, rows in _tests(each).items()}
    return Examples(
        name="+".join(each.name for each in sets),
        train=joined("train"),
        validation=joined("validation"),
        test=first.test,
        extra={**first.extra, **extra},
        label_names=(),
        languages=languages,
        source=told("source"),
        licence=told("licence"),
        version=told("version"),
    )


def part_of(part: str, name: str) -> str:
    """Returns what the mix calls a test part of a set that is not its first."""
    return f"{part}_{name}"


def _shared_languages(sets: list[Examples]) -> tuple[str, ...]:
    told = [each for each in sets if each.languages]  # a file does not tell
    for other in told[1:]:
        if other.languages != told[0].languages:
            pairs = (f"{each.name} from {' to '.join(each.languages)}" for each in (told[0], other))
            raise ZooError(
                f"--dataset mixes {' with '.join(pairs)}: choose two languages that all have, with --source "
                "and --target"
            )
    return told[0].languages if told else ()


def _tests(examples: Examples) -> dict[str, tf.data.Dataset]:
    return {"test": examples.test, **examples.extra}


def _tested(examples: Examples) -> set[str]:
    return {key for dataset in _tests(examples).values() for key in _keys(dataset).values()} - {""}


def _keys(dataset: tf.data.Dataset) -> dict[bytes, str]:
    """Returns source -> its fingerprint."""
    sources = (source for (block,) in columns(dataset, "source") for source in block)
    return {source: fingerprint(source.decode("utf-8", "replace")) for source in sources}


def _without(dataset: tf.data.Dataset, keys: set[str]) -> tf.data.Dataset:
    """Leaves out the pairs whose source has one of the fingerprints."""
    import tensorflow as tf

    sources = sorted(source for source, key in _keys(dataset).items() if key in keys)
    if not sources:
        return dataset
    left_out = tf.constant(sources)
    return dataset.filter(lambda pair: ~tf.reduce_any(pair["source"] == left_out))
