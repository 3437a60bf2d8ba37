"""What must come through a translation unharmed."""

import pytest

from zoo.metrics import kept


def test_by_hand():
    sources = ["On Friday Ngozi paid 14.50.", "Tom came in May 2012.", "We are late."]
    references = [
        ["Vendredi Ngozi a payé 14,50.", "Ngozi a payé 14,50 vendredi."],
        ["Tom est venu en mai 2012."],
        ["Nous sommes en retard."],
    ]
    answers = ["Ngosi a payé 14,5 ce vendredi.", "Tom est venu en mai 2021.", "Nous."]
    assert kept(sources, references, answers, "fr") == {
        "numbers": {"kept": pytest.approx(1 / 3), "of": 3},
        "weekdays and months": {"kept": 1.0, "of": 2},
        "names": {"kept": 0.5, "of": 2},
    }


def test_names_of_days_are_no_names_and_other_languages_have_none():
    sources, references = ["Im August kam Ada."], [["Ada came in August."]]
    assert kept(sources, references, ["Ada came."], "en") == {
        "weekdays and months": {"kept": 0.0, "of": 1},
        "names": {"kept": 1.0, "of": 1},
    }
    assert kept(sources, references, ["Ada came."], "xx") == {"names": {"kept": 0.5, "of": 2}}
    assert kept(["a"], [["b"]], ["c"], "") == {}


def test_days_may_be_of_several_words_or_begin_a_sentence():
    found = kept(["On Friday."], [["Na sexta-feira."]], ["Sexta-feira."], "pt")
    assert found == {"weekdays and months": {"kept": 1.0, "of": 1}}
    assert kept(["On Monday."], [["On part lundi."]], ["LUNDI"], "fr")["weekdays and months"]["kept"] == 1
    assert "weekdays and months" not in kept(["x"], [["You may go, Mayer."]], ["y"], "en")
    assert kept(["x"], [["In May."]], ["In may."], "en")["weekdays and months"]["kept"] == 0
    assert kept(["x"], [["en mai"]], ["Mai"], "fr")["weekdays and months"]["kept"] == 1
    assert kept(["x"], [["im Mai"]], ["im Maien"], "de")["weekdays and months"]["kept"] == 0
    assert kept([], [], [], "pl") == {}
    assert kept([], [], [], "fr") == {}
