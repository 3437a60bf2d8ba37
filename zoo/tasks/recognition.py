"""Many-to-one over numbers: a signal goes in, one label comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo import baselines
from zoo.data import Adapter, Examples, Part, of_rows, of_user
from zoo.data.cache import cache_dir
from zoo.data.own import signals
from zoo.data.own.labels import label_names
from zoo.data.scaling import Scaling
from zoo.errors import ZooError
from zoo.metrics import Score
from zoo.tasks.base import Answered, Described, Given, Model, Row, filled_up, in_blocks
from zoo.tasks.classification import Classification
from zoo.tasks.far import warn_if_far
from zoo.tasks.manifest import Manifest, own_part
from zoo.tasks.tries import Try

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_ROWS = 128  # signals that go through a model together
_TRIED = 7  # labels of which a page shows a signal
_ARCHIVE = ("japanese_vowels", "basic_motions", "gun_point", "italy_power_demand", "osu_leaf", "plaid")


@dataclass(frozen=True)
class AboutSignals:
    """What a recogniser's manifest says of its signals.

    Attributes:
        channels: that it reads.
        longest: steps of the longest signal of training, of those that were read.
        seen: the lowest and the highest number of each channel in training.
        scaling: mean and spread of each channel, by which numbers are read; who reads them without the graph
            needs it.
    """

    channels: list[str]
    longest: int
    seen: list[list[float]]
    scaling: list[list[float]] = field(default_factory=list)

    @classmethod
    def of_training(
        cls, channels: Sequence[str], values: tf.RaggedTensor, most: int, scaling: Scaling
    ) -> AboutSignals:
        """Measures signals, ragged (n, time, channels), of which at most so many steps are read."""
        flat = values.values.numpy()
        if unseen := [name for name, column in zip(channels, flat.T, strict=True) if np.isnan(column).all()]:
            raise ZooError(
                f"the channel {unseen[0]!r} has not one number in the training part; leave it out by naming "
                "the others with --columns"
            )
        seen = [np.nanmin(flat, axis=0), np.nanmax(flat, axis=0)]
        longest = min(most, int(values.row_lengths().numpy().max()))
        scaled = np.stack([scaling.mean, scaling.spread], axis=1)
        return cls(list(channels), longest, np.stack(seen, axis=1).tolist(), scaled.tolist())

    @classmethod
    def of(cls, manifest: Manifest) -> AboutSignals:
        """Reads it off a manifest.

        Raises:
            ZooError: it does not say so.
        """

        def sound(about: AboutSignals) -> bool:
            return len(about.seen) == len(about.channels) and all(len(bounds) == 2 for bounds in about.seen)

        return own_part(cls, manifest, "signals", sound)


@dataclass(frozen=True, kw_only=True)
class Recorded(Adapter):
    """Of a stored set, a signal `values` (time, channels) and its `label`."""

    channels: tuple[str, ...] = ()

    def choose(self, dataset: str, info: tfds.core.DatasetInfo, **options: str) -> dict[str, str]:
        """Refuses columns: what a set of ours has is read whole."""
        if columns := options["columns"]:
            raise ZooError(f"columns ({columns!r}) are for data of your own; leave them out for {dataset}")
        return {}

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        return dataset.map(lambda row: {"values": row["values"], "label": row["label"]})

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns the labels' names by their number."""
        return list(info.features["label"].names)

    def columns_of(self, info: tfds.core.DatasetInfo) -> tuple[str, ...]:
        """Returns the channels' names."""
        return self.channels


@dataclass(frozen=True, kw_only=True)
class Archived(Recorded):
    """One of the sets of `zoo.data.sets.archive_signals`."""

    def builder(self, dataset: str, **options: str) -> tfds.core.DatasetBuilder:
        """Returns what prepares the data set."""
        from zoo.data.sets.archive_signals import ArchiveSignals

        return ArchiveSignals(dataset=dataset, data_dir=cache_dir())

    def columns_of(self, info: tfds.core.DatasetInfo) -> tuple[str, ...]:
        """Returns the channels' names."""
        from zoo.data.sets.archive_signals import set_of

        return set_of(info.config_name).channels


@dataclass(frozen=True, kw_only=True)
class Gestures(Recorded):
    """The catalogue's `smartwatch_gestures`: eight people, of whom one validates and one tests."""

    held: Mapping[str, int]

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping, and says whose they are."""
        import tensorflow as tf

        def rename(row: Row) -> Row:
            values = tf.stack([row["features"][name] for name in self.channels], axis=-1)
            person = tf.cast(row["participant"], tf.int64)
            return {"values": tf.cast(values, tf.float64), "label": row["gesture"], "person": person}

        return dataset.map(rename)

    def part(self, dataset: tf.data.Dataset, split: str) -> tf.data.Dataset:
        """Returns the rows of a part's persons."""
        import tensorflow as tf

        held = list(self.held.values())
        if split in self.held:
            chosen = dataset.filter(lambda row: row["person"] == self.held[split])
        else:
            chosen = dataset.filter(lambda row: tf.reduce_all(row["person"] != tf.constant(held, tf.int64)))
        return chosen.map(lambda row: {"values": row["values"], "label": row["label"]})

    def label_names(self, train: Part, info: tfds.core.DatasetInfo, **options: str) -> list[str]:
        """Returns the gestures by their number; the set names them by numbers alone."""
        return [f"gesture {name}" for name in info.features["gesture"].names]


class Recognition(Classification):
    """Features: `values` float64 (time, channels), NaN where a number is missing, and `label` int64.

    The user's own: a table, a folder or a `.ts` file, as `zoo.data.own.signals` takes it.
    """

    name = "recognition"
    asks = "signal"
    pipeline = "other"
    reads = "signals"
    options = ("columns",)
    kind = "a CSV, TSV, JSONL, Parquet or .ts file, or a folder for each label"
    suffixes = signals.SUFFIXES
    mixes = ""  # channels of one set are not those of another
    sets: ClassVar[dict[str, Adapter]] = {
        "shoulder_exercises": Recorded(
            own="shoulder_exercises.ShoulderExercises", channels=("ax", "ay", "az", "wx", "wy", "wz")
        ),
        **{name: Archived(own="archive_signals.ArchiveSignals", embedded=True) for name in _ARCHIVE},
        "smartwatch_gestures": Gestures(
            channels=("accel_x", "accel_y", "accel_z"),
            train="train",
            validation="train",
            test="train",
            held={"validation": 7, "test": 8},
        ),
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads signals; labels may be any strings, and are numbered in sorted order."""
        channels, parts = signals.read_parts(path, options["columns"])
        labels = {split: [row.label for row in rows] for split, rows in parts.items()}
        names = label_names(path, labels, "signals")
        numbers = {name: number for number, name in enumerate(names)}
        rows = {split: signals.part_of(found, numbers, len(channels)) for split, found in parts.items()}
        return of_user(path, rows, names, channels)

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all signals of a file as a test part; its columns are a model's."""
        found = signals.read(path, "" if path.suffix == ".ts" else options["columns"])
        if (asked := options["columns"].count(",") + 1) != len(found.channels):
            raise ZooError(f"{path}: has {len(found.channels)} channels, but the model reads {asked}")
        names = sorted({row.label for row in found.rows})
        numbers = {name: number for number, name in enumerate(names)}
        return of_rows(path, signals.part_of(found.rows, numbers, len(found.channels)), names, found.channels)

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Turns files into the signals that they hold.

        Args:
            inputs: paths of tables and `.ts` files, which may hold several signals each; or arrays of numbers
                (time, channels), NaN where one is missing. One of them need not be put in a list.
            model: the recogniser.

        Raises:
            ZooError: as `zoo.data.own.signals.read`, or a signal has other channels than the model reads.
        """
        about = AboutSignals.of(model.manifest)
        found: list[np.ndarray] = []
        for row in _listed(inputs):
            if isinstance(row, str | Path):
                found += [signal.values for signal in _signals(Path(row), about, model.name).rows]
            else:
                found.append(_checked(row, about, model.name))
        warn_if_far(model.name, found, about.channels, about.seen)
        # What is not read is not sent, but for a moment that says that there was more.
        most = int(model.manifest.config["max_steps"])
        return [
            row if len(row) <= most else np.concatenate([row[:most], _some_number(row[most:])])
            for row in found
        ]

    def given_tensors(self, signature: str) -> tuple[str, ...]:
        """Returns the numbers."""
        return ("values",)

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[Any]]:
        """Yields some signals at a time."""
        yield from in_blocks(rows, _ROWS)

    def tensors(self, block: list[Any], signature: str) -> dict[str, Any]:
        """Stacks signals, filled up with NaN."""
        return {"values": filled_up(block)}

    # The command line ------------------------------------------------------------------------------------

    def given(self, typed: Sequence[str], file: str, model: Described) -> Given:
        """Returns the signals of the files that were typed, or of the one that was given."""
        about, values, names = AboutSignals.of(model.manifest), [], []
        for path in map(Path, typed or [file]):
            found = _signals(path, about, model.name)
            for signal in found.rows:
                several = len(found.rows) > 1
                values.append(signal.values)
                names.append({"signal": f"{path.name}: {signal.name}" if several else path.name})
        return Given(values, names)

    def named(self, inputs: Any, model: Described) -> Sequence[Row]:
        """Returns names of signals: those of files, and the numbers of arrays."""
        names: list[Row] = []
        for number, row in enumerate(_listed(inputs), 1):
            is_file = isinstance(row, str | Path)
            names += self.given([str(row)], "", model).names if is_file else [{"signal": f"row {number}"}]
        return names

    def chosen(self, flags: Mapping[str, Any], signature: str, rows: int, manifest: Manifest) -> Row:
        """Refuses a signature that is no answer: what is fed step by step is no file."""
        if signature == "step":
            raise ZooError(f"{manifest.name}: its step takes one moment after the other, by a program")
        return super().chosen(flags, signature, rows, manifest)

    def painted(self, answered: Answered) -> list[Any]:
        """Returns a table; of signals that are read to their ends, as most are, it says nothing more."""
        usual = {"valid": True, "truncated": False}
        plain = all(row.get(name, value) == value for row in answered.rows for name, value in usual.items())
        rows = [{k: v for k, v in row.items() if not plain or k not in usual} for row in answered.rows]
        return super().painted(dataclasses.replace(answered, rows=rows))

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns the model's own channels, which are what they are by their names."""
        return {} if in_catalogue else {"columns": ",".join(AboutSignals.of(manifest).channels)}

    def choices(self, known: Sequence[str], present: Sequence[str]) -> list[str]:
        """Returns all labels: which of them a few recordings show is chance, and must not help the model."""
        return list(known)

    def asked(self, part: Part) -> tuple[Sequence[Any], list[str]]:
        """Returns signals, and their numbers with their lengths."""
        values = part.column("values")
        rows = [row.numpy() for row in values]
        return rows, [f"row {number}, {len(row):,} steps" for number, row in enumerate(rows, 1)]

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the commonest label, and logistic regression on a few figures of each channel."""
        parts = {
            split: (self.asked(examples.split(split))[0], examples.split(split).column("label"))
            for split in ("train", "validation", "test")
        }
        return {"test": baselines.signal_classification(parts, examples.label_names)}

    def reordered(self, model: Model, part: Part) -> None:  # type: ignore[override]
        """Returns None: numbers are no tokens."""
        return

    # The page --------------------------------------------------------------------------------------------

    def to_try(self, manifest: Manifest) -> list[Try]:
        """Returns a signal of each label, of the test part of an embedded set."""
        about = AboutSignals.of(manifest)
        found: dict[str, np.ndarray] = {}
        for label, values in _embedded(manifest.dataset.name):
            found.setdefault(label, values)
            if len(found) == min(_TRIED, len(manifest.labels)):
                break
        return [Try(label, _as_table(about.channels, values)) for label, values in found.items()]

    # The card --------------------------------------------------------------------------------------------

    def example(self, manifest: Manifest) -> dict[str, str]:
        """Returns a signal of zeros."""
        about = AboutSignals.of(manifest)
        return {"values": f"tf.zeros([1, {about.longest}, {len(about.channels)}], tf.float64)"}

    def with_the_zoo(self, manifest: Manifest) -> str:
        """Returns the sentence of the card."""
        channels = AboutSignals.of(manifest).channels
        columns = ", ".join(f"`{column}`" for column in channels)
        return (
            f"With the zoo: `python -m zoo predict {manifest.name} --input FILE.csv`, a table with a row for "
            f"each moment and\nthe columns {columns}."
        )


def recognition_samples(test: Part, longest: int) -> dict[str, dict[str, Any]]:
    """Returns inputs of a recogniser's signatures: signals of a test part, one with a gap, and none.

    Args:
        test: the part.
        longest: steps that its `step` remembers.
    """
    rows = [row.numpy() for row in test.column("values")[:3]]
    channels = rows[0].shape[1]
    rows.append(np.where(np.arange(rows[0].size).reshape(rows[0].shape) % 5, rows[0], np.nan))
    rows.append(np.full_like(rows[0], np.nan))
    values = Recognition().tensors(rows, "")["values"]
    state = np.zeros([len(rows), 1 + longest * channels])
    state[0, 0], state[0, -channels:] = 1, values[1, 0]
    return {
        "serving_default": {"values": values},
        "step": {"values": values[:, 0], "state": state},
        "states": {"values": values[:3]},
    }


def _listed(inputs: Any) -> Sequence[Any]:
    """Returns inputs of which one need not be put in a list."""
    alone = isinstance(inputs, str | Path) or getattr(inputs, "ndim", 0) in (1, 2)
    return [inputs] if alone else inputs


def _signals(path: Path, about: AboutSignals, name: str) -> signals.Signals:
    """Reads a file that a model is asked about: channels by their names, of a `.ts` file in order."""
    if path.suffix == ".ts":
        found = signals.read(path, labelled=False)
        if len(found.channels) != len(about.channels):
            raise ZooError(
                f"{path}: has {len(found.channels)} channels, but {name} reads {len(about.channels)}: "
                f"{', '.join(about.channels)}"
            )
        return found
    return signals.read(path, ",".join(about.channels), labelled=False)


def _checked(row: Any, about: AboutSignals, name: str) -> np.ndarray:
    try:
        values = np.asarray(row, np.float64)
    except (TypeError, ValueError):
        raise ZooError(f"{name}: {repr(row)[:60]} is no array of numbers; give (time, channels)") from None
    if values.ndim == 1 and len(about.channels) == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != len(about.channels):
        shape = f"(time, {len(about.channels)})"
        raise ZooError(f"{name}: an array of shape {values.shape}; give {shape}: {', '.join(about.channels)}")
    return values


def _embedded(dataset: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yields label and numbers of signals of a test part that an installed package carries; else none."""
    try:
        if dataset in _ARCHIVE:
            from zoo.data.sets.archive_signals import test_signals

            yield from test_signals(dataset)
        elif dataset == "shoulder_exercises":
            from zoo.data.sets.shoulder_exercises import test_signals as of_shoulders

            yield from of_shoulders()
    except ZooError:  # the package is not there, or another version: a page goes on without examples
        return


def _some_number(rest: np.ndarray) -> np.ndarray:
    """Returns one moment of a signal's rest, (1, channels): one with a number, where there is any."""
    observed = np.flatnonzero(np.isfinite(rest).any(axis=1))
    return rest[observed[:1]] if len(observed) else rest[:1]


def _as_table(channels: Sequence[str], values: np.ndarray) -> str:
    lines = [",".join(channels), *(",".join("" if x != x else f"{x:.6g}" for x in row) for row in values)]
    return "".join(f"{line}\n" for line in lines)
