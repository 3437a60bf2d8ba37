"""Several data sets as one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from zoo.data.examples import SPLITS, Examples
from zoo.data.part import Part, joined
from zoo.errors import ZooError


def mix(sets: list[Examples], key: str) -> Examples:
    """Joins the training parts of sets, and their validation parts.

    The test part is that of the first set; those of the others become further test parts, as `test_multi30k`.
    A row whose key stands in a test part of another set, case and punctuation aside, is left out of
    training, validation and the unlabelled texts. Labels are those of all sets, by name.

    Args:
        sets: two or more, each of another name.
        key: feature that tells rows apart: `source` of translation, `text` of classification.

    Returns:
        The mix. Its training and validation parts have one more feature, `set`, int64: which of the sets a
        row is of, from 0.

    Raises:
        ZooError: their languages differ.
    """
    languages, names = _shared_languages(sets), sorted({name for each in sets for name in each.label_names})
    sets = [_relabelled(examples, names) for examples in sets]
    first, *others = sets
    tested = {examples.name: _tested(examples, key) for examples in sets}

    def kept(examples: Examples, part: Part) -> Part:
        others = [keys for name, keys in tested.items() if name != examples.name]
        return part.without(key, set().union(*others))

    def together(part: str) -> Part:
        parts = [kept(examples, examples.split(part)) for examples in sets]
        return joined([rows.with_column("set", np.full(len(rows), i)) for i, rows in enumerate(parts)])

    def told(field: str) -> str:
        return "; ".join(f"{examples.name}: {getattr(examples, field)}" for examples in sets)

    extra = {
        part_of(part, examples.name): rows for examples in others for part, rows in examples.tests.items()
    }
    return Examples(
        name="+".join(examples.name for examples in sets),
        train=together("train"),
        validation=together("validation"),
        test=first.test,
        extra={**first.extra, **extra},
        label_names=tuple(names),
        languages=languages,
        source=told("source"),
        licence=told("licence"),
        version=told("version"),
        unlabelled=_joined_later([(each, kept) for each in sets if each.unlabelled]),
    )


def part_of(part: str, name: str) -> str:
    """Returns what the mix calls a test part of a set that is not its first."""
    return f"{part}_{name}"


def _shared_languages(sets: list[Examples]) -> tuple[str, ...]:
    told = [examples for examples in sets if examples.languages]  # a file does not tell
    for other in told[1:]:
        if other.languages != told[0].languages:
            pairs = (
                f"{examples.name} from {' to '.join(examples.languages)}" for examples in (told[0], other)
            )
            raise ZooError(
                f"--dataset mixes {' with '.join(pairs)}: choose two languages that all have, with --source "
                "and --target"
            )
    return told[0].languages if told else ()


def _relabelled(examples: Examples, names: list[str]) -> Examples:
    """Numbers the labels of a set by their place among all names."""
    if list(examples.label_names) == names:
        return examples
    numbers = np.array([names.index(name) for name in examples.label_names], np.int64)

    def relabelled(part: Part) -> Part:
        return part.with_column("label", numbers[part.column("label")])

    train, validation, test = (relabelled(examples.split(part)) for part in SPLITS)
    extra = {part: relabelled(rows) for part, rows in examples.extra.items()}
    return replace(
        examples, train=train, validation=validation, test=test, extra=extra, label_names=tuple(names)
    )


def _joined_later(
    sets: list[tuple[Examples, Callable[[Examples, Part], Part]]],
) -> Callable[[], Part] | None:
    """Returns what reads the unlabelled texts of sets that have some, for those who ask for them."""
    if not sets:
        return None
    return lambda: joined([kept(each, each.unlabelled()) for each, kept in sets if each.unlabelled])


def _tested(examples: Examples, key: str) -> set[str]:
    return {mark for part in examples.tests.values() for mark in part.fingerprints(key)} - {""}
