from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

import zoo.data
from zoo.data.sets import shoulder_exercises
from zoo.errors import ZooError


@pytest.fixture(scope="module")
def examples(zoo_cache):
    return zoo.data.load("shoulder_exercises", "recognition")


def test_windows_of_four_seconds_of_seven_exercises_split_by_persons(examples):
    assert examples.columns == ("ax", "ay", "az", "wx", "wy", "wz")
    assert len(examples.label_names) == 7
    for part in ("train", "validation", "test"):
        values = examples.split(part).column("values")
        assert set(values.row_lengths().numpy()) == {200}
        assert set(examples.split(part).column("label")) == set(range(7))
    recordings = shoulder_exercises.read_recordings()
    assert len(recordings) == 140
    windows = sum(len(values) // 200 for values, _, _ in recordings)
    assert sum(len(examples.split(part)) for part in ("train", "validation", "test")) == windows
    of_test = sum(len(values) // 200 for values, _, person in recordings if person in (9, 10))
    assert len(examples.test) == of_test


def test_gravity_is_most_of_what_a_watch_feels(examples):
    values = examples.train.column("values").values.numpy()
    assert np.linalg.norm(values[:, :3], axis=1).mean() == pytest.approx(1, abs=0.2)  # in g


def test_without_its_package_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("zoo.data.packages.distribution", missing)
    with pytest.raises(ZooError, match=r"pip install seglearn==1\.2\.5"):
        shoulder_exercises.read_recordings()


def test_a_file_that_is_another_one_is_never_opened(monkeypatch):
    monkeypatch.setattr(shoulder_exercises, "content_of", lambda *_: b"\x80\x04 a pickle")
    with pytest.raises(ZooError, match="not that of version"):
        shoulder_exercises.read_recordings()
