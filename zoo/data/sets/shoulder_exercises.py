"""Exercises for the shoulder as a smartwatch feels them, as a TFDS builder."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from zoo.data.packages import content_of
from zoo.errors import ZooError

_PACKAGE, _VERSION, _FILE = "seglearn", "1.2.5", "watch_dataset.npy"
_SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
WINDOW = 200  # steps: four seconds, in which an exercise is done twice or three times
# By the codes of the file.
_LABELS = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward elevation",
    "IR": "internal rotation",
    "ER": "external rotation",
    "TRAP": "trapezius extension",
    "ROW": "row",
}
_PARTS = {"train": range(1, 7), "validation": (7, 8), "test": (9, 10)}  # by the person


class ShoulderExercises(tfds.core.GeneratorBasedBuilder):
    """Acceleration and rotation of a smartwatch, 50 times a second, from the PyPI package `seglearn`.

    No person is in two parts.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First version."}  # noqa: RUF012 - TFDS's own convention

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            description=(
                "Windows of four seconds in which a person does one of seven exercises of physiotherapy, "
                "with the watch on the left or on the right: acceleration in g and rotation in rad/s, three "
                "directions each. Persons 1 to 6 are for training, 7 and 8 for validation, 9 and 10 for test."
            ),
            features=tfds.features.FeaturesDict(
                {
                    "values": tfds.features.Tensor(shape=(None, len(CHANNELS)), dtype=np.float64),
                    "label": tfds.features.ClassLabel(names=list(_LABELS.values())),
                    "person": tfds.features.Scalar(np.int64),
                }
            ),
            homepage="https://arxiv.org/abs/1802.01489",
            license="BSD-3-Clause (package seglearn 1.2.5; Burns et al. 2018)",
        )

    def _split_generators(self, dl_manager):
        recordings = read_recordings()
        return {part: self._generate_examples(recordings, persons) for part, persons in _PARTS.items()}

    def _generate_examples(self, recordings, persons) -> Iterator[tuple[str, dict[str, Any]]]:
        for number, (values, label, person) in enumerate(recordings):
            if person in persons:
                for start in range(0, len(values) - WINDOW + 1, WINDOW):
                    window = values[start : start + WINDOW]
                    yield f"{number}-{start}", {"values": window, "label": label, "person": person}


def read_recordings() -> list[tuple[np.ndarray, str, int]]:
    """Returns values (time, 6), exercise and person of each recording that the installed package carries.

    Raises:
        ZooError: the package, or its file, is not installed, or the file is another one.
    """
    content = content_of(_PACKAGE, _FILE)
    if content is None:
        raise ZooError(
            f"data set 'shoulder_exercises' needs the package {_PACKAGE}, which is missing: "
            f"pip install {_PACKAGE}=={_VERSION}"
        )
    # Its arrays are pickled, and a pickle may do anything: none but this one is opened.
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ZooError(f"{_FILE} of {_PACKAGE} is not that of version {_VERSION}; install it anew")
    held = np.load(io.BytesIO(content), allow_pickle=True).item()
    names = [_LABELS[code] for code in held["y_labels"]]
    return [
        (values, names[label], int(person))
        for values, label, person in zip(held["X"], held["y"], held["subject"], strict=True)
    ]


def test_signals() -> Iterator[tuple[str, np.ndarray]]:
    """Yields label and numbers (time, 6) of the first window of each recording of the test part."""
    for values, label, person in read_recordings():
        if person in _PARTS["test"]:
            yield label, values[:WINDOW]
