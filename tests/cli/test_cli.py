import pytest

from zoo import cli
from zoo.errors import ZooError
from zoo.recipes.sentiment import Config


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--cell", "rnn"], "invalid choice 'rnn' for argument '--cell'"),
        (["--untis", "3"], "Unrecognized options: --untis"),
        (["--units", "x"], "--units: invalid literal"),
        (["--units"], "Missing value for argument '--units'"),
        (["stray"], "Unrecognized options: stray"),
        (["--preset"], "--preset: give the name"),
    ],
)
def test_what_is_wrong_with_a_flag_is_said_first(flags, told):
    with pytest.raises(ZooError) as caught:
        cli.parse("sentiment", Config, flags)
    assert told in str(caught.value)
    assert str(caught.value).index(told) < 20


def test_a_flag_wins_over_the_preset_and_the_preset_over_the_default(tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text('units = 3\ncell = "gru"\nmixed_precision = true\n')
    config = cli.parse("sentiment", Config, ["--preset", str(preset), "--units", "5"])
    assert (config.units, config.cell, config.mixed_precision, config.layers) == (5, "gru", True, 2)


@pytest.mark.parametrize("content", ["units = 'many'", "units = ", "unitz = 3"])
def test_a_bad_preset_is_named(tmp_path, content):
    (tmp_path / "bad.toml").write_text(content)
    with pytest.raises(ZooError, match=r"preset .*bad\.toml"):
        cli.parse("sentiment", Config, ["--preset", str(tmp_path / "bad.toml")])
