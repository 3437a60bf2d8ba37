"""Many-to-many, unaligned: sound or print goes in, text comes out, and nobody says where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo import baselines, metrics
from zoo.data import Adapter, Examples, Part, of_rows, of_user
from zoo.data.cache import cache_dir
from zoo.data.own import tables, transcripts
from zoo.data.own.picture_files import contents, on_disk, read, shown
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.tasks.base import Answered, Described, Evaluation, Given, Model, Row, in_blocks
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import Try
from zoo.tasks.written import Written

if TYPE_CHECKING:
    import tensorflow as tf
    import tensorflow_datasets as tfds

_NEVER = -1e29  # no score of a text is so low
_FILES = 32  # that are held in memory together
_TRIED = ("Sets the value of a name.", "raise TypeError(name)", "Returns a list of lines, or none.")
_FONTS = ("DejaVuSerif", "STIXGeneralItalic", "cmr10")


@dataclass(frozen=True, kw_only=True)
class Transcribed(Adapter):
    """Of a stored set, a file and its text."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns stored rows into rows of the mapping."""
        return dataset.map(lambda row: {"file": row["file"], "text": row["text"]})


@dataclass(frozen=True, kw_only=True)
class Digits(Transcribed):
    """`spoken_digits`, whole or with a speaker left out."""

    def builder(self, dataset: str, **options: str) -> tfds.core.DatasetBuilder:
        """Returns what prepares the data set.

        Raises:
            ZooError: there is no such speaker.
        """
        from zoo.data.sets.spoken_digits import SpokenDigits

        config = dataset.partition("/")[2] or "all"
        if config not in SpokenDigits.builder_configs:
            known = ", ".join(f"spoken_digits/{name}" for name in SpokenDigits.builder_configs)
            raise ZooError(f"unknown data set {dataset!r}: there is {known}")
        return SpokenDigits(config=config, data_dir=cache_dir())


@dataclass(frozen=True, kw_only=True)
class Speech(Adapter):
    """Of the catalogue, samples of speech and what is said."""

    rate: int
    """Samples a second."""

    def read(self, dataset: tf.data.Dataset, info: tfds.core.DatasetInfo, **options: str) -> tf.data.Dataset:
        """Turns samples into WAV files."""
        import tensorflow as tf

        def rename(row: Row) -> Row:
            samples = tf.cast(row["speech"], tf.float32)[:, None] / 2.0**15
            text = row.get("text_normalized", row["text"])
            return {"file": tf.audio.encode_wav(samples, self.rate), "text": tf.strings.lower(text)}

        return dataset.map(rename, num_parallel_calls=2, deterministic=True)


class Transcription(Written):
    """Features: `file` string, the bytes of a WAV file or a picture, and `text` string.

    The user's own: a folder with `transcripts.csv`, as `zoo.data.own.transcripts` reads it.
    """

    name = "transcription"
    pipeline = "automatic-speech-recognition"
    typed: ClassVar[str] = "call.wav"
    reads = "files"
    kind = "a folder of WAV files or pictures with transcripts.csv"
    suffixes = tables.SUFFIXES
    one, several = "text", "texts"
    parts = {"text": "texts", "score": "scores"}  # noqa: RUF012
    given_as = "file"
    sets: ClassVar[dict[str, Adapter]] = {
        "printed_lines": Transcribed(own="printed_lines.PrintedLines", extra=("test_fonts",), embedded=True),
        "spoken_letters": Transcribed(own="spoken_letters.SpokenLetters"),
        "spoken_digits": Digits(own="spoken_digits.SpokenDigits", extra=("test_single",)),
        "spoken_digits/*": Digits(
            own="spoken_digits.SpokenDigits", extra=("test_single",), example="spoken_digits/without_theo"
        ),
        "librispeech": Speech(
            train="train_clean100",
            validation="dev_clean",
            test="test_clean",
            extra=("test_other",),
            rate=16_000,
        ),
        "ljspeech": Speech(train="train[:90%]", validation="train[90%:95%]", test="train[95%:]", rate=22_050),
    }

    @classmethod
    def for_model(cls, manifest: Manifest) -> Transcription:
        """Returns the task as a model was trained on it: on sound, or on print."""
        return _Print() if manifest.config.get("reads") == "print" else cls()

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads a folder of files with their texts."""
        parts = transcripts.read_transcripts(path)
        return of_user(path, {split: _part(rows) for split, rows in parts.items()})

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all files of a table as a test part."""
        _, rows = transcripts.read_all(path)
        return of_rows(path, _part([row for row, _ in rows]))

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Checks that inputs are files, as bytes or paths, and are there.

        Raises:
            ZooError: they are not.
        """
        files = super().rows(inputs, model)
        if strange := [row for row in files if not isinstance(row, Path | bytes)]:
            raise ZooError(
                f"inputs of {model.name} are files, but {repr(strange[0])[:80]} is none: give it as "
                'pathlib.Path("call.wav"), or its bytes'
            )
        transcripts.check([row for row in files if isinstance(row, Path)])
        return files

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[bytes]]:
        """Yields the bytes of some files."""
        for block in in_blocks(rows, _FILES):
            yield [contents(row) for row in block]

    def readable(self, row: Row) -> Row:
        """Leaves out padding, and texts that the beam has a place for but no path to."""
        if "symbols" in row:
            real = row["symbols"] != b""
            row = {**row, **{name: row[name][real] for name in ("symbols", "starts", "ends")}}
        if "texts" in row:
            real = row["scores"] > _NEVER
            row = {**row, **{name: row[name][real] for name in ("texts", "scores")}}
        if "probabilities" in row and "steps" in row:
            row = {**row, "probabilities": row["probabilities"][: int(row["steps"])]}
            row["frames"] = row["frames"][: int(row["lengths"])]
        return row

    # The command line ------------------------------------------------------------------------------------

    def given(self, typed: Sequence[str], file: str, model: Described) -> Given:
        """Returns the files that were named, or that a table lists in its column `file`."""
        if typed:
            files = transcripts.listed(typed)
            return Given(files, [{"file": shown(path)} for path in files])
        path = Path(file)
        names = [name for (name,) in tables.filled(path, ("file",), ("file",))]
        # What is piped names files from where one stands.
        base = Path() if path.stem == "standard input" else path.parent
        files = [on_disk(base / name) for name in names]
        transcripts.check(files)
        return Given(files, [{"file": name} for name in names])

    def named(self, inputs: Sequence[Any], model: Described) -> Sequence[Row]:
        """Returns what files are called; of bytes the number of the row."""
        return [
            {"file": shown(row) if isinstance(row, Path) else f"row {number}"}
            for number, row in enumerate(inputs, 1)
        ]

    def answered(self, given: Given, answers: list[Row], manifest: Manifest) -> Answered:
        """Puts texts beside files, and says which of these could not be read.

        Raises:
            ZooError: none could be read.
        """
        rows = [{**name, **row} for name, row in zip(given.names, answers, strict=True)]
        what = "a WAV file with sound" if manifest.config.get("reads") == "sound" else "a picture"
        refused = {row["file"]: f"is not {what}" for row in rows if not row.get("valid", True)}
        if refused and len(refused) == len(rows):
            raise ZooError(f"{next(iter(refused))}: is not {what}, or is damaged; give one that is")
        return Answered(rows, manifest, refused)

    def notes(self, row: Row, answered: Answered) -> list[str]:
        """Says that a file could not be read, or not to its end."""
        if reason := answered.refused.get(row["file"]):
            return [reason]
        return ["its end was not read"] if row.get("truncated") else []

    # Scores ----------------------------------------------------------------------------------------------

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores texts; prints the worst and others."""
        part = examples.split(split)
        truth = part.strings("text")
        answers = model.predict(list(part.column("file")))
        predicted = [answer["text"] for answer in answers]
        named = [f"{split} {number}" for number in range(1, len(truth) + 1)]

        def show_scores(scores: Scores, title: str) -> None:
            from zoo.show.texts import print_translation

            references = [[text] for text in truth]
            print_translation(scores, named, references, predicted, _closeness, title, "transcription")

        rows = [
            {"file": name, "truth": right, "answer": answer["text"], "score": answer["score"]}
            for name, right, answer in zip(named, truth, answers, strict=True)
        ]
        return Evaluation(metrics.transcription(truth, predicted), show_scores, predicted, rows)

    def scorer(
        self, part: Part, predict: Callable[[], list[Any]], names: Sequence[str] = ()
    ) -> Callable[[], float]:
        """Returns what scores the texts (n,) that `predict` gives for a part: the higher the better."""
        truth = part.strings("text")
        return lambda: self.merit(metrics.transcription(truth, [text.decode("utf-8") for text in predict()]))

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores the one text that is closest to those of training."""
        one = baselines.typical_text(examples.train.strings("text"))
        return {
            name: {"one text": metrics.transcription(part.strings("text"), [one] * len(part))}
            for name, part in examples.tests.items()
        }

    # The page and the card -------------------------------------------------------------------------------

    def to_try(self, manifest: Manifest) -> list[Try]:
        """Returns lines that are printed for this; of sound there is nothing at hand."""
        if manifest.dataset.name != "printed_lines":
            return []
        from zoo.data.sets import printed_lines

        fonts = printed_lines.read_fonts()
        draw = np.random.default_rng(1)
        return [
            Try(text, printed_lines.as_png(printed_lines.printed(text, fonts[font], draw)))
            for text, font in zip(_TRIED, _FONTS, strict=True)
        ]

    def typed_in_python(self, tensor: str) -> str:
        """Returns a file's bytes."""
        return f'open("{self.typed}", "rb").read()'

    def with_the_zoo(self, manifest: Manifest) -> str:
        """Returns the sentence of the card."""
        return super().with_the_zoo(manifest).replace('"..."', self.typed)


class _Print(Transcription):
    """The same of models that read print."""

    pipeline = "image-to-text"
    typed = "line.png"


def _part(rows: Sequence[transcripts.Transcript]) -> Part:
    return Part(
        {
            "file": np.array([read(row.file) for row in rows], object),
            "text": [row.text for row in rows],
        }
    )


def _closeness(references: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[float]:
    pairs = zip(references, predicted, strict=True)
    return [-metrics.character_edits(right[0], text) / max(1, len(right[0])) for right, text in pairs]
