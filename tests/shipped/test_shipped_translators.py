"""The translators that we ship, as their cards say they are."""

import pytest
import tensorflow as tf
from tiny import assert_same_answers, tensorflow_alone

from zoo import models
from zoo.metrics import pronunciation, translation
from zoo.rebuilt import translation as as_keras
from zoo.recipes.translation import Translation
from zoo.tasks.translation import sources_and_references


def test_phrases_are_translated_as_the_readme_shows():
    model = models.load("translation_cldr_en_fr")
    answers = model.predict(["Tuesday, March 4, 2031", "France, Japan, and Peru", "", "x " * 5000])
    found = [answer["translation"] for answer in answers]
    assert found[:3] == ["mardi 4 mars 2031", "France, Japon et Pérou", ""]
    assert [answer["truncated"] for answer in answers] == [False, False, False, True]


def test_the_phrases_figures_are_good_and_its_languages_are_told():
    manifest = models.find("translation_cldr_en_fr").manifest
    score, terms = manifest.metrics["test"], manifest.metrics["test_terms"]
    assert score["exact_match"] >= 0.95 and score["n"] == 2592
    assert terms["n"] == 3314 and 0.05 < terms["exact_match"] < 0.5
    assert manifest.dataset.languages == ["en", "fr"]


def test_the_captions_score_as_the_card_says(mirror):
    import zoo.data

    model = models.load("translation_de_en")
    told = model.manifest.metrics["test_multi30k"]
    assert told["bleu"] >= 36 and model.manifest.metrics["test"]["bleu"] >= 41
    sources, references = sources_and_references(zoo.data.load("multi30k", "translation").test)
    predicted = [answer["translation"] for answer in model.predict(sources)]
    score = translation(references, predicted)
    assert score["bleu"] == pytest.approx(told["bleu"], abs=0.05)
    assert score["chrf"] == pytest.approx(told["chrf"], abs=0.05)


def test_it_says_how_sure_it_is_and_hands_on_numbers_and_capitals():
    model = models.load("translation_de_en")
    found = model.predict(["BITTE NICHT RAUCHEN!", "Es regnet.", "Das neuronale Netz übersetzt ganze Sätze."])
    assert found[0]["translation"].isupper() and found[1]["translation"] == "It's raining."
    assert found[1]["confidence"] > 0.9 > 0.5 > found[2]["confidence"]
    for part, least in (("test", 0.80), ("test_multi30k", 0.79), ("test_cldr_phrases", 0.9)):
        assert model.manifest.metrics[part]["auroc"] >= least


def test_attention_of_a_caption_looks_at_the_words_that_mean_the_same():
    (answer,) = models.load("translation_de_en").predict(["Ein Hund schläft."], "attention")
    source = [token.strip() for token in answer["source_tokens"]]
    looked_at = {
        target.strip(): source[weights.index(max(weights))]
        for target, weights in zip(answer["target_tokens"], answer["attention"], strict=True)
    }
    assert looked_at["dog"] == "Hund"


def test_sentences_of_every_day_are_translated_and_their_figures_hold(mirror):
    import zoo.data

    model = models.load("translation_en_fr")
    found = [answer["translation"] for answer in model.predict(["I don't know.", "A dog is sleeping."])]
    assert found == ["Je ne sais pas.", "Un chien dort."]
    manifest = model.manifest
    further = {"test_tatoeba_pairs", "test_cldr_phrases", "test_terms_cldr_phrases"}
    assert set(manifest.metrics) == {"test", *further}
    assert manifest.metrics["test"]["bleu"] >= 48 and manifest.metrics["test"]["n"] == 1000
    assert manifest.metrics["test_tatoeba_pairs"]["n"] == 2163
    examples = zoo.data.load("multi30k", "translation", source="en", target="fr")
    sources, references = sources_and_references(examples.test)
    predicted = [answer["translation"] for answer in model.predict(sources)]
    score = translation(references, predicted)
    assert score["bleu"] == pytest.approx(manifest.metrics["test"]["bleu"], abs=0.05)


def test_words_are_pronounced_in_any_case_with_any_letters():
    model = models.load("pronunciation_cmudict")
    words = ["cat", "CAT", "onomatopoeic", "", "naïve", "東", "x" * 5000]
    found = [answer["translation"] for answer in model.predict(words)]
    assert found[:2] == ["K AE T"] * 2
    assert found[2] == "AA N AH M AE T AH P OW IY K"
    assert found[3] == ""
    score = model.manifest.metrics["test"]
    assert score["word_error_rate"] <= 24.2 and score["n"] == 11_994


def test_pronunciations_score_as_the_card_says(mirror):
    import zoo.data

    model = models.load("pronunciation_cmudict")
    sources, references = sources_and_references(zoo.data.load("cmudict", "translation").test)
    predicted = [answer["translation"] for answer in model.predict(sources[::4])]  # all take a minute
    score = pronunciation(references[::4], predicted)
    assert score["n"] == 2999
    for figure, most in (("word_error_rate", 2.0), ("phoneme_error_rate", 0.6)):  # 2.6 standard errors
        assert score[figure] == pytest.approx(model.manifest.metrics["test"][figure], abs=most)


@pytest.mark.parametrize("name", ["translation_en_fr", "pronunciation_cmudict"])
def test_models_that_products_carry_are_small(name):
    files = [path for path in models.find(name).path.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 16e6


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("translation_en_fr", ["Two men are playing football.", "I don't know.", "", "b é " * 2500]),
        ("pronunciation_cmudict", ["onomatopoeic", "Ada", "", "b é " * 2500]),
    ],
)
def test_tensorflow_alone_gives_the_keras_models_answers_alone_and_beside_5000_words(name, texts, tmp_path):
    model = models.load(name)
    config, pieces, network = as_keras(model)
    module = Translation(config, network, pieces)
    if hasattr(model.module, "confidence"):  # models that were exported before have none
        module.confidence.weights.assign(model.module.confidence.weights)
    together = tensorflow_alone(model.path, "text", texts, tmp_path)["serving_default"]
    found = module.translate(tf.constant(texts))
    assert_same_answers(together, {output: found[output] for output in together})
    for row, text in enumerate(texts[:-1]):
        alone = module.translate(tf.constant([text]))
        assert together["translation"][row] == alone["translation"][0].numpy()
        assert together["score"][row] == pytest.approx(float(alone["score"][0]), rel=1e-5, abs=1e-6)
