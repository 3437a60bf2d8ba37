import csv
import dataclasses
import re
from pathlib import Path

from zoo import models
from zoo.cli import overview

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shipped() -> list[str]:
    """The models that git keeps, as .gitignore names them."""
    return re.findall(r"^!/saved_models/(\w+)/$", (ROOT / ".gitignore").read_text(), re.MULTILINE)


def table() -> str:
    return overview.markdown([models.find(str(ROOT / "saved_models" / name)) for name in shipped()])


def test_the_table_of_the_readme_is_what_the_manifests_say():
    assert table() in README, "put there what `python -m zoo list --markdown` prints"


def test_every_shipped_model_and_every_recipe_is_in_the_table():
    rows = table()
    recipes = [path.stem for path in (ROOT / "zoo/recipes").glob("*.py") if path.stem != "__init__"]
    assert all(f"| `{name}`: " in rows for name in shipped())
    assert all(f"[`{name}`](recipes/{name}/README.md)" in rows for name in recipes)


def test_the_winner_is_bold_and_figures_are_rounded():
    line = next(row for row in table().splitlines() if "`sentiment_imdb`" in row)
    assert "accuracy **0.924** | 0.904 |" in line
    line = next(row for row in table().splitlines() if "`pronunciation_cmudict`" in row)
    assert "WER **22.7** | 96.0 |" in line


def test_what_a_model_does_on_data_that_it_never_saw_stands_beside_its_test_score():
    rows = {row.split("`")[3]: row for row in table().splitlines()[2:]}
    assert "| 1.475 (New York) |" in rows["forecasting_seattle"]
    assert "| 1.9 (fonts it never saw) |" in rows["transcription_lines"]  # a part of its own set
    assert rows["drawing_kanji"].count("|") == rows["forecasting_seattle"].count("|")
    saved = models.find(str(ROOT / "saved_models/forecasting_seattle"))
    anew = dataclasses.replace(saved, manifest=saved.manifest.with_changes(elsewhere={}))
    assert "`forecasting_seattle`" in overview.markdown([anew])
    assert "New York" not in overview.markdown([anew])


def test_a_model_of_a_shipped_name_without_scores_is_left_out(tmp_path):
    saved = models.find(str(ROOT / "saved_models/sentiment_tweets"))
    for fields in ({"metrics": {}}, {"baselines": {}}, {"baselines": {"test": {}}}):
        other = dataclasses.replace(saved, manifest=saved.manifest.with_changes(**fields))
        assert "sentiment_tweets" not in overview.markdown([other])
    assert "sentiment_tweets" in overview.markdown([saved])


def test_every_figure_is_in_the_results_and_the_cards_are_what_the_manifests_say():
    from zoo.cli import results
    from zoo.export.card import card

    found = [models.find(str(ROOT / "saved_models" / name)) for name in sorted(shipped())]
    kept = (ROOT / "recipes/results.csv").read_text(encoding="utf-8")
    assert results.as_csv(found) == kept, "put there what `python -m zoo list --csv` prints"
    for saved in found:
        assert (saved.path / "README.md").read_text(encoding="utf-8") == card(saved.manifest), saved.name
    rows = list(csv.DictReader(kept.splitlines()))
    (one,) = [
        row for row in rows
        if (row["model"], row["of"], row["figure"]) == ("sentiment_tweets", "sentiment_tweets", "macro_f1")
        and row["part"] == "test"
    ]  # fmt: skip
    assert (one["value"], one["rows"], one["seed"]) == ("0.7699", "3334", "1")
    elsewhere = [row["dataset"] for row in rows if row["model"] == "tagging_en_ewt" and not row["part"]]
    assert set(elsewhere) == {"en_pud-ud-test.conllu", "en_gum-ud-test.conllu"}
