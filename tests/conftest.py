"""Fixtures that all tests share."""

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny import (  # noqa: F401 - fixtures
    lines,
    pairs,
    reviews,
    sentences,
    series,
    squares,
    trained,
    trained_captioner,
    trained_generator,
    trained_tagger,
    trained_translator,
)


@pytest.fixture(scope="session", autouse=True)
def zoo_cache(tmp_path_factory) -> Iterator[Path]:
    """Prepares the embedded data sets in a folder of this session, never in the user's cache."""
    folder = tmp_path_factory.mktemp("zoo_cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZOO_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def shared_tfds() -> Path:
    """Returns the folder of prepared catalogue data sets; skips the test where there is none."""
    folder = os.environ.get("TFDS_DATA_DIR", "")
    needed = ("imdb_reviews", "conll2003", "universal_dependencies", "tiny_shakespeare")
    missing = [name for name in needed if not folder or not (Path(folder) / name).is_dir()]
    if missing:
        pytest.skip(
            f"TFDS_DATA_DIR is not set or holds no {', '.join(missing)}: tests on real data are left out"
        )
    return Path(folder)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Returns the folder that stands for the network; skips the test where there is none."""
    folder = os.environ.get("ZOO_MIRROR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("ZOO_MIRROR is not set or is no folder: tests on downloaded data sets are left out")
    return Path(folder)


@pytest.fixture(scope="session")
def tweets(zoo_cache):
    """Returns the embedded tweets, prepared once for the session."""
    import zoo.data

    return zoo.data.load("tweets", "classification")


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs a command line in this process: TensorFlow anew takes longer than most of what is tested here."""

    def run_here(program, folder, *arguments: str, code: int = 0):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["program", *map(str, arguments)])
        monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # put back afterwards
        found = 0
        try:
            program()
        except SystemExit as end:
            found = end.code
        output = capsys.readouterr()
        assert found == code, output
        return output

    return run_here
