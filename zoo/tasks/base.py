"""What a mapping is: one class a mapping, found by the name that manifests hold."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from zoo import show
from zoo.data import Examples, Part, Reader
from zoo.data.own import tables
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import Tries, Try

Row = dict[str, Any]
_BLOCK = 512  # rows that go through a model together: bounds memory, not answers
FEW = 16  # the same where an answer grows with the square of its length


class Described(Protocol):
    """A model that need not have been loaded."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""


class Model(Described, Protocol):
    """What a task asks: a loaded SavedModel, or the module in memory that becomes one."""

    def predict(self, inputs: Any, signature: str = "", **settings: Any) -> list[Row]:
        """Returns one answer for each input."""


@dataclass(frozen=True)
class Given:
    """What a person gave on the command line.

    Attributes:
        inputs: as `predict` takes them.
        names: what is shown beside each answer: a column and its cell, as `{"text": "..."}`.
    """

    inputs: Sequence[Any]
    names: Sequence[Row]


@dataclass(frozen=True)
class Answered:
    """Answers as people see them.

    Attributes:
        rows: what was given, and beside it what was answered.
        manifest: of the model that did.
        refused: name of an input -> why it could not be read.
        inputs: what was given, where a picture of the answers shows it.
        least: an answer of less confidence is doubtful.
    """

    rows: list[Row]
    manifest: Manifest
    refused: Mapping[str, str] = field(default_factory=dict)
    inputs: Sequence[Any] = ()
    least: float = 0.5


class Evaluation(NamedTuple):
    """A model's score on a part.

    Attributes:
        score: its figures.
        show: prints scores, the model's own last, and mistakes; takes them and the part's name.
        predicted: the answers that were scored, one for each row.
        rows: of each row that was scored what was asked, `truth`, `answer`, and `score`, where a model tells
            how sure it is; of texts that were scored themselves `units` and `score`.
    """

    score: Score
    show: Callable[[Scores, str], None]
    predicted: Any = None
    rows: Sequence[Row] = ()


class Reordered(NamedTuple):
    """Rows of a test part, and how a model is scored on them when their tokens change places.

    Attributes:
        tokens: what is put into another order, called by its plural.
        figure: of the scores, the one that is drawn.
        rows: each a list of tokens, or of (token, tag) pairs, and the right answer or None.
        score: takes rows in a new order, gives their score.
    """

    tokens: str
    figure: str
    rows: list[tuple[list[Any], Any]]
    score: Callable[[list[tuple[list[Any], Any]]], Score]


class Task(Reader):
    """A mapping; this base is that of models that say nothing of theirs: texts in, outputs as they are.

    Attributes:
        reads: what goes in.
        settings: inputs of `serving_default` that the command line has flags for.
        pipeline: what model hubs call it; empty: nothing.
        tries: data set -> texts that models of it can be tried with.
    """

    reads: ClassVar[Literal["texts", "pictures", "series", "signals", "files"]] = "texts"
    settings: ClassVar[tuple[str, ...]] = ()
    pipeline: ClassVar[str] = ""
    tries: ClassVar[Tries] = {}

    @classmethod
    def for_model(cls, manifest: Manifest) -> Task:
        """Returns the task as a model was trained on it."""
        return cls()

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads the user's own file or folder, split into parts."""
        raise NotImplementedError

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Turns what `predict` was given into rows.

        Raises:
            ZooError: it is a single one.
        """
        if isinstance(inputs, str | bytes | Path):
            raise ZooError("predict takes a list of inputs; put the one you have in a list: [text]")
        return inputs  # type: ignore[no-any-return]

    def signature_for(self, rows: Sequence[Any], signatures: Sequence[str]) -> str:
        """Returns what to run, where nothing was asked for."""
        return "serving_default"

    def given_tensors(self, signature: str) -> tuple[str, ...]:
        """Returns the inputs of a signature that rows fill; none: the only one without a default."""
        return ()

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[Any]]:
        """Yields rows that go through together; `few`: where an answer grows with the square of a row."""
        yield from in_blocks(rows, FEW if few else _BLOCK)

    def tensors(self, block: list[Any], signature: str) -> dict[str, Any]:
        """Returns tensor -> values for some rows; the name "" stands for the one input that there is."""
        return {"": block}

    def answers(self, outputs: Mapping[str, np.ndarray], block: list[Any], manifest: Manifest) -> list[Row]:
        """Returns what a signature's outputs mean to a person: plain Python values for each row.

        Of the signature `states`, `tokens`, `activations`, a list of all units for each token, both without
        padding, and `layers`, the layer of each unit. What it is for others, the tasks say.
        """
        if "activations" in outputs and "layers" in outputs:  # which are the same for all rows
            outputs = {**outputs, "layers": np.tile(outputs["layers"], (len(block), 1))}
        rows = ({name: value[i] for name, value in outputs.items()} for i in range(len(block)))
        return [{name: python(value) for name, value in self.readable(row).items()} for row in rows]

    def readable(self, row: Row) -> Row:
        """Leaves padding out of a row of outputs."""
        if "tokens" not in row or "activations" not in row:
            return row
        real = row["tokens"] != b""
        return {**row, "tokens": row["tokens"][real], "activations": row["activations"][real]}

    # The command line ------------------------------------------------------------------------------------

    def given(self, typed: Sequence[str], file: str, model: Described) -> Given:
        """Returns what was typed on a command line, or what a file holds."""
        texts = list(typed) or read_texts(Path(file))
        return Given(texts, [{"text": text} for text in texts])

    def named(self, inputs: Sequence[Any], model: Described) -> Sequence[Row]:
        """Returns what stands beside each answer in a frame: a column and its cell."""
        return [{"text": text} for text in inputs]

    def rescaled(self, given: Given, unit: tuple[float, float]) -> Given:
        """Returns inputs that are in another unit than the model's: a factor, and what is then added."""
        raise ZooError("--rescale is for forecasters, which read numbers; leave it out")

    def check_confidence(self, manifest: Manifest, signature: str) -> None:
        """Refuses models of which no answer can be called doubtful."""
        raise ZooError("--min-confidence is for models that translate, pronounce or caption; leave it out")

    def marked(self, answered: Answered, least: float) -> Answered:
        """Returns answers with another bound for doubtful ones, and in each row whether it is one."""
        return answered

    def chosen(self, flags: Mapping[str, Any], signature: str, rows: int, manifest: Manifest) -> Row:
        """Returns the settings that flags stand for.

        Raises:
            ZooError: a flag is not for this model, or not for this signature.
        """
        for name in flags:
            if name not in self.settings or signature:
                raise ZooError(f"--{name.replace('_', '-')}: is for generators; leave it out")
        return dict(flags)

    def answered(self, given: Given, answers: list[Row], manifest: Manifest) -> Answered:
        """Puts answers beside what was given."""
        return Answered([{**n, **row} for n, row in zip(given.names, answers, strict=True)], manifest)

    def notes(self, row: Row, answered: Answered) -> list[str]:
        """Says what a reader should know of an answer: that a text was cut, say."""
        return []

    def lines(self, answered: Answered) -> str | None:
        """Returns answers as other programs read them from a pipe; None: they get the table too."""
        return None

    def painted(self, answered: Answered) -> list[Any]:
        """Returns what is shown on a terminal: tables, and texts in colour, of rich."""
        return [show.answers.table(answered.rows)]

    def picture(self, answered: Answered) -> str | None:
        """Returns answers as an SVG file of their own; None: it shows what a terminal does."""
        return None

    def flat(self, rows: list[Row]) -> tuple[list[str], list[Row]]:
        """Returns the header and the rows of a table of answers."""
        flat = [show.answers.flat(row) for row in rows]
        return list(flat[0]), flat

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns the options of data on which a model is evaluated, where nothing else is asked for.

        Args:
            manifest: the model's.
            same_set: whether it was trained on this very set.
            in_catalogue: whether tensorflow-datasets prepares the set; else it is the user's own.
        """
        return {}

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all rows of the user's own file as a test part."""
        raise NotImplementedError

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores a model on a part of a data set.

        Raises:
            ZooError: the data's labels are not the model's, or a row cannot be read.
        """
        raise NotImplementedError

    def evaluate_more(self, model: Model, examples: Examples, split: str) -> dict[str, Score]:
        """Scores what else can be, and prints it: taggers from raw text on."""
        return {}

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the simple models that a trained one must beat.

        Args:
            examples: the data.
            model: the trained one, in memory, as its recipe made it.

        Returns:
            Test part -> name -> score.
        """
        raise NotImplementedError

    def scorer(
        self, part: Part, predict: Callable[[], list[Any]], names: Sequence[str] = ()
    ) -> Callable[[], float]:
        """Returns what scores, after an epoch, what a model in training predicts for a part: its `merit`.

        Args:
            part: the rows.
            predict: gives an answer for each row.
            names: where answers are numbers, the name of each.
        """
        raise NotImplementedError

    def others(self, model: Model, examples: Examples, split: str) -> dict[str, Score]:
        """Scores simple methods on data that the model was not made with, where they need no other data."""
        return {}

    def remembering(self, model: Model, examples: Examples, split: str, size: int) -> tuple[str, Score]:
        """Scores a model that remembers what it has just read, and says what it is called then."""
        raise NotImplementedError

    def check_cache(self, model: Model) -> None:
        """Refuses models that cannot remember what they have read."""
        raise ZooError("--cache is for generators, which read on and on; leave it out")

    def merit(self, score: Score) -> float:
        """Returns what chooses the best epoch, the higher the better."""
        return score.merit

    def reordered(self, model: Model, part: Part) -> Reordered | None:
        """Returns what a model reads, to be put into another order; None: there is no order to change."""
        return None

    # The page --------------------------------------------------------------------------------------------

    def to_try(self, manifest: Manifest) -> list[Try]:
        """Returns what a model can be tried with; of data that nobody knows nothing."""
        # Of a mix, what its first set is tried with.
        names = (manifest.dataset.name, *manifest.dataset.name.split("+"))
        known = (self.tries[name] for name in names if name in self.tries)
        return [Try(text, text) for text in next(known, ())]

    # The card --------------------------------------------------------------------------------------------

    def example(self, manifest: Manifest) -> dict[str, str]:
        """Returns tensor -> Python that makes an example of it, for a call of `serving_default`."""
        inputs = manifest.signatures["serving_default"].inputs
        values = {name: "..." for name in inputs if name not in manifest.defaults}
        tensors = {name: f"tf.constant([{self.typed_in_python(name)}])" for name in values}
        for name, value in manifest.defaults.items():
            kind = ", tf.int64" if inputs[name].startswith("int64") else ""
            tensors[name] = f"tf.constant([{value}]{kind})"
        return tensors

    def typed_in_python(self, tensor: str) -> str:
        """Returns an example of an input, in Python."""
        return '"..."'

    def with_the_zoo(self, manifest: Manifest) -> str:
        """Returns the sentence of the card that tells how the zoo asks the model."""
        command = f'python -m zoo predict {manifest.name} "..."'
        call = f'zoo.load("{manifest.name}").predict([{self.typed_in_python("")}])'
        return f"With the zoo: `{command}`, or\n`{call}`."

    def size(self, part: Part) -> int:
        """Returns how many rows a part has, as cards tell it."""
        return len(part)

    def what_was_scored(self, rows: int, score: Score) -> str:
        """Says how many rows a part has, and how many of what were scored."""
        return f"{rows:,} rows"

    def how_scored(self, score: Score) -> str:
        """Says what else should be known of a score: that rows were left out, say; mostly nothing."""
        return ""


_TASKS: dict[str, type[Task]] = {}


def add(task: type[Task]) -> None:
    """Makes a mapping known by its name."""
    _TASKS[task.name] = task


def named(mapping: str) -> type[Task]:
    """Returns the task of a mapping; of one that nobody knows, the base."""
    return _TASKS.get(mapping, Task)


def in_blocks(rows: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """Yields so many rows at a time."""
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def filled_up(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Stacks rows (time, n) of unequal length, filled up with NaN behind their ends."""
    longest = max(map(len, rows))
    return np.stack([np.pad(row, ((0, longest - len(row)), (0, 0)), constant_values=np.nan) for row in rows])


def with_seeds(settings: Mapping[str, Any], rows: int, manifest: Manifest) -> Row:
    """Returns settings with a seed for each row, one higher than that of the row before."""
    first = settings.get("seed", manifest.defaults.get("seed", 0))
    return {**settings, "seed": [first + row for row in range(rows)]}


def python(value: Any) -> Any:
    """Turns arrays into lists, bytes into strings, and NumPy's numbers into Python's."""
    if isinstance(value, np.ndarray):
        return [python(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


def read_texts(path: Path) -> list[str]:
    """Reads texts: one on each line of a `.txt`, the column text of a table, or a `.py` file, one text.

    Raises:
        ZooError: the file is empty, or of another kind.
    """
    if path.suffix in (".txt", ".py"):
        text = tables.read_text(path)
        if not text.strip():
            raise ZooError(f"{path}: the file is empty; it needs one text on each line")
        return [text] if path.suffix == ".py" else text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if path.suffix not in tables.SUFFIXES:
        kinds = ", ".join(tables.SUFFIXES)
        raise ZooError(f"{path}: unknown kind of file; give one that ends in .txt, .py, {kinds}")
    texts = [row["text"] or "" for _, row in tables.read_table(path, ("text",))]
    if not texts:
        raise ZooError(f"{path}: has no rows below its first line; add some")
    return texts


def warn_of_cut(model: str, answers: Sequence[Row]) -> None:
    """Tells of texts of which only a part was read."""
    if cut := sum(bool(row.get("truncated")) for row in answers):
        many = "one text is longer than what is" if cut == 1 else f"{cut:,} texts are longer than what is"
        warnings.warn(f"{model}: {many} read, and its end was left out; split it up", stacklevel=3)
