from pathlib import Path

import pytest

from zoo.data.download import fetch
from zoo.errors import ZooError

URL = "https://www.example.org/sets/train.txt.gz"


class Network:
    """Stands for the download manager of TFDS."""

    def download(self, url):
        assert url == URL
        return "downloaded"


class NoNetwork:
    def download(self, url):
        raise AssertionError("the network was asked")


def test_without_a_mirror_the_network_is_asked(monkeypatch):
    monkeypatch.setenv("ZOO_MIRROR", "")
    assert fetch(Network(), URL) == Path("downloaded")


def test_a_mirror_holds_files_by_host_and_path(monkeypatch, tmp_path):
    path = tmp_path / "www.example.org" / "sets" / "train.txt.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path))
    assert fetch(NoNetwork(), URL) == path


def test_a_file_that_the_mirror_lacks_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_MIRROR", str(tmp_path))
    with pytest.raises(ZooError) as error:
        fetch(NoNetwork(), URL)
    assert str(tmp_path / "www.example.org" / "sets" / "train.txt.gz") in str(error.value)
    assert URL in str(error.value)
    assert "\n" not in str(error.value)
