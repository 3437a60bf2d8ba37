"""Fixtures that all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny import reviews, trained  # noqa: F401 - fixtures


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
    if not folder or not (Path(folder) / "imdb_reviews").is_dir():
        pytest.skip(
            "TFDS_DATA_DIR is not set or holds no imdb_reviews: tests on the real IMDB reviews are left out"
        )
    return Path(folder)


@pytest.fixture(scope="session")
def tweets(zoo_cache):
    """Returns the embedded tweets, prepared once for the session."""
    import zoo.data

    return zoo.data.load("tweets", "classification")
