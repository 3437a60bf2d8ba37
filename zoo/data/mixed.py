"""Several data sets as one."""

import numpy as np

from zoo.data.examples import Examples
from zoo.data.part import Part, joined
from zoo.data.splits import fingerprint
from zoo.errors import ZooError


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
    tested = {examples.name: _tested(examples) for examples in sets}

    def together(part: str) -> Part:
        parts = []
        for examples in sets:
            others = [keys for name, keys in tested.items() if name != examples.name]
            parts.append(_without(examples.split(part), set().union(*others)))
        return joined(parts)

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


def _tested(examples: Examples) -> set[str]:
    return {key for part in examples.tests.values() for key in _keys(part)} - {""}


def _keys(part: Part) -> list[str]:
    """Returns the fingerprint of each source; equal ones are worked out once."""
    known: dict[str, str] = {}
    return [known.get(text) or known.setdefault(text, fingerprint(text)) for text in part.strings("source")]


def _without(part: Part, keys: set[str]) -> Part:
    """Leaves out the pairs whose source has one of the fingerprints."""
    kept = np.array([key not in keys for key in _keys(part)], bool)
    return part if kept.all() else part.taken(kept)
