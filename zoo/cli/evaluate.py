"""python -m zoo evaluate: a saved model on any data set of its mapping."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import tyro

from zoo import models
from zoo.cli import streams
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.data import Examples
    from zoo.metrics import Score, Scores
    from zoo.tasks import Evaluation, Manifest

_MORE = ("choosing_among", "left_out", "kept")  # of a score: what else `--json` tells


@dataclass(frozen=True)
class Evaluate:
    """Scores a model on a data set, beside the baselines of its training."""

    model: Annotated[str, tyro.conf.Positional]
    """Name or path of a saved model."""
    dataset: str = ""
    """Name of a data set, or a file; by default what the model was trained on."""
    split: str = "test"
    """test, validation, train, or a further test part of the set; of a single file all rows are scored."""
    tags: str = ""
    """For taggers, the column of tags: a name (ner, upos ...), of a file a number; empty: the model's own."""
    source: str = ""
    """For translators, the language to translate from, of a file its column; empty: the model's own."""
    target: str = ""
    """Likewise the language to translate into."""

    language_model: str = ""
    """For transcribers, a generator that helps to choose among the texts of the beam; its weight is next."""
    language_weight: float | None = None
    """How much it counts; 0: not at all; 0.3, if left out."""

    cache: Annotated[int, tyro.conf.arg(metavar="UNITS")] = 0
    """For generators: score it once more beside a cache of its last states, so many characters or words
    (Grave et al. 2017), 2000 say; how much that is heard is fitted on the validation part, of a file on the
    file itself."""

    dynamic: Annotated[int, tyro.conf.arg(metavar="UNITS")] = 0
    """For generators: score it once more while it learns on from what it reads, by a step behind so many
    characters or words, 20 say (dynamic evaluation, Krause et al. 2018); how fast is fitted as above."""

    output: str = ""
    """File to write each scored row to, CSV, TSV, JSONL or Parquet: what was asked, truth, answer, and
    score, where the model says how sure it is."""
    record: bool = False
    """Write the score into the model's card and manifest, as one on data that it never saw; one of the same
    set is replaced."""
    json: bool = False
    """Print one object, and the tables to standard error: model, dataset, split, rows, figures, and
    baselines, the figures of each; of a classifier asked about some of its labels also which."""

    def run(self) -> None:
        """Predicts and prints scores."""
        for flag, units, what in (
            ("cache", self.cache, "are remembered"),
            ("dynamic", self.dynamic, "make a step"),
        ):
            if units < 0:
                raise ZooError(f"--{flag} {units}: must be 0, or how many units {what}")
        options = {"tags": self.tags, "source": self.source, "target": self.target}
        from zoo.data.own import tables

        streams.check_output(self.output, tables.SUFFIXES)
        model: Any = models.load(self.model)
        if self.record:
            self._check_unseen(model)
        if self.language_model:
            model = models.fused(model, self.language_model, self.language_weight)
        elif self.language_weight is not None:
            raise ZooError("--language-weight is for --language-model; give both, or neither")
        import tensorflow as tf  # which is there by now, and not before the name is found

        tf.config.experimental.enable_tensor_float_32_execution(False)  # a score is that of float32
        with streams.only_for_people() if self.json else contextlib.nullcontext():
            found = evaluated(
                model, self.dataset, self.split, cache=self.cache, dynamic=self.dynamic, **options
            )
        if self.record:
            from zoo import export

            title = title_of(self.dataset, self.split, self.tags)
            export.record(model.path, title, found.evaluation.score)
            print(f"{model.path}: its card tells of {title}", file=sys.stderr)
        if self.output:
            content = _rows(found.evaluation.rows, Path(self.output).suffix)
            streams.write(Path(self.output), content)
        if self.json:
            score = found.evaluation.score
            dataset = self.dataset or model.manifest.dataset.name
            about = {"model": model.name, "dataset": dataset, "split": self.split, "rows": score.n}
            about |= {name: score.details[name] for name in _MORE if name in score.details}
            others = {name: dict(other.figures) for name, other in found.baselines.items()}
            streams.say({**about, "figures": dict(score.figures), "baselines": others})
        elif self.output:
            print(f"{self.output}: {len(found.evaluation.rows):,} rows")

    def _check_unseen(self, model: models.Model) -> None:
        """Refuses to record what is not the model's own score, or one on data that it learned from."""
        if self.language_model:
            raise ZooError("--record is for a model by itself; leave --language-model or --record out")
        if model.manifest.mapping and (seen := learned_from(model.manifest, self.dataset)):
            raise ZooError(
                f"--record: {model.name} was trained on {seen}; give another set with --dataset, or leave "
                "--record out"
            )


def _rows(rows: Sequence[dict[str, Any]], suffix: str) -> bytes:
    from zoo.show import answers

    if suffix == ".parquet":
        return answers.parquet(rows)
    if suffix == ".jsonl":
        return answers.as_lines(rows).encode("utf-8")
    return answers.separated(list(rows[0]), map(answers.flat, rows), suffix).encode("utf-8")


class Evaluated(NamedTuple):
    """A model's evaluation on a data set.

    Attributes:
        title: of the data.
        evaluation: what was found.
        baselines: name -> what was found of others on the same rows.
        raw: of a tagger, where the set holds raw sentences, the scores from raw text on.
    """

    title: str
    evaluation: Evaluation
    baselines: Scores
    raw: Scores


def evaluate(model: models.Model, dataset: str = "", split: str = "test", **given: str) -> Score:
    """Predicts a split through the SavedModel, and prints its scores beside the stored baselines.

    Args:
        model: a loaded model of one of this zoo's mappings.
        dataset: as `zoo.data.load` takes it; empty for the set that the model was trained on. All rows of
            a single file are scored.
        split: `"test"`, `"validation"`, `"train"`, or a further test part that the set has.
        **given: the mapping's options, as `zoo.data.load` takes them; empty for those that the model was
            trained with.

    Returns:
        The score; of a tagger, where the set holds raw sentences, its details have `raw`, the scores from raw
        text on.

    Raises:
        ZooError: the model is not of this zoo, the set has no such part, or the data's labels are not the
            model's.
    """
    found = evaluated(model, dataset, split, cache=0, dynamic=0, **given)
    raw = {"raw": {name: dict(score.figures) for name, score in found.raw.items()}} if found.raw else {}
    score = found.evaluation.score
    return replace(score, details={**score.details, **raw})


def evaluated(
    model: models.Model,
    dataset: str = "",
    split: str = "test",
    *,
    cache: int = 0,
    dynamic: int = 0,
    **given: str,
) -> Evaluated:
    """Does what `evaluate` does, and returns all of it; a generator also beside a cache, and learning on."""
    from zoo import data

    manifest, task = model.manifest, model.task
    if not manifest.mapping:
        raise ZooError(f"{model.name}: only models of this zoo's recipes can be evaluated here")
    if cache:
        task.check_cache(model)
    learner = _learner(model, dynamic) if dynamic else None
    name = dataset or manifest.dataset.name
    same_set = name == manifest.dataset.name
    _check_split(split, data.tests_of(name, manifest.mapping), name)
    usual = task.usual_options(manifest, same_set, data.in_catalogue(name, manifest.mapping))
    # Flags of other mappings are left aside.
    options = {key: given.get(key) or value for key, value in usual.items()}
    if dataset and os.path.isfile(dataset):  # noqa: PTH113 - Path.is_file raises on a name that is too long
        path = Path(dataset)
        examples, title, scored, baselines = task.read_rows(path, **options), path.name, "test", {}
    else:
        examples, title, scored = data.load(name, manifest.mapping, **options), split, split
        same_rows = same_set and _same_rows(model, examples, split)
        # Baselines stand beside the very rows that they scored, and no others.
        shown = same_rows and options == usual
        baselines = dict(manifest.baselines.get(split, {})) if shown else {}
    evaluation = task.evaluate(model, examples, scored)
    baselines = baselines or task.others(model, examples, scored)
    others = dict(baselines)
    if cache:
        others |= [task.remembering(model, examples, scored, cache)]
    if learner:
        others |= [learner.scored(examples, scored)]
    evaluation.show({**others, model.name: evaluation.score}, title)
    return Evaluated(title, evaluation, others, task.evaluate_more(model, examples, scored))


def _learner(model: models.Model, segment: int) -> Any:
    from zoo.dynamic import Learner  # which needs Keras

    return Learner(model, segment)


def title_of(dataset: str, split: str, tags: str = "") -> str:
    """Returns what cards call a data set: its name, or that of the user's file or folder, part and tags."""
    path = Path(dataset)
    name = path.name if dataset and path.exists() else dataset
    part = "" if split == "test" or path.is_file() else split
    more = ", ".join(filter(None, (part, tags)))
    return f"{name} ({more})" if more else name


def learned_from(manifest: Manifest, dataset: str) -> str:
    """Returns what a model, or one that it started from or that taught it, learned from of a data set."""
    from zoo import data

    def parts(name: str) -> list[str]:
        several, mapping = data.parts_of(name, manifest.mapping), manifest.mapping
        return [part if data.in_catalogue(part, mapping) else str(Path(part).resolve()) for part in several]

    learned = parts(manifest.dataset.name)
    asked = parts(dataset) if dataset else learned
    start: str = manifest.config.get("init_from", "")
    parents = {start, *start.split("+"), *manifest.config.get("teachers", ())}
    for parent in filter(None, parents):
        with contextlib.suppress(ZooError):  # it may be gone, a run, or no model
            learned += parts(models.find(parent).manifest.dataset.name)
    # A file may be one of a folder that was learned from.
    return next(
        (own for own in learned for part in asked if f"{part}{os.sep}".startswith(f"{own}{os.sep}")), ""
    )


def _same_rows(model: models.Model, examples: Examples, split: str) -> bool:
    """Tells whether a part is the one that the model was tested on, and says if it is another one."""
    trained_on = model.manifest.dataset
    # Of older models only the test part's hash is stored: further parts were made with it.
    part = split if split in trained_on.further_tests else "test"
    stored = {**trained_on.further_tests, "test": trained_on.test}[part]
    same_rows = examples.fingerprint(splits=[part]) == stored
    if examples.version != trained_on.version or (stored and not same_rows):
        other = "" if same_rows else " with another test part"
        print(
            f"Note: this is {examples.name} {examples.version}; {model.name} was trained on "
            f"{trained_on.version}{other}, whose training part may hold rows that are scored here."
        )
    return same_rows


def _check_split(split: str, tests: list[str], name: str) -> None:
    """Refuses a part that a data set does not have, before the set is loaded."""
    *known, last = (*tests, "validation", "train")
    if split not in (*known, last):
        raise ZooError(f"--split {split}: choose {', '.join(known)} or {last}")
