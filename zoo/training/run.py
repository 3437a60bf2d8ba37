"""One training from its settings to its export."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import keras
import numpy as np

from zoo import data, export, tasks, text
from zoo.data import Examples, Feed
from zoo.devices import computes_on
from zoo.export import Serving
from zoo.metrics import Score
from zoo.models import Lock
from zoo.show.curves import draw_learning_curve
from zoo.tasks import Evaluation, Manifest, Task
from zoo.training.fitting import Outcome, fit, steps_of
from zoo.training.folder import Folder
from zoo.training.freezing import freeze
from zoo.training.past import lines_of, past
from zoo.training.ranges import check_ranges
from zoo.training.settings import Elsewhere, Settings, start, tf32
from zoo.training.stages import Stages
from zoo.training.warm_start import check_alike, known_words, warm_start
from zoo.training.workers import crew_of

KERAS_MODEL = "model.keras"
"""What was exported, of a run's folder, for Keras: `keras.saving.load_model`, after `import zoo.layers`."""


class Inventory(Protocol):
    """Words, pieces or units, numbered."""

    def __init__(self, lines: Sequence[str], *more: Any) -> None: ...

    @staticmethod
    def learn(counts: Counter[bytes], size: int, min_count: int, known: Sequence[str] = ()) -> list[str]:
        """Chooses lines."""

    def write(self, path: Path) -> None:
        """Writes them to a file, which exports carry along."""


Numbered = TypeVar("Numbered", bound=Inventory)


class Run:
    """What a recipe's `main` does, but for the model: in this order, and nothing is written before `fit`.

    Until then all that can be wrong with settings, folders and data is found; `fit` makes the run's folder,
    and `export` the model's.

    Args:
        file: the recipe's `__file__`, which names it.
        config: its settings.
        alike: those that a model given by `--init-from` must have been trained with, too.

    Attributes:
        recipe: the recipe's name.
        name: of the run and of the exported model.
        folder: `runs/<name>`.
        replicas: devices that share a batch.
        examples: the data, once loaded.
        task: what is learned, once the data are loaded.
        outcome: what the training was, once it is done.

    Raises:
        ZooError: a setting is out of its range, or not that of `--init-from`; or a folder holds something
            else.
    """

    examples: Examples
    task: Task
    outcome: Outcome
    _lock: Lock

    def __init__(self, file: str, config: Settings, alike: Sequence[str] = ()):
        check_ranges(config)
        check_alike(config, alike)
        self.config = config
        self.recipe = Path(file).stem
        self.folder = Folder(self.recipe, config)
        self.name = self.folder.name
        self._target = export.SAVED_MODELS / self.name
        export.check_target(self._target, self.recipe)
        self.strategy = start(config)
        self._crew = crew_of(self.strategy)
        self._stages = Stages()
        self.replicas: int = self.strategy.num_replicas_in_sync
        self._known: list[str] = []
        self._inventories: dict[str, Inventory] = {}
        self._licences: list[str] = []
        self._scores: dict[str, dict[str, Score]] = {}

    def load(self, mapping: str, **options: str) -> Examples:
        """Loads the config's data set: see `zoo.data.load`."""
        dataset: str = getattr(self.config, "dataset")  # noqa: B009 - every recipe's config has one
        self.task = tasks.of(Manifest(mapping=mapping, config=dataclasses.asdict(self.config)))
        self.examples = data.load(dataset, mapping, **options)
        return self.examples

    def vocabulary(
        self,
        name: str,
        kind: type[Numbered],
        counts: Counter[bytes],
        size: int,
        *more: Any,
        vectors: str = "",
        grows: bool = True,
    ) -> Numbered:
        """Returns an inventory of what is frequent; with `--init-from` it begins with the trained model's.

        Where `--freeze` keeps the vectors as they are, nothing is added: it would stay at random.

        Args:
            name: of its file.
            kind: of inventory, such as `zoo.text.Vocabulary`.
            counts: how often each word stands in the training part.
            size: most lines, or most new ones beside those already known.
            *more: what else the inventory takes.
            vectors: the layer that has a vector for each line; empty: none has.
            grows: whether anything is added to what a trained model knows.
        """
        known = known_words(self.config.init_from, f"{name}.txt")
        min_count: int = getattr(self.config, "min_count")  # noqa: B009 - which such a recipe's config has
        frozen = vectors in self.config.freeze and not self.config.thaw
        lines = lines_of(name)
        if not lines:
            lines = known if known and (frozen or not grows) else kind.learn(counts, size, min_count, known)
        inventory = kind(lines, *more)
        self._known += known
        self._inventories[name] = inventory
        return inventory

    def known(self, name: str, counts: Counter[bytes], size: int) -> text.Known:
        """Returns a vocabulary, and beside it what the config reads from elsewhere: see `Elsewhere`.

        With `--init-from` its words are those of the trained model.

        Args:
            name: of the vocabulary's file.
            counts: how often each word stands in the training part.
            size: most words, or most new ones beside those already known.

        Raises:
            ZooError: a package that is read from is not installed.
        """
        wanted, start = cast(Elsewhere, self.config), self.config.init_from
        vectors = clusters = None
        if wanted.vectors:
            known = lines_of("vectors") or known_words(start, "vectors.txt")
            vectors = text.Vectors(*data.word_vectors(wanted.vectors, wanted.vectors_size, counts, known))
            self._keep("vectors", vectors, data.licence_of_vectors(wanted.vectors))
        if wanted.cluster_units:
            lines = lines_of("clusters") or known_words(start, "clusters.txt") or data.word_clusters()
            clusters = text.Clusters(lines)
            self._keep("clusters", clusters, data.LICENCE_OF_CLUSTERS)
        words = self.vocabulary(name, text.Vocabulary, counts, size, vectors="word_embedding")
        return text.Known(words, vectors, clusters)

    def _keep(self, name: str, inventory: Inventory, licence: str) -> None:
        """Remembers what an export carries along that others made."""
        self._inventories[name] = inventory
        self._licences.append(licence)

    def build(self, make: Callable[..., keras.Model], *arguments: Any) -> keras.Model:
        """Builds a model for all devices."""
        with self.strategy.scope():
            return make(*arguments)

    def start_from(
        self,
        model: keras.Model,
        grown: Sequence[str] = (),
        by_label: Sequence[str] = (),
        by_column: Sequence[str] = (),
        whole: Sequence[str] = (),
    ) -> None:
        """With `--init-from`, copies what a trained model has learned: see `warm_start`."""
        with self.strategy.scope():
            labels = self.examples.label_names
            warm_start(model, self.config.init_from, grown, labels, by_label, by_column, whole)

    def fit(
        self,
        model: keras.Model,
        train: Feed,
        validation: Feed,
        loss: keras.losses.Loss,
        metrics: Iterable[keras.metrics.Metric] = (),
        score: Callable[[], float] | None = None,
        clip_norm: float | None = None,
    ) -> None:
        """Makes the run's folder, and trains: see `zoo.training.fit`.

        Of several processes that train together only the first one returns; the others wait here until it
        has exported, and end: had it to go on without them, it could never be started again without them.

        Args:
            model: what learns.
            train: what it learns from.
            validation: what chooses the best epoch.
            loss: for each row.
            metrics: for the progress bar.
            score: what chooses the best epoch instead of the loss.
            clip_norm: longest gradient, where the config's is of another loss.
        """
        # First, since it refuses what cannot be before anything is written.
        freeze(model, self.config, steps_of(self.config, train))
        crew = self._crew
        fingerprint = self.examples.fingerprint(self._known)
        with crew.told_if_lost():
            crew.check("settings", lambda: json.dumps(self.folder.config))
            crew.check("data", lambda: fingerprint)
            crew.check("weights to start from", lambda: _hash_of(map(crew.value, model.weights)))
        if crew.chief:
            # Who holds the run's folder is alone in exporting the model of that name, too.
            self._lock = self.folder.create(fingerprint, self.examples.label_names)
            for name, inventory in self._inventories.items():
                inventory.write(self.folder.directory / f"{name}.txt")
        settings = self.config
        if clip_norm is not None:
            settings = dataclasses.replace(settings, clip_norm=clip_norm)
        self._stages.ended("data")
        if learned := past():
            self.outcome = learned.learned_by(model, self.examples.label_names)
            return
        self.outcome = fit(self.folder, settings, model, train, validation, loss, list(metrics), score)
        if not crew.chief:
            print(f"worker {crew.index} of {crew.size}: waits until worker 0 has exported", flush=True)
            crew.leave()
            raise SystemExit(0)
        self._stages.ended("training", computes_on())
        picture = self.folder.directory / "learning_curve.png"
        draw_learning_curve(self.outcome.history, self.outcome.best_epoch, picture)

    @tf32(allowed=False)
    def evaluate(self, module: Serving) -> dict[str, Evaluation]:
        """Scores the model as it will be exported on all test parts, beside the baselines, and prints it all.

        Returns:
            Test part -> what was found.
        """
        module.says(module.manifest.with_changes(name=self.name))
        self._scores = self.task.baselines(self.examples, module)
        evaluations = {}
        for part, named in self._scores.items():
            evaluations[part] = self.task.evaluate(module, self.examples, part)
            named[self.name] = evaluations[part].score
            evaluations[part].show(named, part)
        self._stages.ended("evaluation", module.computed_on)
        scores = {part: {n: s.to_json() for n, s in named.items()} for part, named in self._scores.items()}
        self.folder.write_metrics({**scores, **dataclasses.asdict(self.outcome)})
        return evaluations

    def export(
        self,
        module: Serving,
        samples: Sequence[Any] | Mapping[str, Any],
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        """Exports the model: see `zoo.export.save`.

        Args:
            module: what was evaluated.
            samples: inputs by which the export is verified.
            sizes: part -> rows, where not all that the data have were used.
        """
        export.save(module, self._target, samples, self._manifest(module, sizes or {}))
        module.model.save(self.folder.directory / KERAS_MODEL)
        self._lock.release()
        self._stages.ended("export")
        self._crew.leave()
        print(self._stages)

    def _manifest(self, module: Serving, sizes: Mapping[str, int]) -> Manifest:
        examples, outcome = self.examples, self.outcome
        parts = ("train", "validation", *examples.tests)
        counted = {part: self.task.size(examples.split(part)) for part in parts}
        manifest = module.manifest.with_changes(
            recipe=self.recipe,
            command=export.command(),
            config=self.folder.config,
            seed=self.config.seed,
            dataset=tasks.DataSet(
                name=examples.name,
                version=examples.version,
                source=examples.source,
                licence="; ".join([examples.licence, *self._licences]),
                languages=list(examples.languages),
                sizes={**counted, **sizes},
                test=examples.fingerprint(splits=("test",)),
                further_tests={part: examples.fingerprint(splits=(part,)) for part in examples.extra},
            ),
            labels=list(examples.label_names),
            metrics={part: named[self.name] for part, named in self._scores.items()},
            baselines={
                part: {name: score for name, score in named.items() if name != self.name}
                for part, named in self._scores.items()
            },
            training=tasks.Training(
                epochs=len(outcome.history),
                best_epoch=outcome.best_epoch,
                seconds=round(outcome.seconds, 1),
                validation_loss=outcome.best["val_loss"],
                validation_score=outcome.best.get("val_score"),
            ),
        )
        learned = past()
        return learned.says(manifest) if learned else manifest


def _hash_of(arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
