"""Models within pipelines of Apache Beam: as many rows as there are, on one machine or on many.

    import apache_beam as beam
    from apache_beam.ml.inference import RunInference
    from zoo.beam import Predict

    with beam.Pipeline() as pipeline:
        texts = pipeline | beam.io.ReadFromText("gs://my-bucket/reviews-*.txt")
        texts | RunInference(Predict("sentiment_tweets")) | beam.Map(print)

It is the extra `beam`, which resolves in an environment of its own: Beam wants an older protobuf than the
constraints of this zoo.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.ml.inference.base import KeyedModelHandler, ModelHandler, PredictionResult, RunInference
from apache_beam.options.pipeline_options import PipelineOptions

import zoo
from zoo import models
from zoo.errors import ZooError
from zoo.tasks import Manifest, of

Row = dict[str, Any]
ERROR = "error"
"""Field of an answer that tells why a row has none."""
_ROWS = 1_024  # that go through a model together


class Predict(ModelHandler[Any, PredictionResult, models.Model]):
    """Asks a saved model for `RunInference`.

    A worker loads the model once, however many of its threads ask it. A row that the model refuses is
    answered by a dict with the field `error`, and spoils no others.

    Args:
        name: name or path of a saved model, which every worker can reach.
        signature: what to run of it; empty: what `predict` would.
        rows: most rows that go through together; the model sorts them by length.
        **settings: what else the signature takes, for all rows.

    Raises:
        ZooError: there is no such model.
    """

    def __init__(self, name: str, signature: str = "", rows: int = _ROWS, **settings: Any):
        super().__init__()
        _check(models.find(name).manifest, signature, settings)  # here, and not on a worker an hour later
        self._name, self._signature, self._settings = name, signature, settings
        self._batches = {"min_batch_size": min(rows, 64), "max_batch_size": rows}

    def load_model(self) -> models.Model:
        """Loads the model."""
        return zoo.load(self._name)

    def run_inference(
        self, batch: Sequence[Any], model: models.Model, inference_args: dict[str, Any] | None = None
    ) -> Iterator[PredictionResult]:
        """Yields a `PredictionResult` for each row, with the answer as `predict` gives it."""
        settings = {**self._settings, **(inference_args or {})}
        for example, answer in zip(batch, self._answers(model, batch, settings), strict=True):
            yield PredictionResult(example, answer, model_id=self._name)

    def _answers(self, model: models.Model, batch: Sequence[Any], settings: Mapping[str, Any]) -> list[Row]:
        try:
            return model.predict(list(batch), self._signature, **settings)
        except ZooError as error:
            if len(batch) < 2:
                return [{ERROR: str(error)} for _ in batch]
        half = len(batch) // 2  # which finds one bad row among a thousand in ten more calls
        return self._answers(model, batch[:half], settings) + self._answers(model, batch[half:], settings)

    def batch_elements_kwargs(self) -> Mapping[str, Any]:
        """Returns how many rows make a batch."""
        return self._batches

    def get_num_bytes(self, batch: Sequence[Any]) -> int:
        """Returns the size of a batch."""
        return sum(len(row) for row in batch if isinstance(row, str | bytes))

    def get_metrics_namespace(self) -> str:
        """Returns what Beam's metrics are called."""
        return "zoo"


def _check(manifest: Manifest, signature: str, settings: Mapping[str, Any]) -> None:
    task = of(manifest)
    if task.reads != "texts":
        raise ZooError(f"{manifest.name}: reads {task.reads}; pipelines are for models that read text")
    if signature and signature not in manifest.signatures:
        known = ", ".join(manifest.signatures)
        raise ZooError(f"{manifest.name}: no signature {signature!r}; there are: {known}")
    takes = manifest.signatures[signature or task.signature_for(["a"], list(manifest.signatures))].inputs
    if strange := [name for name in settings if name not in takes]:
        raise ZooError(f"{manifest.name}: has no setting {strange[0]}; it takes {', '.join(takes)}")


class Read(beam.PTransform):
    """Reads rows of text files: JSONL with a field `text`, or one text a line.

    Args:
        pattern: of paths, as Beam's file systems take them.

    Returns:
        Rows, dicts with `text`; and under the tag `refused` rows that are none, with `line` and `error`.
    """

    def __init__(self, pattern: str):
        super().__init__()
        self._pattern = pattern

    def expand(self, pipeline: Any) -> Any:
        """Reads."""
        # As bytes: what is no UTF-8 would stop the pipeline.
        lines = pipeline | "lines" >> beam.io.ReadFromText(self._pattern, coder=beam.coders.BytesCoder())
        jsonl = _kind(self._pattern) == ".jsonl"
        return lines | "rows" >> beam.FlatMap(_row, jsonl).with_outputs("refused", main="rows")


def _kind(pattern: str) -> str:
    """Returns the kind of files that a pattern names.

    Raises:
        ZooError: it is none that is read.
    """
    bare = pattern.removesuffix(".gz").removesuffix(".bz2")
    for suffix in (".jsonl", ".txt"):
        if bare.endswith(suffix):
            return suffix
    raise ZooError(
        f"--input {pattern}: must end with .jsonl, rows with a field text, or .txt, one text a line"
    )


def _row(content: bytes, jsonl: bool) -> Iterator[Any]:
    line = content.decode("utf-8", "replace")
    try:
        row = json.loads(line) if jsonl else {"text": line}
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise ValueError("has no field text with a string in it")
        json.dumps(row, ensure_ascii=False).encode()  # half an emoji is no text that could be written
    except (ValueError, RecursionError) as error:
        told = f"is no JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)
        yield beam.pvalue.TaggedOutput("refused", {"line": line, ERROR: told})
        return
    yield row


def predict_files(
    name: str,
    pattern: str,
    output: str,
    runner: str = "DirectRunner",
    signature: str = "",
    options: Iterable[str] = (),
    **settings: Any,
) -> None:
    """Answers all rows of text files, and writes JSONL: what each row had, and what was answered.

    Rows that cannot be read, or that the model refuses, are written beside, with the reason. A field that a
    row has already stays, and the answer's is then called `model_` and so on. What a run before wrote under
    the same name is removed when all is written: each row stands there once.

    Args:
        name: name or path of a saved model, which every worker can reach.
        pattern: of paths, such as `gs://my-bucket/*.jsonl`; JSONL with a field `text`, or one text a line.
        output: how the names of written files begin; `-00000-of-00004.jsonl` and so on follow, and
            `-refused` before it.
        runner: of Beam.
        signature: what to run of the model.
        options: further ones of the runner, as its command line takes them.
        **settings: what else the signature takes.

    Raises:
        ZooError: there is no such model that reads text, or no such file; or what is read would be removed.
    """
    handler = Predict(name, signature, **settings)
    _kind(pattern)
    # Beam takes paths from wherever a worker is.
    pattern, output = (path if "://" in path else os.path.abspath(path) for path in (pattern, output))  # noqa: PTH100
    if not (given := _files(pattern)):
        raise ZooError(f"{pattern}: no such file")
    written = [f"{output}{part}-[0-9]*-of-[0-9]*.jsonl" for part in ("", "-refused")]
    if both := set(given) & set(_files(*written)):
        raise ZooError(f"{min(both)}: is read, and would be replaced; choose another --output")
    started = time.time()
    with beam.Pipeline(runner, PipelineOptions(list(options))) as pipeline:
        read = pipeline | "read" >> Read(pattern)
        answered = (
            read.rows
            | "texts" >> beam.Map(lambda row: (row, row["text"]))
            | "answers" >> RunInference(KeyedModelHandler(handler))
            | "joined" >> beam.FlatMap(_joined).with_outputs("refused", main="rows")
        )
        refused = (read.refused, answered.refused) | "all refused" >> beam.Flatten()
        for title, rows, path in (("", answered.rows, output), ("refused ", refused, f"{output}-refused")):
            _ = (
                rows
                | f"{title}as lines" >> beam.Map(lambda row: json.dumps(row, ensure_ascii=False))
                | f"{title}written" >> beam.io.WriteToText(path, file_name_suffix=".jsonl")
            )

    if old := [path for path, changed in _files(*written).items() if changed < started]:
        FileSystems.delete(old)


def _files(*patterns: str) -> dict[str, float]:
    """Returns the files that patterns name, and when each was changed."""
    found = (each for match in FileSystems.match(list(patterns)) for each in match.metadata_list)
    return {each.path: each.last_updated_in_seconds for each in found}


def _joined(pair: tuple[Row, PredictionResult]) -> Iterator[Any]:
    row, result = pair
    if ERROR in result.inference:
        yield beam.pvalue.TaggedOutput("refused", {**row, ERROR: result.inference[ERROR]})
    else:
        answer = result.inference.items()
        yield {**row, **{f"model_{name}" if name in row else name: value for name, value in answer}}
