"""Fixtures that all tests share."""

import gc
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import (  # noqa: F401 - fixtures
    CASES,
    TRAINED,
    trained,
    trained_captioner,
    trained_clip_captioner,
    trained_drawer,
    trained_forecaster,
    trained_generator,
    trained_recogniser,
    trained_tagger,
    trained_transcriber,
    trained_translator,
)
from tiny import (  # noqa: F401 - fixtures
    films,
    lines,
    pairs,
    paths,
    prints,
    reviews,
    sentences,
    series,
    shapes,
    squares,
)


def pytest_sessionstart(session) -> None:
    """Gives each process that tests two devices, so that what is said of several is tested in it."""
    gc.set_threshold(100_000, 20, 20)  # graphs are traced all the time, and few objects of theirs are garbage
    if hasattr(session.config, "workerinput") or not session.config.getoption("numprocesses", None):
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)  # tests ask for all digits of float32
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items) -> None:
    """Sends tests that need a trained recipe to one process, the longest first, and else files as a whole."""
    recipe_of = {fixture: name for name, fixture in TRAINED.items()} | {"demo": "demo"}  # and one server
    longest = list(CASES)

    def group(item) -> str:
        case = getattr(item, "callspec", None) and item.callspec.params.get("case")
        needed = [case.id] if case else [recipe_of[name] for name in item.fixturenames if name in recipe_of]
        return needed[0] if needed else str(item.path)

    for item in items:
        item.add_marker(pytest.mark.xdist_group(group(item)))
    items.sort(key=lambda item: group(item) not in longest)


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
