import warnings

import pytest
from matplotlib.figure import Figure

from zoo.errors import ZooError
from zoo.inspection import pictures


def drawn(path, title):
    """Saves an empty picture and returns what was warned of."""
    figure = Figure(figsize=(3, 2))
    figure.subplots().set(title=title, xlabel="plain")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pictures.save(figure, path)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_common_scripts_need_no_warning_and_dollars_are_no_formula(tmp_path, suffix):
    assert drawn(tmp_path / f"a{suffix}", "naïve Ж λ → $5 and $\\frac$ \t\n") == []


def test_one_warning_names_the_characters_that_no_font_has(tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.font_manager.fontManager.ttflist", [])
    (warning,) = drawn(tmp_path / "a.png", "日本 日本 a b")
    assert "a.png: no installed font has 日 本; boxes stand for them" in warning
    (warning,) = drawn(tmp_path / "b.svg", "日本語の文字が十個ある")
    assert " ...; boxes" in warning


def test_a_font_that_has_a_character_is_taken_behind_the_usual_one():
    # The sign of a total runout, which of matplotlib's own fonts DejaVu Sans Mono has.
    assert pictures._fonts({"a", "\u2a0d", "\u200b", " ", "\n"}) == (["DejaVu Sans"], set())
    families, missing = pictures._fonts({"a", "\u2314"})
    assert families[0] == "DejaVu Sans"
    assert len(families) == 2
    assert not missing


@pytest.mark.parametrize("path", ["map.jpg", "map", "nowhere/map.png"])
def test_a_path_that_cannot_be_written_is_refused(tmp_path, path):
    with pytest.raises(ZooError, match=r"--output .*(ends in .png, .svg or .pdf|cannot be written)"):
        pictures.check_path(tmp_path / path)
