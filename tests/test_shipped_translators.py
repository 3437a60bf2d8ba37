"""The translators that we ship, as their cards say they are."""

import pytest

from zoo import registry
from zoo.data.examples import sources_and_targets
from zoo.metrics import translation


def test_phrases_are_translated_as_the_readme_shows():
    model = registry.load("translation_cldr_en_fr")
    answers = model.predict(["Tuesday, March 4, 2031", "France, Japan, and Peru", "", "x " * 5000])
    found = [answer["translation"] for answer in answers]
    assert found[:3] == ["mardi 4 mars 2031", "France, Japon et Pérou", ""]
    assert [answer["truncated"] for answer in answers] == [False, False, False, True]


def test_the_phrases_figures_are_good_and_its_languages_are_told():
    manifest = registry.find("translation_cldr_en_fr").manifest
    score, terms = manifest["metrics"]["test"], manifest["metrics"]["test_terms"]
    assert score["exact_match"] >= 0.95 and score["n"] == 2592
    assert terms["n"] == 3314 and 0.05 < terms["exact_match"] < 0.5
    assert manifest["dataset"]["languages"] == ["en", "fr"]


def test_the_captions_score_as_the_card_says(mirror):
    import zoo.data

    model = registry.load("translation_multi30k_de_en")
    assert model.manifest["metrics"]["test"]["bleu"] >= 34
    sources, truth = sources_and_targets(zoo.data.load("multi30k", "translation").test)
    predicted = [answer["translation"] for answer in model.predict(sources)]
    score = translation(truth, predicted)
    assert score["bleu"] == pytest.approx(model.manifest["metrics"]["test"]["bleu"], abs=0.05)
    assert score["chrf"] == pytest.approx(model.manifest["metrics"]["test"]["chrf"], abs=0.05)


def test_attention_of_a_caption_looks_at_the_words_that_mean_the_same():
    (answer,) = registry.load("translation_multi30k_de_en").predict(["Ein Hund schläft."], "attention")
    source = [token.strip() for token in answer["source_tokens"]]
    looked_at = {
        target.strip(): source[weights.index(max(weights))]
        for target, weights in zip(answer["target_tokens"], answer["attention"], strict=True)
    }
    assert looked_at["dog"] == "Hund"
