import shutil

import pytest

import zoo


@pytest.fixture
def models(trained, tmp_path, monkeypatch):
    """A copy of the tiny model that a test may damage; the folder is the only place that is searched."""
    shutil.copytree(trained / "saved_models", tmp_path / "saved_models")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(zoo.models.saved, "search_path", lambda: [tmp_path / "saved_models"])
    return tmp_path / "saved_models"
