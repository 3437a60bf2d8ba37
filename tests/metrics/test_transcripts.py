import pytest

from zoo import metrics


def test_characters_inserted_deleted_and_replaced_are_counted():
    assert metrics.character_edits("kitten", "sitting") == 3
    assert metrics.character_edits("", "ab") == 2


def test_rates_are_of_all_characters_and_of_all_lines():
    score = metrics.transcription(["abcd", "ab", "x  y"], ["abxd", "ab", "x y"])
    assert score["character_error_rate"] == pytest.approx(100 / 9)
    assert score["line_error_rate"] == pytest.approx(100 / 3)
    assert score.n == 3
    assert score.merit == -score["character_error_rate"]


def test_more_may_be_wrong_than_there_is():
    assert metrics.transcription(["a"], ["xyz"])["character_error_rate"] == 300
