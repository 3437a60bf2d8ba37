import io

import numpy as np
import pytest

from zoo import metrics
from zoo.show import console, labels, tags, texts


@pytest.fixture
def printed(monkeypatch):
    """Makes the report print to a wide string."""
    stream = io.StringIO()

    visible = console._Visible

    def wide(**settings):
        return visible(file=stream, width=200, **settings)

    monkeypatch.setattr(console, "_Visible", wide)
    return stream


def print_tagging(tokens, truth, *predictions, **settings):
    names = ("majority tag per token", "model")[-len(predictions) :]
    scores = {n: metrics.tagging(truth, p, tokens) for n, p in zip(names, predictions, strict=True)}
    tags.print_tagging(scores, tokens, truth, predictions[-1], **settings)


def cells(printed, *starts):
    """Returns the cells of the first row of a table that begins with the given ones."""
    lines = [line.replace("┃", "│") for line in printed.getvalue().splitlines()]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    return next(row for row in rows if tuple(row[: len(starts)]) == starts)


def test_spans_are_shown_with_their_baseline_types_confusions_and_sentences(printed):
    tokens = [["Ann", "sees", "New", "York"], ["Bob", "sleeps"]]
    truth = [["B-PER", "O", "B-LOC", "I-LOC"], ["B-PER", "O"]]
    print_tagging(
        tokens,
        truth,
        [["O", "O", "B-LOC", "I-LOC"], ["O", "O"]],
        [["B-PER", "O", "B-LOC", "O"], ["B-PER", "O"]],
    )
    assert cells(printed, "") == ["", "F1", "precision", "recall", "accuracy"]
    assert cells(printed, "majority tag per token") == [
        "majority tag per token", "0.5000", "1.0000", "0.3333", "0.6667",
    ]  # fmt: skip
    assert cells(printed, "model") == ["model", "0.6667", "0.6667", "0.6667", "0.8333"]
    assert cells(printed, "PER") == ["PER", "2", "0.0000", "1.0000"]
    assert cells(printed, "LOC") == ["LOC", "1", "1.0000", "0.0000"]
    assert cells(printed, "I-LOC", "O") == ["I-LOC", "O", "York", "1"]
    assert cells(printed, "York") == ["York", "I-LOC", "O", "Ann sees New York"]


def test_plain_tags_are_shown_by_how_common_they_are(printed):
    print_tagging([["a", "b", "c"]], [["X", "Y", "Y"]], [["Y", "Y", "Y"]])
    assert cells(printed, "") == ["", "accuracy", "macro-F1"]
    assert cells(printed, "Y") == ["Y", "2", "0.8000"]
    assert cells(printed, "X") == ["X", "1", "0.0000"]
    text = printed.getvalue()
    assert text.index("│ Y ") < text.index("│ X ")


def test_of_many_tags_the_commonest_and_the_weakest_are_shown(printed):
    names = [f"T{i:02}" for i in range(40)]
    truth = [[name for i, name in enumerate(names) for _ in range(40 - i)]]
    predicted = [["T00" if tag == "T39" else tag for tag in truth[0]]]
    print_tagging([["x"] * len(truth[0])], truth, predicted)
    title = "F1 of 40 tags: 15 commonest, 10 weakest of the others"
    assert title in " ".join(printed.getvalue().split())
    assert cells(printed, "T39") == ["T39", "1", "0.0000"]
    assert sum(f"│ {name} " in printed.getvalue() for name in names) == 25


def test_a_faultless_model_has_no_table_of_mistakes(printed):
    print_tagging([["a"]], [["X"]], [["X"]])
    assert "Mistakes" not in printed.getvalue() and "confusions" not in printed.getvalue()


def sentences(printed):
    """Returns the last cell of each row of the last table."""
    lines = printed.getvalue().split("Mistakes")[1].splitlines()
    return [line.split("│")[-2].strip() for line in lines if line.startswith("│")]


def test_a_sentence_is_shown_once_and_each_confusion_in_turn(printed):
    tokens = [["a", "b"], ["c", "d"], ["e"], ["f"]]
    print_tagging(
        tokens, [["X", "Y"], ["X", "X"], ["X"], ["Z"]], [["Y", "X"], ["Y", "Y"], ["Y"], ["X"]], mistakes=3
    )
    # X as Y is the commonest, so it begins; Y as X stands in the same sentence; Z as X follows.
    assert cells(printed, "X", "Y") == ["X", "Y", "a", "4"]
    assert sentences(printed) == ["a b", "f", "c d"]


def test_no_sentence_is_shown_where_none_is_asked_for(printed):
    print_tagging([["a"], ["b"]], [["X"], ["Y"]], [["Y"], ["X"]], mistakes=0)
    assert sentences(printed) == []


def test_a_long_sentence_is_cut_to_a_window_around_the_mistake(printed):
    tokens = [[f"w{i}" for i in range(100)]]
    truth = [["X"] * 100]
    predicted = [["Y" if i == 50 else "X" for i in range(100)]]
    print_tagging(tokens, truth, predicted)
    window = " ".join(f"w{i}" for i in range(42, 59))
    assert cells(printed, "w50")[-1] == f"… {window} …"


def test_wrong_tokens_are_red_and_the_mistake_itself_bold():
    window = tags._window(["a", "b", "c"], [False, True, True], 1)
    assert window.plain == "a b c"
    assert [(window.plain[s.start : s.end], str(s.style)) for s in window.spans] == [
        ("b", "bold red"),
        ("c", "red"),
    ]


def test_tokens_are_shown_as_they_are_and_control_characters_visibly(printed):
    sentence = ["[red]", "\n", ":smile:", "\x1b[2J", "y" * 99]
    print_tagging([sentence], [["X"] * 5], [["Y", "Y", "X", "X", "X"]])
    row = cells(printed, "[red]")
    assert row[-1] == f"[red] ↵ :smile: �[2J {'y' * 39}…"
    assert "\x1b" not in printed.getvalue()


def test_line_breaks_count_neither_as_mistakes_nor_as_support(printed):
    print_tagging([["a", "\n"]], [["X", "X"]], [["X", "Y"]])
    assert cells(printed, "X") == ["X", "1", "1.0000"]
    assert "Mistakes" not in printed.getvalue()


def test_classification_shows_scores_confusion_and_the_surest_mistake(printed):
    truth, chances = np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
    score = metrics.classification(truth, chances.argmax(axis=1), ("bad", "good"))
    labels.print_classification({"model": score}, ["x", "[b]y", "z"], truth, chances, ("bad", "good"), 1)
    assert cells(printed, "") == ["", "accuracy", "macro-F1", "macro-recall", "F1 bad", "F1 good"]
    assert cells(printed, "model") == ["model", "0.3333", "0.2500", "0.5000", "0.5000", "0.0000"]
    assert cells(printed, "good") == ["good", "2", "0"]
    assert cells(printed, "good", "bad") == ["good", "bad", "0.80", "[b]y"]


def print_translation(sources, truth, *predictions, **settings):
    names = ("nearest training pair", "model")[-len(predictions) :]
    references = [[text] if isinstance(text, str) else text for text in truth]
    scores = {n: metrics.translation(references, p) for n, p in zip(names, predictions, strict=True)}
    texts.print_translation(scores, sources, references, predictions[-1], **settings)


def rows_below(printed, title):
    """Returns the cells of the rows of the table with this title."""
    lines = printed.getvalue().split(title)[1].split("└")[0].splitlines()
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]


def test_translations_are_scored_beside_their_baselines_in_the_figures_of_their_field(printed):
    truth = ["un chat noir dort", "deux chats"]
    print_translation(["a", "b"], truth, ["chat"] * 2, truth, part="test_terms")
    assert "Scores on test_terms" in printed.getvalue()
    assert cells(printed, "") == ["", "BLEU", "chrF", "exact match"]
    assert cells(printed, "model") == ["model", "100.00", "100.00", "1.0000"]
    assert cells(printed, "nearest training pair")[-1] == "0.0000"


def test_the_worst_translations_come_first_and_then_others_from_all_over_the_part(printed):
    truth = ["abcdef"] * 12
    predicted = [*truth]
    # Next to nothing of row 7 is right, half of row 2, most of row 10.
    predicted[7], predicted[2], predicted[10] = "xyzaxy", "abcxyz", "abcdex"
    print_translation([f"row {i}" for i in range(12)], truth, predicted, samples=2)
    worst, even = (rows_below(printed, title) for title in ("Worst translations", "Others"))
    assert worst == [["row 7", "abcdef", "xyzaxy"], ["row 2", "abcdef", "abcxyz"]]
    # The middles of the two halves of what is left: 0 1 3 4 5 | 6 8 9 10 11.
    assert [row[0] for row in even] == ["row 3", "row 9"]


def test_equally_bad_translations_are_shown_in_their_order(printed):
    print_translation(list("abcd"), ["un"] * 4, ["x", "un", "x", "x"], samples=2)
    assert [row[0] for row in rows_below(printed, "Worst translations")] == ["a", "c"]


def test_right_translations_are_never_among_the_worst_whatever_their_spaces(printed):
    print_translation(["a", "b"], ["5\u00a0000", "vu"], ["5 000", "vu"])
    assert "Worst" not in printed.getvalue()
    assert rows_below(printed, "Others") == [["a", "5 000", "5 000"], ["b", "vu", "vu"]]


def test_of_several_right_translations_some_are_shown_and_any_is_right(printed):
    print_translation(["a", "b"], [["un", "deux", "trois"], ["quatre", "cinq"]], ["trois", "six"])
    assert rows_below(printed, "Worst translations") == [["b", "quatre / cinq", "six"]]
    assert rows_below(printed, "Others") == [["a", "un / deux", "trois"]]


def test_where_all_samples_are_among_the_worst_there_are_no_others(printed):
    print_translation(["a"], ["un"], ["x"])
    assert rows_below(printed, "Worst translations") == [["a", "un", "x"]]
    assert "Others" not in printed.getvalue()


def test_texts_are_shown_on_one_line_cut_and_without_control_characters(printed):
    print_translation(["[red]a\n:smile:"], ["\x1b[2J"], ["y" * 999], samples=1)
    lines = printed.getvalue().split("Worst translations")[1]
    assert "[red]a :smile:" in lines and "�[2J" in lines
    assert "\x1b" not in lines
    assert (lines.count("y"), lines.count("…")) == (159, 1)


def test_wrong_translations_are_red():
    table = texts._translations("", [("a", ["un", "une"], "une"), ("b", ["deux"], "trois")], "x")
    assert [str(cell.style) for cell in table.columns[2].cells] == ["", "red"]


def print_captioning(references, *predictions, pictures=(), **settings):
    names = ("most typical caption", "model")[-len(predictions) :]
    scores = {n: metrics.captioning(references, p) for n, p in zip(names, predictions, strict=True)}
    texts.print_captioning(scores, pictures, references, predictions[-1], **settings)


CAPTIONS = [["a red boat", "boat on water"], ["a black dog", "dog"], ["two cats", "cats"], ["a boy", "kid"]]


def test_captions_are_shown_with_scores_names_and_the_worst_by_cider_first(printed):
    found = ["a red car", "a black dog", "fish", "kid"]
    print_captioning(CAPTIONS, ["a dog"] * 4, found, pictures=["1.png", "2.png", "3.png", "4.png"], samples=2)
    # So many figures stand below each other.
    assert cells(printed, "")[1:] == ["most typical caption", "model"]
    for figure in ("BLEU-4", "BLEU-1", "CIDEr", "ROUGE-L", "word accuracy"):
        assert len(cells(printed, figure)) == 3
    assert cells(printed, "exact match")[1] == "0.0000"
    assert rows_below(printed, "Worst captions") == [
        ["3.png", "two cats / cats", "fish"],
        ["1.png", "a red boat / boat on water", "a red car"],
    ]
    assert "red)" not in printed.getvalue()  # a free caption may be right and equal no reference
    assert [row[0] for row in rows_below(printed, "Others, drawn evenly")] == ["2.png", "4.png"]


def test_pictures_without_names_have_no_column_for_them(printed):
    print_captioning([["boat"], ["dog"]], ["boat", "cat"], part="validation")
    assert "Scores on validation" in printed.getvalue()
    assert rows_below(printed, "Worst captions") == [["dog", "cat"]]
    assert rows_below(printed, "Others") == [["boat", "boat"]]
    assert "wrong ones in red" in " ".join(printed.getvalue().split())


def test_wrong_names_are_red():
    rows = [("", ["boat"], "boat"), ("", ["dog"], "cat")]
    for names_only, style in ((True, "red"), (False, "")):
        table = texts._captions("", rows, names_only)
        assert [str(cell.style) for cell in table.columns[1].cells] == ["", style]


def test_captions_are_shown_as_they_are_and_only_two_references(printed):
    print_captioning([["[red]x", "y\nz", "third"]], ["\x1b[2J:smile:"])
    assert rows_below(printed, "Worst captions") == [["[red]x / y z", "�[2J:smile:"]]
