"""One-to-many: a picture goes in, a sentence comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo import baselines, metrics
from zoo.data import Examples, Part, of_rows, of_user
from zoo.data.own import clip_files, picture_files, pictures, tables
from zoo.data.packages import content_of
from zoo.errors import ZooError
from zoo.metrics import Score, Scores
from zoo.show.answers import one_line
from zoo.tasks.base import FEW, Answered, Described, Evaluation, Given, Model, Row, in_blocks
from zoo.tasks.captioned_sets import Captioned, Labelled, MovingEmoji, as_file
from zoo.tasks.manifest import Manifest
from zoo.tasks.tries import PICTURES, Try
from zoo.tasks.written import Judged, Written, with_confidence

if TYPE_CHECKING:
    import numpy as np

_SHOWN = 160  # pixels of the longer side of a picture on a sheet
_PICTURES = 32  # that are held in memory together
GOOD = 40.0
"""chrF of a sentence that counts as a good caption; CIDEr would hang on the other pictures of a part."""
_FILE = 'open("photo.jpg", "rb").read()'


class Captioning(Written):
    """Features: `image` uint8 (height, width, 3), or 4 with opacity, and `captions`, strings (n,).

    Of clips `image` is (time, height, width, 3 or 4). The user's own: a folder of pictures or clips with
    `captions.csv`, as `zoo.data.own.pictures` reads it.
    """

    name = "captioning"
    pipeline = "image-to-text"
    reads = "pictures"
    kind = "a folder of pictures with captions.csv"
    suffixes = tables.SUFFIXES
    one, several = "caption", "captions"
    parts = {"caption": "captions", "score": "scores", "confidence": "confidences"}  # noqa: RUF012
    given_as = "image"
    options = ("frames",)
    sets = {  # noqa: RUF012 - as Task says
        "emoji": Captioned(
            extra=("test_backgrounds",),
            own="emoji_pictures.EmojiPictures",
            embedded=True,
        ),
        "moving_emoji": MovingEmoji(
            extra=("test_patterns", "test_shuffled"),
            own="moving_emoji.MovingEmoji",
            embedded=True,
            image="video",
        ),
        "ucf101": Labelled(image="video", licence="not stated; the clips are their authors'"),
        "flickr8k": Captioned(own="flickr8k.Flickr8k"),
        # The split of Karpathy and Fei-Fei 2015, without the pictures that they add to training (restval).
        "coco_captions": Captioned(
            train="train",
            validation="val",
            captions=("captions", "text"),
            licence="CC BY 4.0 (captions); the photographs are their authors'",
        ),
    }

    def read_own(self, path: Path, **options: str) -> Examples:
        """Reads a folder of pictures with their captions.

        Raises:
            ZooError: as `zoo.data.own.pictures.read_captions`.
        """
        frames = _number(options)
        parts = pictures.read_captions(path, frames)
        return of_user(path, {split: Part(pictures.dataset(rows, frames)) for split, rows in parts.items()})

    def read_rows(self, path: Path, **options: str) -> Examples:
        """Reads all pictures of a table as a test part: `file`, a path, and `name`, as the table has it."""
        table = picture_files.with_captions(path, folders=_number(options) > 1)
        test = Part(
            {
                "file": [str(picture.file) for picture in table],
                "name": [picture.name for picture in table],
                "captions": list(table.values()),
            }
        )
        return of_rows(path, test)

    # How a model is asked --------------------------------------------------------------------------------

    def rows(self, inputs: Any, model: Model) -> Sequence[Any]:
        """Checks that inputs are files, as bytes or paths, and are there.

        Raises:
            ZooError: they are not.
        """
        files = super().rows(inputs, model)
        if strange := [row for row in files if not isinstance(row, Path | bytes)]:
            raise ZooError(
                f"inputs of {model.name} are pictures, but {repr(strange[0])[:80]} is none: give the file as "
                'pathlib.Path("photo.jpg"), or its bytes'
            )
        named = (row for row in files if isinstance(row, Path))
        moving = frames_of(model.manifest) > 1
        picture_files.check(named, "a clip" if moving else "a picture", folders=moving)
        return files

    def blocks(self, rows: Sequence[Any], signature: str, model: Model, few: bool) -> Iterator[list[bytes]]:
        """Yields the bytes of some pictures; clips are packed."""
        frames = frames_of(model.manifest)
        for block in in_blocks(rows, FEW if few else _PICTURES):
            if frames > 1:
                yield [clip_files.packed(row, frames) for row in block]
            else:
                yield [picture_files.contents(row) for row in block]

    def readable(self, row: Row) -> Row:
        """Leaves padding out of the attention."""
        if "attention" not in row:
            return row
        real = row["tokens"] != b""
        return {**row, "tokens": row["tokens"][real], "attention": row["attention"][real]}

    # The command line ------------------------------------------------------------------------------------

    def given(self, typed: Sequence[str], file: str, model: Described) -> Given:
        """Returns the pictures or clips that were named, or that a file lists."""
        moving = frames_of(model.manifest) > 1
        named = clip_files.given(typed) if moving else picture_files.given(typed)
        files = named or picture_files.listed(Path(file), folders=moving)
        return Given([picture.file for picture in files], [{"image": picture.name} for picture in files])

    def answered(self, given: Given, answers: list[Row], manifest: Manifest) -> Answered:
        """Puts captions beside pictures, and says of each that could not be read why.

        Raises:
            ZooError: none could be read.
        """
        rows = [{**name, **row} for name, row in zip(given.names, answers, strict=True)]
        refused = {
            row["image"]: _refusal(file, manifest)
            for file, row in zip(given.inputs, rows, strict=True)
            if not row.get("valid", True)
        }
        if len(refused) == len({row["image"] for row in rows}):
            (name, reason), *others = refused.items()
            more = f", and {len(others):,} more cannot be read" if others else ""
            raise ZooError(f"{name} {reason}{more}; give {_asked(manifest)}")
        return Answered(rows, manifest, refused, given.inputs)

    def picture(self, answered: Answered) -> str:
        """Returns pictures with what was said of them, as an SVG file in which clips play."""
        from zoo.show.captioned import sheet

        captioned: list[tuple[list[np.ndarray], list[str]]] = []
        for source, row in zip(answered.inputs, answered.rows, strict=True):
            if reason := answered.refused.get(row["image"]):
                captioned.append(([], [f"{row['image']} {reason}"]))
            else:
                said = [text["caption"] for text in row.get("captions", [row])]
                captioned.append((thumbnails(source, answered.manifest, _SHOWN), said))
        return sheet(captioned)

    def notes(self, row: Row, answered: Answered) -> list[str]:
        """Says why a picture could not be read, that it is unlike training, or its caption doubtful."""
        if row["image"] in answered.refused:
            return [answered.refused[row["image"]]]
        strange = [] if row.get("familiar", True) else ["unlike all that the model was trained on"]
        return strange + super().notes(row, answered)

    def _before(self, row: Row, rows: list[Row]) -> str:
        """Returns which of several pictures a caption belongs to."""
        return f"{one_line(row['image'])}\t" if len(rows) > 1 else ""

    # Scores ----------------------------------------------------------------------------------------------

    def usual_options(self, manifest: Manifest, same_set: bool, in_catalogue: bool) -> dict[str, str]:
        """Returns how many frames the model reads."""
        return {"frames": str(frames_of(manifest))} if frames_of(manifest) > 1 else {}

    def evaluate(self, model: Model, examples: Examples, split: str) -> Evaluation:
        """Scores captions; prints the worst and others.

        Raises:
            ZooError: a picture cannot be read.
        """
        part = examples.split(split)
        truth = part.rows_of_strings("captions")
        names = part.strings("name") if "file" in part.features else []
        answers = _answers(model, part, examples.name)
        predicted = [answer["caption"] for answer in answers]

        def show_scores(scores: Scores, title: str) -> None:
            from zoo.show.texts import print_captioning

            print_captioning(scores, names, truth, predicted, title)

        shown = names or [f"{split} {number}" for number in range(1, len(truth) + 1)]
        rows = [
            {
                "image": name,
                "truth": captions,
                "answer": answer["caption"],
                **{key: answer[key] for key in ("score", "confidence") if key in answer},
            }
            for name, captions, answer in zip(shown, truth, answers, strict=True)
        ]
        score = metrics.captioning(truth, predicted, self._events(examples))
        score = with_confidence(score, answers, lambda: _good(truth, predicted))
        return Evaluation(score, show_scores, predicted, rows)

    def judged(self, model: Model, part: Part) -> Judged:
        """Returns a model's captions of all pictures of a part, and which are good: see `GOOD`."""
        truth, answers = part.rows_of_strings("captions"), _answers(model, part, "validation")
        predicted = [answer["caption"] for answer in answers]
        scores = [answer["score"] for answer in answers]
        return Judged(predicted, scores, [0] * len(answers), _good(truth, predicted))

    def scorer(
        self, part: Part, predict: Callable[[], list[Any]], names: Sequence[str] = ()
    ) -> Callable[[], float]:
        """Returns what scores the captions (n,) that `predict` gives for a part: the higher the better."""
        truth = part.rows_of_strings("captions")
        return lambda: self.merit(metrics.captioning(truth, [text.decode("utf-8") for text in predict()]))

    def baselines(self, examples: Examples, model: Any) -> dict[str, dict[str, Score]]:
        """Scores one caption for all pictures, and the first caption of the most similar training picture."""
        return baselines.captioning(examples.train, examples.tests, self._events(examples))

    def _events(self, examples: Examples) -> tuple[str, ...]:
        adapter = self.sets.get(examples.name)
        return adapter.events() if isinstance(adapter, Captioned) else ()

    def merit(self, score: Score) -> float:
        """Returns the figure that stands first, exact match or BLEU-4.

        While that is 0, the share of right words tells epochs apart, and counts less than any hit.
        """
        return score.merit or score.figures["word_accuracy"] - 1

    def to_try(self, manifest: Manifest) -> list[Try]:
        """Returns pictures that installed packages carry, or clips that are made of them."""
        adapter = self.sets.get(manifest.dataset.name)
        if isinstance(adapter, MovingEmoji):
            return adapter.to_try()
        files = PICTURES.get(manifest.dataset.name, {})
        found = ((shown, content_of(*file.split("/"))) for file, shown in files.items())
        return [Try(shown, content) for shown, content in found if content]

    def typed_in_python(self, tensor: str) -> str:
        """Returns a picture's bytes."""
        return _FILE

    def example(self, manifest: Manifest) -> dict[str, str]:
        """Returns a file's bytes, as a tensor."""
        return {name: _of_clip(text, manifest) for name, text in super().example(manifest).items()}

    def with_the_zoo(self, manifest: Manifest) -> str:
        """Returns the sentence of the card."""
        told = super().with_the_zoo(manifest).replace('"..."', "photo.jpg")
        return _of_clip(told, manifest)


def _answers(model: Model, part: Part, name: str) -> list[Row]:
    """Returns a model's captions of a part's pictures.

    Raises:
        ZooError: a picture cannot be read.
    """
    if "file" not in part.features:
        blocks = _as_files(part, frames_of(model.manifest))
        answers = [answer for block in blocks for answer in model.predict(block)]
        if bad := [number for number, answer in enumerate(answers, 1) if not answer.get("valid", True)]:
            raise ZooError(f"{name}: row {bad[0]:,} cannot be read by {model.name}")
        return answers
    pictures, files = part.strings("name"), [Path(file) for file in part.strings("file")]
    answers = model.predict(files)
    for picture, file, answer in zip(pictures, files, answers, strict=True):
        if not answer["valid"]:
            reason = _refusal(file, model.manifest)
            raise ZooError(f"{name}: {picture} {reason}; replace it or remove its rows")
    return answers


def _good(truth: Sequence[Sequence[str]], predicted: Sequence[str]) -> list[bool]:
    """Tells which captions are good: names that are exactly right, and sentences by their chrF."""
    if metrics.are_names(truth):
        return [metrics.is_a_reference(*pair) for pair in zip(truth, predicted, strict=True)]
    return [chrf >= GOOD for chrf in metrics.sentence_chrf(truth, predicted)]


def _of_clip(text: str, manifest: Manifest) -> str:
    """Names a clip where a photograph is meant, if that is what a model reads."""
    return text.replace("photo.jpg", "clip.gif") if frames_of(manifest) > 1 else text


def _number(options: Mapping[str, str]) -> int:
    """Returns how many frames are asked for."""
    asked = options.get("frames") or "1"
    if not asked.isdecimal() or asked == "0":
        raise ZooError(f"frames ({asked!r}) must be a number, 1 for still pictures")
    return int(asked)


def frames_of(manifest: Manifest) -> int:
    """Returns how many frames of a clip a model reads, 1 where it reads stills."""
    return int(manifest.config.get("frames", 1))


def why_not(file: Path, manifest: Manifest) -> str:
    """Says why a file has no caption, and what to give instead, as in "is empty; give pictures in ..."."""
    return f"{_refusal(file, manifest)}; give {_asked(manifest)}"


def thumbnails(source: Path | bytes, manifest: Manifest, longest: int) -> list[np.ndarray]:
    """Returns what a picture looks like, or each frame of a clip that a model reads, on white.

    Args:
        source: the file, or its bytes.
        manifest: of the model.
        longest: pixels of the longer side.

    Returns:
        uint8 (height, width, 3) each.
    """
    from zoo import images

    if (frames := frames_of(manifest)) > 1:
        shown = list(images.decode_all(clip_files.packed(source, frames)))
    else:
        shown = [images.decode(picture_files.contents(source))]
    return [images.thumbnail(image, longest).numpy() for image in shown]


def _refusal(file: Path, manifest: Manifest) -> str:
    if frames_of(manifest) > 1:
        return clip_files.refusal(file, frames_of(manifest)) or "cannot be decoded"
    return picture_files.refusal(file)


def _asked(manifest: Manifest) -> str:
    if frames_of(manifest) > 1:
        return "animated GIF, WebP or PNG files, or folders of frames"
    return "pictures in JPEG, PNG, GIF, BMP or WebP"


def captioning_samples(test: Part, frames: int) -> list[bytes]:
    """Returns files for a captioner: no picture, and pictures or clips, of so many frames, of a test part."""
    return [b"", b"no picture", *next(_as_files(test, frames))[:4]]


def _as_files(part: Part, frames: int) -> Iterator[list[bytes]]:
    """Yields each picture, or some frames of each clip, as a file without loss, some at a time."""
    import tensorflow as tf

    if len(part.dataset.element_spec["image"].shape) == 3:
        files = part.dataset.map(lambda row: tf.io.encode_png(row["image"]), num_parallel_calls=2)
        for block in files.batch(_PICTURES).as_numpy_iterator():
            yield block.tolist()
        return
    from zoo import images

    few = part.dataset.map(lambda row: images.evenly(row["image"], frames), num_parallel_calls=2)
    clips = few.as_numpy_iterator()
    while some := list(islice(clips, _PICTURES)):
        yield [as_file(clip) for clip in some]
