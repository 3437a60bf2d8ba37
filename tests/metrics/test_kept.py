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
    answers = ["Vendredi Ngosi a payé 14,5 vendredi.", "Tom est venu en mai 2021.", "Nous."]
    # A weekday with a capital is another word, so the first one's references share none.
    assert kept(sources, references, answers, "fr") == {
        "numbers": {"kept": pytest.approx(1 / 3), "of": 3},
        "weekdays and months": {"kept": 1.0, "of": 1},
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
    assert kept([], [], [], "fr") == {}
