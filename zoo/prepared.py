"""Running text that Apache Beam prepares, on as many machines as a runner has, its units counted on the way.

    from zoo.prepared import prepare

    prepare("wiki40b/en", runner="DataflowRunner", options=["--project=mine", ...])

TFDS's own path for sets that fit no memory; the counts become the vocabulary of a recipe that trains on the
set, which then reads it once less. It is the extra `beam`: see `zoo.beam`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import apache_beam as beam
import tensorflow_datasets as tfds
from apache_beam.options.pipeline_options import PipelineOptions
from etils import epath

from zoo.data import Adapter, catalogue, counted, reader_of
from zoo.errors import ZooError
from zoo.text import Level, Units

_TEXTS = 512  # counted together


def prepare(
    dataset: str, runner: str = "DirectRunner", options: Iterable[str] = (), level: str = "word"
) -> str:
    """Prepares running text of the catalogue by Beam, and counts its units.

    Args:
        dataset: a set of `generation` that TFDS prepares by Beam, such as `wiki40b/en`.
        runner: of Beam.
        options: further ones of the runner, as its command line takes them.
        level: of what is counted: what `--level` of `generation` will be.

    Returns:
        The folder of the prepared set, which holds the counts too.

    Raises:
        ZooError: the set is unknown, needs no Beam, or is prepared already, without counts.
    """
    if level not in get_args(Level):
        raise ZooError(f"--level {level}: choose among {', '.join(get_args(Level))}")
    adapter = catalogue.find(dataset, reader_of("text"))
    if adapter is None:
        raise ZooError(f"unknown data set {dataset!r}; of running text TFDS prepares wiki40b/* by Beam")
    builder = adapter.builder(dataset)
    if not isinstance(builder, tfds.core.BeamBasedBuilder):
        raise ZooError(f"{dataset}: is prepared without Beam; python -m zoo.recipes.generation does it")
    folder, counts = builder.data_path, builder.data_path / counted.name_of(level)
    if folder.exists() and not counts.exists():
        raise ZooError(
            f"{folder}: is prepared already, and its units are not counted; a recipe that trains on it "
            "counts them, or remove the folder"
        )
    if not folder.exists():
        # In the end it is moved to where the set is; before, that folder must not be there.
        beside = epath.Path(f"{folder}.{counted.name_of(level)}")
        _count_in(builder, adapter, level, str(beside))
        config = tfds.download.DownloadConfig(
            beam_runner=runner, beam_options=PipelineOptions(list(options)), try_download_gcs=False
        )
        builder.download_and_prepare(download_config=config)
        beside.rename(counts)
    return str(folder)


def _count_in(builder: Any, adapter: Adapter, level: str, path: str) -> None:
    """Lets a builder count the units of what it prepares for training, in the pass that prepares it."""
    generators, collection = builder._split_generators, builder._build_pcollection
    part = adapter.train.partition("[")[0] or "train"
    counted_arguments: list[Mapping[str, Any]] = []

    def split_generators(*given: Any) -> Any:
        splits = generators(*given)
        counted_arguments.extend(split.gen_kwargs for split in splits if str(split.name) == part)
        return splits

    def build_pcollection(pipeline: Any, **arguments: Any) -> Any:
        rows = collection(pipeline, **arguments)
        if arguments in counted_arguments:
            _ = rows | "count units" >> Count(adapter, level, path)
        return rows

    builder._split_generators, builder._build_pcollection = split_generators, build_pcollection


class Count(beam.PTransform):
    """Counts the units of stored rows, and writes the commonest of them into one file.

    Args:
        adapter: how the rows that TFDS stores become text.
        level: of units.
        path: of the file.
    """

    def __init__(self, adapter: Adapter, level: str, path: str):
        super().__init__()
        self._adapter, self._level, self._path = adapter, level, path

    def expand(self, rows: Any) -> Any:
        """Counts pairs of a key and a row."""
        return (
            rows
            | "rows" >> beam.Map(lambda pair: dict(pair[1]))
            | "together" >> beam.BatchElements(min_batch_size=1, max_batch_size=_TEXTS)
            | "units" >> beam.FlatMap(_units, self._adapter, self._level)
            | "added up" >> beam.CombinePerKey(sum)
            | "commonest" >> beam.combiners.Top.Of(counted.MOST, key=lambda pair: (pair[1], pair[0]))
            | "lines" >> beam.FlatMap(lambda pairs: [counted.line_of(*pair) for pair in pairs])
            | "written" >> beam.io.WriteToText(self._path, shard_name_template="", num_shards=1)
        )


def _units(rows: Sequence[Mapping[str, Any]], adapter: Adapter, level: Any) -> Iterator[tuple[bytes, int]]:
    """Yields the units of some rows, and how often each occurs, as a recipe counts them."""
    import tensorflow as tf

    stored = tf.data.Dataset.from_tensor_slices({"text": [row["text"] for row in rows]})
    blocks = (block["text"] for block in adapter.read(stored, None).batch(_TEXTS))
    yield from Units.count(blocks, level).items()
