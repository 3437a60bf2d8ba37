"""Data sets that tensorflow-datasets prepares, those of its catalogue and those of ours."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.data.adapters import Adapter
from zoo.data.examples import SPLITS, Examples
from zoo.data.part import Part
from zoo.data.reader import Reader
from zoo.errors import ZooError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


_PREPARED = "dataset_info.json"  # what a prepared set has


def names(reader: Reader) -> list[str]:
    """Returns the names of a mapping's sets; one of many stands for a pattern."""
    return [adapter.example or pattern for pattern, adapter in reader.sets.items()]


def find(dataset: str, reader: Reader) -> Adapter | None:
    """Returns the adapter of a data set, None if there is none."""
    matching = (adapter for pattern, adapter in reader.sets.items() if fnmatchcase(dataset, pattern))
    return next(matching, None)


def load(dataset: str, adapter: Adapter, **options: str) -> Examples:
    """Loads a data set, downloading and preparing it on first use.

    Args:
        dataset: its name.
        adapter: how its features become those of a mapping.
        options: what `zoo.data.load` takes for this mapping.

    Raises:
        ZooError: it is not prepared and cannot be downloaded, it lacks a part, or an option is not for it.
    """
    builder = adapter.builder(dataset, **options)
    given, options = options, adapter.choose(dataset, builder.info, **options)
    try:
        _prepare(builder, dataset)
    except ZooError:
        # Of two processes that prepare it at a time one finds that it is there.
        builder = adapter.builder(dataset, **given)
        if not Path(builder.data_dir, _PREPARED).exists():
            raise
        _prepare(builder, dataset)
    info = builder.info
    stored = dict(zip(SPLITS, adapter.splits(dataset, info.splits), strict=True))
    parts = {
        part: Part(
            adapter.part(adapter.read(builder.as_dataset(split=split), info, **options), part),
            streamed=adapter.streamed and part == "train",
        )
        for part, split in {**stored, **{part: part for part in adapter.extra}}.items()
    }
    label_names = adapter.label_names(parts["train"], info, **options)
    adapter.check(dataset, label_names, **options)
    return Examples(
        name=dataset,
        **{part: parts[part] for part in SPLITS},
        extra={part: parts[part] for part in adapter.extra},
        label_names=tuple(label_names),
        languages=adapter.languages(**options),
        columns=adapter.columns_of(info),
        source=info.homepage,
        licence=adapter.licence or str(info.redistribution_info.license or "").strip() or "not stated",
        folder=str(builder.data_path),
        version=builder.builder_config.name if adapter.embedded else str(info.version),
        unlabelled=_unlabelled(builder, adapter.unlabelled, [*stored.values(), *adapter.extra])
        if adapter.unlabelled
        else None,
    )


def _unlabelled(builder: tfds.core.DatasetBuilder, split: str, others: Sequence[str]) -> Callable[[], Part]:
    """Returns what reads the texts of a split that stand in no other one, whatever is taken of those."""

    def texts(name: str) -> Part:
        return Part(builder.as_dataset(split=name).map(lambda row: {"text": row["text"]}))

    def read() -> Part:
        whole = sorted({name.partition("[")[0] for other in others for name in other.split("+")})
        labelled = {mark for name in whole for mark in texts(name).fingerprints("text")}
        return texts(split).without("text", labelled)

    return read


def _prepare(builder: tfds.core.DatasetBuilder, dataset: str) -> None:
    try:
        builder.download_and_prepare()
    except ZooError:
        raise
    except Exception as error:  # every downloader of TFDS fails in its own way
        if reason := _unusable(Path(builder.data_dir).parent):
            setting = "ZOO_CACHE" if builder.__module__.startswith("zoo.") else "TFDS_DATA_DIR"
            raise ZooError(
                f"{builder.data_dir}: cannot be written ({reason}); set {setting} to a folder that can"
            ) from None
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ZooError(
            f"data set {dataset!r} is not prepared in {builder.data_dir} and could not be fetched "
            f"({reason[:150]}): check the network, or set TFDS_DATA_DIR to a folder that holds it"
        ) from error


def _unusable(folder: Path) -> str:
    """Says why nothing can be written to a folder, as far as that is tried by making one in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"x" * 100_000)
    except OSError as error:
        return error.strerror or str(error)
    return ""
