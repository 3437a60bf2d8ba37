import pytest

from zoo.metrics import Score, captioning
from zoo.metrics.events import events_in_order

EVENTS = ("falls", "rolls left", "rolls right", "turns", "turn", "meet")


@pytest.mark.parametrize(
    ("predicted", "both", "order"),
    [
        ("a fox falls, then rolls left", 1, 1),
        ("an owl falls behind a house, then rolls left", 1, 1),  # of whom it is told does not matter
        ("a fox rolls left, then falls", 1, 0),
        ("a fox falls, then rolls right", 0, 0),
        ("a fox falls", 0, 0),
        ("a fox falls, then rolls left, then turns", 0, 0),
        ("a waterfall, then rolls left", 0, 0),  # part of a word is no event
        ("", 0, 0),
    ],
)
def test_events_count_only_if_both_are_named(predicted, both, order):
    found = events_in_order(["a fox falls, then rolls left"], [predicted], EVENTS)
    assert found == {"both_events": both, "order": order}


def test_shares_are_those_of_clips_with_two_events_and_of_those_that_name_both():
    true = [
        "a falls, then turns",
        "a and b meet, then turn",
        "a turns, then falls",
        "a falls",
        "a turns, then turns",
    ]
    said = [
        "a falls, then turns",
        "a and b turn, then meet",
        "a turns, then meet",
        "a falls",
        "a turns, then turns",
    ]
    assert events_in_order(true, said, EVENTS) == {"both_events": 2 / 3, "order": 1 / 2}
    assert events_in_order([], [], EVENTS) == {"both_events": 0, "order": 0}


def test_captions_of_clips_have_these_figures_too_and_others_do_not():
    score = captioning([["a fox falls, then turns"]], ["a fox falls, then turns"], EVENTS)
    assert isinstance(score, Score) and score["order"] == score["both_events"] == score["exact_match"] == 1
    assert "order" not in captioning([["a fox falls, then turns"]], ["a fox falls, then turns"]).figures
