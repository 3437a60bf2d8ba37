import json
import math
import random
import warnings

import numpy as np
import pytest

from zoo import metrics
from zoo.data.tags import spans
from zoo.metrics.captions import cider

NAMES = ("bad", "mixed", "good")


def figures(score) -> dict[str, str]:
    """Returns heading -> figure of a score, or of figures alone."""
    if isinstance(score, metrics.Score):
        return score.written()
    return metrics.written({name: value for name, value in score.items() if isinstance(value, float)})


def test_classification_worked_out_by_hand():
    score = metrics.classification([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], NAMES)
    assert score["n"] == 6
    assert score["accuracy"] == pytest.approx(4 / 6)
    assert score["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    # bad: precision 1, recall 2/3; mixed: 1/2 and 1/2; good: 1/2 and 1.
    assert score["f1"] == pytest.approx({"bad": 4 / 5, "mixed": 1 / 2, "good": 2 / 3})
    assert score["macro_f1"] == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)
    assert score["macro_recall"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert "f1_pn" not in score


def test_sentiment_with_neutral_texts_has_the_measures_of_semeval():
    names = ("negative", "neutral", "positive")
    score = metrics.classification([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2], names)
    assert score["f1_pn"] == pytest.approx((4 / 5 + 2 / 3) / 2)  # the same, without what is neutral
    assert metrics.classification([1, 1, 2], [1, 1, 1], names)["f1_pn"] == 0
    assert metrics.classification([1, 1, 2], [1, 1, 1], names)["macro_recall"] == 1 / 2


def test_a_label_that_is_never_predicted_has_f1_0():
    score = metrics.classification([0, 0, 1, 1, 2], [0, 1, 1, 1, 1], NAMES)
    assert score["accuracy"] == pytest.approx(3 / 5)
    assert score["confusion"] == [[1, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert score["f1"] == pytest.approx({"bad": 2 / 3, "mixed": 2 / 3, "good": 0})
    assert score["macro_f1"] == pytest.approx(4 / 9)


def test_a_label_that_is_only_predicted_counts():
    score = metrics.classification([0, 0], [0, 2], NAMES)
    assert score["f1"] == pytest.approx({"bad": 2 / 3, "good": 0})
    assert score["macro_f1"] == pytest.approx(1 / 3)


def test_a_label_that_does_not_occur_does_not_count_and_nobody_is_warned():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = metrics.classification([0, 1], [0, 1], NAMES)
    assert score["confusion"] == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert score["f1"] == {"bad": 1, "mixed": 1}
    assert score["macro_f1"] == 1
    assert score["accuracy"] == 1


def test_rows_of_the_table_are_right_labels_and_columns_predicted_ones():
    assert metrics.classification([0, 0, 0], [1, 1, 1], ("a", "b"))["confusion"] == [[0, 3], [0, 0]]


def test_scores_of_arrays_can_be_written_as_json():
    score = metrics.classification(np.array([0, 1]), np.array([1, 1], np.int32), ("a", "b"))
    assert json.loads(json.dumps(score.to_json())) == score


def score_rows(truth: str, predicted: str) -> dict:
    """Scores sentences of tags, written with spaces between tags and ` / ` between sentences."""
    right, found = ([row.split() for row in rows.split(" / ")] for rows in (truth, predicted))
    return metrics.tagging(right, found, [["word"] * len(row) for row in right])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("", []),
        ("O O", []),
        ("B-A I-A O", [("A", 0, 2)]),
        ("B-A B-A", [("A", 0, 1), ("A", 1, 2)]),
        ("O I-A I-A", [("A", 1, 3)]),  # an illegal beginning
        ("B-A I-B I-B", [("A", 0, 1), ("B", 1, 3)]),  # a change of type begins a span
        ("I-A O I-A", [("A", 0, 1), ("A", 2, 3)]),
        ("B-A-1 I-A-1 I-A", [("A-1", 0, 2), ("A", 2, 3)]),
        ("keyword B-string I-string operator I-string", [("string", 1, 3), ("string", 4, 5)]),
        ("B I PROPN I- B- I----", []),  # without a type, B and I are plain
    ],
)
def test_spans_are_read_as_conlleval_does(tags, expected):
    assert spans(tags.split()) == expected


def test_span_scores_worked_out_by_hand():
    score = score_rows("B-P I-P O B-L / B-L O O", "B-P I-P O B-P / B-L I-L O")
    # 3 true spans, 3 found, of which P(0,2) is right; 5 of 7 tags are.
    assert score == {
        "n": 2, "tokens": 7, "f1": pytest.approx(1 / 3), "precision": pytest.approx(1 / 3),
        "recall": pytest.approx(1 / 3), "accuracy": pytest.approx(5 / 7),
        "f1_by_type": {"L": 0, "P": pytest.approx(2 / 3)},
    }  # fmt: skip
    assert [name for name, value in score.items() if isinstance(value, float)] == [
        "f1", "precision", "recall", "accuracy",
    ]  # fmt: skip
    assert json.loads(json.dumps(score.to_json())) == score


def test_precision_is_of_the_found_spans_and_recall_of_the_true_ones():
    score = score_rows("B-A B-A O B-A B-A", "B-A O O O O")
    assert (score["precision"], score["recall"], score["f1"]) == (1, 0.25, pytest.approx(0.4))


def test_the_same_offsets_in_another_sentence_are_another_span():
    assert score_rows("B-A / O", "O / B-A")["f1"] == 0


def test_no_found_span_scores_0_and_nobody_is_warned():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = score_rows("B-A O", "O O")
    assert (score["precision"], score["recall"], score["f1"], score["f1_by_type"]) == (0, 0, 0, {"A": 0})


def test_plain_tags_worked_out_by_hand():
    score = score_rows("N N V D", "N V V X")
    # N: precision 1, recall 1/2; V: 1/2 and 1; D is missed; X does not stand in the truth.
    assert score == {
        "n": 1, "tokens": 4, "accuracy": 0.5, "macro_f1": pytest.approx(4 / 9),
        "f1_by_tag": {"D": 0, "N": pytest.approx(2 / 3), "V": pytest.approx(2 / 3)},
    }  # fmt: skip


def test_spans_beside_several_plain_tags_are_scored_tag_by_tag():
    score = score_rows("keyword B-string I-string operator", "keyword B-string B-string operator")
    assert "f1" not in score
    assert score["f1_by_tag"] == pytest.approx(
        {"keyword": 1, "operator": 1, "B-string": 2 / 3, "I-string": 0}
    )
    assert score["macro_f1"] == pytest.approx(2 / 3)


def test_any_one_plain_tag_may_stand_outside_spans():
    assert score_rows("_ B-A", "_ B-A")["f1"] == 1
    assert score_rows("B-A I-A", "B-A I-A")["f1"] == 1
    assert "f1" not in score_rows("O O", "O B-A")


def test_line_breaks_are_not_scored():
    tokens = [["x", "\n", "y", "  ", "\t"]]
    score = metrics.tagging([["A", "O", "B", "O", "O"]], [["A", "O", "A", "O", "C"]], tokens)
    assert (score["tokens"], score["accuracy"]) == (2, 0.5)
    assert score["f1_by_tag"] == pytest.approx({"A": 2 / 3, "B": 0})


def test_nothing_to_score_scores_0():
    assert metrics.tagging([], [], []) == {
        "n": 0, "tokens": 0, "accuracy": 0, "macro_f1": 0, "f1_by_tag": {},
    }  # fmt: skip


@pytest.mark.parametrize("changed", [0.0, 0.2, 1.0])
def test_random_tags_legal_or_not_score_as_seqeval_says(changed):
    seqeval = pytest.importorskip("seqeval.metrics", reason="seqeval is not installed")
    chance = random.Random(int(10 * changed))
    tags = ["O", *(f"{side}-{kind}" for kind in ("PER", "LOC", "A-B") for side in "BI")]
    for _ in range(40):
        truth = [chance.choices(tags, k=chance.randint(1, 12)) for _ in range(50)]
        found = [[chance.choice(tags) if chance.random() < changed else t for t in row] for row in truth]
        score = metrics.tagging(truth, found, [["word"] * len(row) for row in truth])
        for name in ("f1", "precision", "recall", "accuracy"):
            assert score[name] == pytest.approx(getattr(seqeval, f"{name}_score")(truth, found)), name
        report = seqeval.classification_report(truth, found, output_dict=True, zero_division=0)
        each = {kind: row["f1-score"] for kind, row in report.items() if not kind.endswith(" avg")}
        assert score["f1_by_type"] == pytest.approx(each)


def test_tokens_are_right_with_exactly_the_right_offsets():
    # "don't go": one token for do + n't misses both.
    score = metrics.tokenization([[(0, 2), (2, 5), (6, 8)], [(0, 1)]], [[(0, 5), (6, 8)], [(0, 1)]])
    assert score.figures == pytest.approx({"f1": 4 / 7, "precision": 2 / 3, "recall": 2 / 4})


def test_offsets_may_be_arrays():
    rows = [np.array([[0, 2], [3, 5]], np.int32)]
    assert metrics.tokenization([[(0, 2), (3, 5)]], rows)["f1"] == 1
    assert metrics.tokenization(rows, rows)["f1"] == 1


def test_a_tag_on_a_token_that_is_not_there_is_wrong():
    truth = [[(0, 2, "AUX"), (2, 5, "PART"), (6, 8, "VERB")]]
    score = metrics.tagging_from_raw(truth, [[(0, 5, "AUX"), (6, 8, "VERB")]])
    assert score.figures == pytest.approx({"f1": 2 / 5, "precision": 1 / 2, "recall": 1 / 3})
    assert metrics.tagging_from_raw(truth, [[(0, 2, "AUX"), (2, 5, "ADV"), (6, 8, "X")]])["f1"] == (
        pytest.approx(1 / 3)
    )


def test_words_that_share_their_offsets_are_matched_one_by_one():
    twice = [[(0, 5, "AUX"), (0, 5, "AUX")]]
    assert metrics.tagging_from_raw(twice, [[(0, 5, "AUX")]])["recall"] == 0.5


def test_bleu_worked_out_by_hand():
    score = metrics.translation([["The cat sat on the red mat."]], ["The cat sat on a mat."])
    # Tokens by 13a, which parts the full stop: 7, of the reference 8. Right are 6 of 7 words, 4 of 6 pairs,
    # 2 of 5 triples and 1 of 4 quadruples; the penalty for being short is exp(1 - 8/7).
    right = 6 / 7 * 4 / 6 * 2 / 5 * 1 / 4
    assert score["bleu"] == pytest.approx(100 * math.exp(1 - 8 / 7) * right**0.25)
    assert (score["n"], score["exact_match"]) == (1, 0)


def test_bleu_of_a_corpus_adds_counts_up_before_it_divides():
    score = metrics.translation(
        [["The cat sat on the red mat."], ["a b c d"]], ["The cat sat on a mat.", "a b c d"]
    )
    right = 10 / 11 * 7 / 9 * 4 / 7 * 2 / 5
    assert score["bleu"] == pytest.approx(100 * math.exp(1 - 12 / 11) * right**0.25)
    assert score["exact_match"] == 0.5


def test_chrf_worked_out_by_hand():
    score = metrics.translation([["abcd"]], ["abc"])
    # Of sequences of 1, 2 and 3 characters all that are found are right, and 3/4, 2/3 and 1/2 of the true
    # ones are found; recall counts four times as much (beta 2). There is no sequence of 4 to compare.
    recall = (3 / 4 + 2 / 3 + 1 / 2) / 3
    assert score["chrf"] == pytest.approx(100 * 5 * recall / (4 + recall))
    assert metrics.sentence_chrf([["abcd"], ["x"]], ["abc", "x"]) == pytest.approx([score["chrf"], 100])


def test_translations_like_their_references_score_100_and_unlike_ones_0():
    texts = ["Two dogs run.", "Where is the station, please?"]
    truth = [[text] for text in texts]
    score = metrics.translation(truth, texts)
    assert (score["bleu"], score["chrf"], score["exact_match"]) == (pytest.approx(100), pytest.approx(100), 1)
    for other in (["xkq", "zzz"], ["", ""]):
        score = metrics.translation(truth, other)
        assert (score["bleu"], score["chrf"], score["exact_match"]) == (0, 0, 0)


def test_case_counts_and_kinds_of_spaces_do_not():
    truth = [["12\u00a0500\u202f€ net "], ["Le  chat dort bien"]]
    score = metrics.translation(truth, ["12 500 € net", "Le chat dort\tbien"])
    assert (score["bleu"], score["exact_match"]) == (pytest.approx(100), 1)
    assert metrics.translation(truth, ["12 500 € net", "le chat dort bien"])["exact_match"] == 0.5
    assert metrics.translation([["a b"]], ["ab"])["exact_match"] == 0


def test_accents_may_be_written_in_either_form():
    score = metrics.translation([["un e\u0301te\u0301 a\u0300 Nice"]], ["un été à Nice"])
    assert (score["bleu"], score["exact_match"]) == (pytest.approx(100), 1)


def test_any_of_several_right_translations_counts_and_their_number_may_differ():
    truth = [["Cours !", "Courez vite !"], ["Le chat dort bien."]]
    score = metrics.translation(truth, ["Courez vite !", "Le chat dort bien."])
    assert (score["bleu"], score["exact_match"]) == (pytest.approx(100), 1)
    two = [["the cat sat on a mat", "a cat was on the mat"]]
    score = metrics.translation(two, ["the cat sat on the mat"])
    # Of the words "the" counts once only: 5 of 6; all 5 pairs stand in one of the two, 3 of 4 triples, and
    # 1 of 3 quadruples.
    assert score["bleu"] == pytest.approx(100 * (5 / 6 * 1 * 3 / 4 * 1 / 3) ** 0.25)
    assert score["signatures"]["bleu"].startswith("nrefs:2|")
    assert metrics.translation([], [])["bleu"] == 0
    assert metrics.translation(truth, ["", ""])["signatures"]["bleu"].startswith("nrefs:var|")
    assert metrics.sentence_chrf(truth, ["Courez vite !", ""]) == [pytest.approx(100), 0]


def test_error_rates_of_words_and_phonemes_by_hand():
    truth = [["D EY T AH", "D AE T AH"], ["Z UW"], ["K AE T S"]]
    # Right by its second answer; one phoneme too many; one replaced and one missing.
    score = metrics.pronunciation(truth, ["D AE T AH", "Z UW Z", "K AA T"])
    assert score == {
        "n": 3,
        "word_error_rate": pytest.approx(100 * 2 / 3),
        "phoneme_error_rate": pytest.approx(100 * (0 + 1 + 2) / (4 + 2 + 4)),
    }
    assert figures(score) == {"WER": "66.67", "PER": "30.00"}


def test_answers_are_the_closer_the_fewer_phonemes_or_characters_are_wrong():
    close = metrics.phoneme_closeness([["K AE T"], ["K AE T", "K T"], ["A"]], ["K T", "K T", "B C D"])
    assert close == [pytest.approx(-1 / 3), 0, -3]
    assert metrics.sentence_chrf([["ab"], ["ab"]], ["ab", "xy"]) == [pytest.approx(100), 0]


def test_the_closest_pronunciation_counts_and_of_equals_the_longest():
    # One edit from either: the reference of 4 phonemes is divided by.
    score = metrics.pronunciation([["A B", "A B C D"]], ["A B C"])
    assert score["phoneme_error_rate"] == pytest.approx(25)
    assert metrics.pronunciation([["A"]], ["B C D"])["phoneme_error_rate"] == pytest.approx(300)
    assert metrics.pronunciation([["A"]], [""])["phoneme_error_rate"] == pytest.approx(100)
    assert metrics.pronunciation([], []) == {"n": 0, "word_error_rate": 0, "phoneme_error_rate": 0}


def test_scores_of_translations_say_what_they_mean_and_can_be_written_as_json():
    score = metrics.translation([["a b"]], ["a c"])
    assert score["signatures"]["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|")
    assert score["signatures"]["chrf"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|")
    assert json.loads(json.dumps(score.to_json())) == score
    assert score.figures[score.headline] == score["bleu"]


def test_figures_are_written_as_their_field_does():
    score = {"n": 3, "bleu": 34.567, "chrf": 100.00000000000004, "exact_match": 0.95, "signatures": {}}
    assert figures(score) == {"BLEU": "34.57", "chrF": "100.00", "exact match": "0.9500"}
    assert list(figures({"f1": 1.0, "macro_f1": 0.0, "accuracy": 0.5})) == [
        "F1",
        "macro-F1",
        "accuracy",
    ]


def test_captions_are_scored_in_the_figures_of_their_papers():
    references = [["A dog runs.", "The dog is running!"], ["Two cats sleep on a mat", "Cats asleep"]]
    score = metrics.captioning(references, ["a dog runs", "Two cats sleep on a mat"])
    assert list(score) == [
        "n", "bleu_4", "bleu_1", "bleu_2", "bleu_3", "cider", "rouge_l", "exact_match", "word_accuracy",
    ]  # fmt: skip
    assert score["n"] == 2
    for name in ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l"):
        assert score[name] == pytest.approx(100)
    # Words are compared without case and punctuation; whole captions are not.
    assert (score["exact_match"], score["word_accuracy"]) == (0.5, 1)
    assert score["cider"] == pytest.approx(100 * cider(references, ["a dog runs", "Two cats sleep on a mat"]))
    assert score.figures[score.headline] == score["bleu_4"]
    assert list(figures({**score, "cider": 57.123})) == [
        "BLEU-4", "BLEU-1", "BLEU-2", "BLEU-3", "CIDEr", "ROUGE-L", "exact match", "word accuracy",
    ]  # fmt: skip
    assert figures({"cider": 57.123, "word_accuracy": 0.5}) == {
        "CIDEr": "57.12",
        "word accuracy": "0.5000",
    }


def test_of_names_the_exact_match_stands_first():
    names = [["red apple"], ["boat", "ship"], ["woman  rowing boat"]]
    score = metrics.captioning(names, ["green apple", "ship", "woman rowing boat"])
    assert score.figures[score.headline] == score["exact_match"] == pytest.approx(2 / 3)
    assert list(score)[:3] == ["n", "exact_match", "bleu_4"]
    assert metrics.are_names(names)
    assert not metrics.are_names([["a", "b"], ["c", "d"]])


def test_without_pictures_captions_score_0():
    assert set(metrics.captioning([], []).values()) == {0}


def test_language_models_are_compared_by_nats_of_a_unit_on_average_over_all_texts():
    found = metrics.generation([-6.0, -2.0, 0.0], [3, 1, 0], "char")
    assert list(found) == ["n", "units", "nats", "bits", "perplexity"]
    assert (found["n"], found["units"], found["nats"]) == (3, 4, 2.0)
    assert found["bits"] == pytest.approx(2 / math.log(2))
    assert found["perplexity"] == pytest.approx(math.exp(2))
    words = metrics.generation(np.float32([-6.0, -2.0, 0.0]), np.int32([3, 1, 0]), "word")
    assert list(words) == ["n", "units", "perplexity", "nats"]  # by which words are compared
    assert json.loads(json.dumps(words.to_json())) == pytest.approx({k: found[k] for k in words})
    assert figures(words) == {"perplexity": "7.39", "nats": "2.0000"}
