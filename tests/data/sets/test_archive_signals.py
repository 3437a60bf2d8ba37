from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

import zoo.data
from zoo.data.sets import archive_signals
from zoo.errors import ZooError

# As the archive describes its sets: rows for training and for test, channels, labels.
SIZES = {
    "japanese_vowels": (270, 370, 12, 9),
    "basic_motions": (40, 40, 6, 4),
    "gun_point": (50, 150, 1, 2),
    "italy_power_demand": (67, 1029, 1, 2),
    "osu_leaf": (200, 242, 1, 6),
    "plaid": (537, 537, 1, 11),
}


@pytest.mark.parametrize("dataset", SIZES)
def test_sets_have_the_archives_sizes_and_a_tenth_of_each_label_validates(zoo_cache, dataset):
    rows, tests, channels, labels = SIZES[dataset]
    examples = zoo.data.load(dataset, "recognition")
    train, validation = len(examples.train), len(examples.validation)
    assert train + validation == rows and 0.08 * rows <= validation <= 0.12 * rows
    assert len(examples.test) == tests
    assert len(examples.columns) == channels == examples.train.column("values").shape[2]
    assert len(examples.label_names) == labels
    assert set(examples.validation.column("label")) == set(range(labels))
    assert examples.licence and examples.version == f"{dataset}-sktime1.2.0"


def test_japanese_vowels_are_as_long_as_their_card_says(zoo_cache):
    examples = zoo.data.load("japanese_vowels", "recognition")
    lengths = np.concatenate(
        [examples.split(part).column("values").row_lengths() for part in ("train", "validation", "test")]
    )
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert examples.label_names[0] == "speaker 1"
    (_, values), *_ = archive_signals.test_signals("japanese_vowels")
    assert values.shape[1] == 12


def test_every_label_of_several_rows_has_one_that_validates():
    labels = [*"ab" * 10, "c", "c", "d"]
    held = archive_signals.held_out(labels)
    assert [label for label, out in zip(labels, held, strict=True) if out] == ["a", "b", "c"]


def test_columns_are_not_to_be_chosen(zoo_cache):
    with pytest.raises(ZooError, match="leave them out for gun_point"):
        zoo.data.load("gun_point", "recognition", columns="x")


def test_without_its_package_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("zoo.data.packages.distribution", missing)
    with pytest.raises(ZooError, match=r"pip install sktime==1\.2\.0"):
        list(archive_signals.test_signals("gun_point"))
