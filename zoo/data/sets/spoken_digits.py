"""Digits that six people say, one by one and in strings, as a TFDS builder."""

from __future__ import annotations

import io
import re
import tarfile
import wave
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo.data.download import fetch
from zoo.errors import ZooError

_URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/master.tar.gz"
_NAME = re.compile(r".*/recordings/([0-9])_([a-z]+)_([0-9]+)\.wav")
RATE = 8_000
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
_COUNT = 3_000
_TEST, _VALIDATION = range(5), range(5, 9)  # numbers of recordings; 0 to 4 are the set's own test part
_LONGEST = 7  # digits of a string
_STRINGS = {"train": 4_000, "validation": 300, "test": 600}
_PAUSE = (0.02, 0.25)  # seconds between digits, and at both ends of a string


class Spoken(NamedTuple):
    """A recording of one digit."""

    digit: str
    speaker: str
    number: int
    samples: np.ndarray


class SpokenDigits(tfds.core.GeneratorBasedBuilder):
    """Strings of one to seven digits, put together from the Free Spoken Digit Dataset.

    The test part is made of the recordings 0 to 4 of each digit and speaker, `test_single` is these
    themselves; 5 to 8 are for validation, the rest for training, where they stand in strings and alone. The
    configuration `without_<speaker>` trains and validates on five people, and tests on the sixth alone, all
    of whose recordings are in its test parts.
    """

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES = {  # noqa: RUF012 - TFDS's own convention
        "1.0.0": "First version.",
        "1.1.0": "Training has the recordings as they are, too.",
    }
    BUILDER_CONFIGS = [  # noqa: RUF012 - TFDS's own convention
        tfds.core.BuilderConfig(name="all", description="By the set's own split."),
        *(
            tfds.core.BuilderConfig(name=f"without_{speaker}", description=f"{speaker} is for test alone.")
            for speaker in SPEAKERS
        ),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "English digits of six speakers at 8 kHz. A string is of one speaker: recordings one behind "
                "the other, parted by a fiftieth to a quarter of a second of silence; its text is the digits."
            ),
            features=tfds.features.FeaturesDict(
                {"file": tfds.features.Scalar(tf.string), "text": tfds.features.Text()}
            ),
            homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
            license="CC BY-SA 4.0 (Free Spoken Digit Dataset, Jackson et al. 2018)",
        )

    def _split_generators(self, dl_manager):
        parts = split(read_recordings(fetch(dl_manager, _URL)), self.builder_config.name)
        made = {
            name: self._generate_examples(
                strings(found, _STRINGS[name], seed), seed, () if name == "test" else found
            )
            for seed, (name, found) in enumerate(parts.items())
        }
        return {**made, "test_single": self._generate_examples((), 0, parts["test"])}

    def _generate_examples(self, strung, seed, alone) -> Iterator[tuple[int, dict]]:
        for number, (text, spoken) in enumerate(strung):
            draw = np.random.default_rng([seed, number])
            yield number, {"file": as_wav(spliced([one.samples for one in spoken], draw)), "text": text}
        for number, one in enumerate(alone, len(strung)):
            yield number, {"file": as_wav(one.samples), "text": one.digit}


def read_recordings(path: Path) -> list[Spoken]:
    """Returns all recordings, in the order of digit, speaker and number.

    Raises:
        ZooError: the archive is damaged, or another one.
    """
    damaged = f"{path}: is not the archive of the Free Spoken Digit Dataset; remove it and fetch it again"
    found = []
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if name := _NAME.fullmatch(member.name):
                    content = archive.extractfile(member).read()  # type: ignore[union-attr]
                    found.append(Spoken(name[1], name[2], int(name[3]), _samples(content)))
    except (OSError, EOFError, zlib.error, tarfile.TarError, wave.Error) as error:
        raise ZooError(damaged) from error
    if len(found) != _COUNT or {spoken.speaker for spoken in found} != set(SPEAKERS):
        raise ZooError(damaged)
    return sorted(found, key=lambda spoken: spoken[:3])


def split(recordings: Sequence[Spoken], config: str) -> dict[str, list[Spoken]]:
    """Returns part -> recordings: by number, and where a speaker is left out, by that first."""
    left_out = config.removeprefix("without_") if config != "all" else ""
    parts: dict[str, list[Spoken]] = {"train": [], "validation": [], "test": []}
    for spoken in recordings:
        held = spoken.speaker == left_out if left_out else spoken.number in _TEST
        part = "test" if held else "validation" if spoken.number in _VALIDATION else "train"
        parts[part].append(spoken)
    return parts


def strings(recordings: Sequence[Spoken], count: int, seed: int) -> list[tuple[str, list[Spoken]]]:
    """Returns so many strings of digits, each of one speaker, all lengths alike often."""
    draw = np.random.default_rng(seed)
    speakers = sorted({spoken.speaker for spoken in recordings})
    own = {name: [spoken for spoken in recordings if spoken.speaker == name] for name in speakers}
    made = []
    for number in range(count):
        pool = own[speakers[number % len(speakers)]]
        chosen = [pool[place] for place in draw.integers(0, len(pool), draw.integers(1, _LONGEST + 1))]
        made.append(("".join(spoken.digit for spoken in chosen), chosen))
    return made


def spliced(recordings: Sequence[np.ndarray], draw: np.random.Generator) -> np.ndarray:
    """Returns recordings one behind the other, int16, with pauses that are drawn."""
    pauses = [np.zeros(round(RATE * draw.uniform(*_PAUSE)), np.int16) for _ in range(len(recordings) + 1)]
    parts = [pauses[0]]
    for samples, pause in zip(recordings, pauses[1:], strict=True):
        parts += [samples, pause]
    return np.concatenate(parts)


def as_wav(samples: np.ndarray) -> bytes:
    """Returns int16 samples as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def _samples(content: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(content)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise wave.Error("another format")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")
