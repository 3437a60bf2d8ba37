"""Loading saved models; needs their files only, never a recipe or Keras."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.devices import CPU, Fastest, on
from zoo.errors import ZooError, one_line
from zoo.metrics import Score
from zoo.models.asked import Function, predict
from zoo.models.copied import GRAPH, private_copy
from zoo.models.danger import harmless
from zoo.models.quiet import import_tensorflow, quiet
from zoo.models.saved import Saved, find
from zoo.show import answers
from zoo.tasks import of

if TYPE_CHECKING:
    import numpy as np
    import pandas
    import tensorflow as tf

    from zoo.models.followed import Follower


def load(name_or_path: str | Path) -> Model:
    """Loads a saved model by name (`sentiment_tweets`) or path.

    A model without a manifest, or with one that does not match its files, is loaded only by path, with a
    warning. One that could do more than compute is refused always: see SECURITY.md.

    Raises:
        ZooError: there is no such model, or it is damaged, foreign or dangerous.
    """
    return Model(find(name_or_path))


class Model:
    """A loaded SavedModel with its manifest.

    Attributes:
        name: the model's name.
        path: its folder.
        manifest: what `zoo.json` says; empty for a foreign model.
        task: what the model is for.
        signatures: name -> TensorFlow function, as `tf.saved_model.load` gives them.
        functions: name -> the same, called wherever it is fastest.
        progress: what `predict` tells how many rows are done.
    """

    progress: Callable[[int], None] = staticmethod(lambda done: None)

    def __init__(self, saved: Saved):
        tf = import_tensorflow()
        self.name, self.path, self.manifest = saved.name, saved.path, saved.manifest
        self.task = of(self.manifest)
        with private_copy(saved.path) as (copy, found):
            problem = saved.problem(found)
            try:
                (copy / GRAPH).write_bytes(harmless((copy / GRAPH).read_bytes(), found))
                (copy / "fingerprint.pb").unlink(missing_ok=True)  # of the graph as it was
                with quiet(), on(CPU):  # where weights wait for whatever device is asked
                    self._loaded = tf.saved_model.load(str(copy))
                self.signatures = dict(self._loaded.signatures)
                self.functions = {name: _function(signature) for name, signature in self.signatures.items()}
            except ZooError as error:
                raise ZooError(
                    f"{saved.path}: refused, since {one_line(str(error))}: such a model might write files or "
                    "call Python; export it without that"
                ) from error
            except Exception as error:  # a damaged file surfaces as any of a dozen exceptions
                reason = one_line(str(error).strip() or type(error).__name__)[:150]
                raise ZooError(
                    f"{saved.path}: the SavedModel cannot be read ({reason}); export or copy it anew"
                ) from error
        if problem:
            warnings.warn(f"{saved.path}: {problem}", stacklevel=3)

    @property
    def module(self) -> Any:
        """What TensorFlow loaded, with all that the export held."""
        return self._loaded

    @property
    def variables(self) -> list[tf.Variable]:
        """The stored weights, in the order of the manifest's `weights`."""
        return list(self._loaded._variables_)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """Path of each weight of the Keras model -> its values."""
        return dict(zip(self.manifest.weights, (each.numpy() for each in self.variables), strict=True))

    def predict(
        self, inputs: Any, signature: str = "", batch_size: int = 0, **settings: Any
    ) -> list[dict[str, Any]]:
        """Runs the model on inputs.

        Args:
            inputs: one for each row, of what the model reads: strings; for a tagger also lists of ready
                tokens; for a captioner files, as bytes or as `pathlib.Path`, which are read a few at a time;
                for a forecaster tables, by their paths, or arrays (see `zoo.tasks.Series`).
            signature: what to run, such as `beam` of a translator; empty for `serving_default`, or for what
                a tagger has to the same end.
            batch_size: most rows that go through together, which bounds memory and leaves answers as they
                are; 0: as many as is usual.
            **settings: what else the signature takes, for all rows or a list of one for each: of a
                generator `length`, `temperature`, `top_k`, `top_p` and `seed`. What is left out is as the
                manifest says.

        Returns:
            For each input a dict of plain Python values, as `answers` of the model's task describes them.

        Raises:
            ZooError: `inputs` is a single one, there is no such signature that takes inputs and settings, a
                setting is none of it or out of its range, or a file is missing.
        """
        about = (self.name, self.manifest, self.task, self, self.functions)
        return predict(*about, inputs, signature, settings, self.progress, batch_size)

    def stream(self, prompt: str, **settings: Any) -> Iterator[str]:
        """Yields what a generator writes after a prompt, piece by piece, as it is drawn.

            for piece in zoo.load("generation_shakespeare").stream("ROMEO:", temperature=0.7):
                print(piece, end="", flush=True)

        All pieces together are the `continuation` of `predict` with the same settings.

        Args:
            prompt: what was there before.
            **settings: `length`, `temperature`, `top_k`, `top_p`, `seed`; by default as the manifest says.

        Raises:
            ZooError: it is no generator, or a setting is none of it or out of its range.
        """
        from zoo.models.streamed import stream

        return stream(self, prompt, settings)

    def follow(self, series: str = "") -> Follower:
        """Returns what takes in live data row by row, and forecasts what follows each.

            follower = zoo.load("forecasting_seattle").follow()
            for day, degrees in (("2016-01-30", 9.4), ("2016-01-31", 8.9)):
                forecasts = follower(day, degrees)["forecasts"]

        The model's state is carried on, so that a row costs the same however many came before it. What it
        says behind the first few rows, fewer than its `window`, leans on little.

        Args:
            series: of a model of several series, the name of the one that is followed.

        Raises:
            ZooError: it is no forecaster, or the series is none of those that it has learned.
        """
        from zoo.models.followed import Follower

        return Follower(self, series)

    def evaluate(self, rows: Any, **options: str) -> Score:
        """Scores the model on rows with their truth, as `python -m zoo evaluate --dataset FILE` does.

        Args:
            rows: a file, or what `zoo.train` takes as rows.
            **options: the mapping's, such as `source` and `target` of a translator; by default the model's.

        Raises:
            ZooError: the labels are not the model's, or a row cannot be read.
        """
        from zoo.data.own.held import as_file

        options = {**self.task.usual_options(self.manifest, False, False), **options}
        return self.task.evaluate(self, self.task.read_rows(as_file(rows), **options), "test").score

    def to_frame(self, inputs: Sequence[Any], signature: str = "", **settings: Any) -> pandas.DataFrame:
        """Runs the model, and returns a pandas frame: a column of what was given, and one for each field.

        Args:
            inputs, signature, settings: as of `predict`.
        """
        import pandas

        rows = self.predict(inputs, signature, **settings)
        named = self.task.named(inputs, self)
        return pandas.DataFrame(
            [{**name, **answers.flat(row)} for name, row in zip(named, rows, strict=True)]
        )


def _function(signature: Any) -> Function:
    inputs, outputs = signature.structured_input_signature[1], signature.structured_outputs
    return Function(inputs, outputs, Fastest(signature))
