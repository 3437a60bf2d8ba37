"""python -m zoo new: copies that run as they are, with a test that passes."""

import importlib
import runpy

import pytest
from tiny import assert_refused, run

from zoo import cli, training
from zoo.cli import new
from zoo.cli.main import main


# That copies of the others train and export is proven where their recipes are tested.
def test_a_new_recipe_passes_the_test_that_is_written_beside_it(tmp_path, call):
    output = call(main, tmp_path, "new", "sentiment", "mine.py", "--test").out
    assert "python mine.py --help" in output and "python -m pytest test_mine.py" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "test_mine.py"]
    run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py", cwd=tmp_path)


@pytest.mark.parametrize("recipe", sorted(new._TINY))
def test_the_written_test_has_flags_that_the_recipe_knows(recipe, tmp_path, call, monkeypatch):
    call(main, tmp_path, "new", recipe, "mine.py", "--test")
    monkeypatch.syspath_prepend(tmp_path)
    written = runpy.run_path(str(tmp_path / "test_mine.py"))
    config = importlib.import_module(f"zoo.recipes.{recipe}").Config
    parsed = cli.parse(recipe, config, ["--dataset", "rows", *written["FLAGS"].split()])
    training.check_ranges(parsed)
    assert parsed.epochs == 1


def test_a_new_recipe_has_its_parents_presets_and_its_own_name(tmp_path, call):
    call(main, tmp_path, "new", "sentiment", "mine.py")
    text = run("mine.py", "--help", cwd=tmp_path).stdout
    assert "presets: imdb, tweets-best, tweets" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("juggling", "mine.py"), "there is no such recipe; choose captioning"),
        (("sentiment", "mine.txt"), "give a file like mine.py"),
        (("sentiment", "my-own.py"), "give a file like mine.py"),
        (("sentiment", "there.py"), "exists; choose another name"),
        (("sentiment", "gone/mine.py"), "no such folder"),
        (("captioning", "mine.py", "--test"), "a test is written for"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(tmp_path, call, arguments, told):
    (tmp_path / "there.py").write_text("kept")
    assert_refused(call, main, tmp_path, ["new", *arguments], told)
    assert (tmp_path / "there.py").read_text() == "kept"


def test_the_version_is_told(tmp_path, call):
    assert call(main, tmp_path, "--version").out.startswith("sequence-zoo 0.")
