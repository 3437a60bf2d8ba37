import csv
import io
import json
import re

import pyarrow
import pytest
from pyarrow import parquet

from zoo.show import answers, console
from zoo.show.coloured import _CODE
from zoo.tasks import Captioning, Classification, Manifest, Tagging, Text, Translation
from zoo.tasks.base import Answered

KINDS = {"spans": Tagging, "translation": Translation, "translations": Translation, "caption": Captioning}
KINDS |= {"captions": Captioning, "continuation": Text}


def answered(rows, labels=(), code=False, max_pieces=0, refused=None):
    """Returns the task whose answers rows are, and the answers."""
    task = next((kind for name, kind in KINDS.items() if name in rows[0]), Classification)()
    config = {"style": "code" if code else "prose", **({"max_pieces": max_pieces} if max_pieces else {})}
    return task, Answered(rows, Manifest(labels=labels, config=config), refused or {})


def show(*given, **settings):
    answers.show(*answered(*given, **settings))


def tell(*given, **settings):
    answers.tell(*answered(*given, **settings))


def draw(*given, title="", **settings):
    return answers.draw(*answered(*given, **settings), title)


def write(rows, suffix):
    return answers.write(answered(rows)[0], rows, suffix)


def notes(row, *given, **settings):
    task, said = answered([row], (), False, *given, **settings)
    return task.notes(row, said)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """No variable says what kind of terminal this is."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def terminal(monkeypatch):
    """Makes answers go to a terminal of eight colours, 60 characters wide; holds what it was sent."""
    stream = io.StringIO()

    visible = console._Visible

    def eight_colours(**settings):
        return visible(
            file=stream, width=60, force_terminal=True, color_system="standard", _environ={}, **settings
        )

    monkeypatch.setattr(console, "_Visible", eight_colours)
    return stream


def plain(stream):
    """Returns what a person reads, without the codes of colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue())


def coloured(stream):
    """Returns the pieces that have a style, with the code of the style."""
    return re.findall(r"\x1b\[([0-9;]+)m([^\x1b]+)\x1b\[0m", stream.getvalue())


def tagged(text, *tokens, spans=()):
    """Builds a row from (token, tag), each found in the text after the one before, and (type, start, end)."""
    rows, end = [], 0
    for token, tag in tokens:
        start = text.index(token, end)
        end = start + len(token)
        rows.append({"token": token, "tag": tag, "score": 0.5, "start": start, "end": end})
    found = [{"type": kind, "text": text[a:b], "start": a, "end": b} for kind, a, b in spans]
    return {"text": text, "tokens": rows, "spans": found}


ENTITIES = tagged(
    "[red] Zoë saw New York.",
    *(("[", "O"), ("red", "O"), ("]", "O"), ("Zoë", "B-PER"), ("saw", "O")),
    *(("New", "B-LOC"), ("York", "I-LOC"), (".", "O")),
    spans=[("PER", 6, 9), ("LOC", 14, 22)],
)
TWEETS = [
    {"text": "[red]a :smile: [/]", "label": "[b]", "score": 0.75, "scores": {"[b]": 0.75, "ok": 0.25}},
    {"text": "", "label": "ok", "score": 0.5, "scores": {"[b]": 0.5, "ok": 0.5}},
]


def test_a_classifiers_answers_are_a_table_that_shows_markup_as_it_is(terminal):
    show(TWEETS, ["[b]", "ok"])
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in plain(terminal).splitlines()]
    assert ["[red]a :smile: [/]", "[b]", "0.7500", "[b] 0.75  ok 0.25"] in cells
    assert ["", "ok", "0.5000", "[b] 0.50  ok 0.50"] in cells


def test_a_table_is_printed_in_a_pipe_too(capsys):
    show(TWEETS, ["[b]", "ok"])
    output = capsys.readouterr().out
    assert "[red]a :smile: [/]" in output
    assert "\x1b" not in output


def test_spans_stand_in_the_text_with_their_type_and_colour(terminal):
    show([ENTITIES], ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
    assert plain(terminal) == "[red]  Zoë PER  saw  New York LOC .\n"
    # Types share out the colours in their order: cyan (36), green (32).
    assert coloured(terminal) == [
        ("7;36", " Zoë "),
        ("1;36", "PER "),
        ("7;32", " New York "),
        ("1;32", "LOC "),
    ]


def test_texts_without_spans_are_printed_plain(terminal):
    show([tagged("so it is", ("so", "O")), tagged("")], ["O", "B-PER"])
    assert terminal.getvalue() == "so it is\n\n"


def test_plain_tags_stand_behind_their_tokens(terminal):
    row = tagged("[b] runs,fast", ("[b]", "NOUN"), ("runs", "VERB"), (",", "PUNCT"), ("fast", "X"))
    show([row], ["NOUN", "VERB", "PUNCT"])
    assert plain(terminal) == "[b]/NOUN runs/VERB ,/PUNCT fast/X\n"
    # A tag that is not among the labels has no colour.
    assert coloured(terminal) == [("36", "/NOUN"), ("32", "/VERB"), ("35", "/PUNCT")]


def test_more_labels_than_colours_share_them(terminal):
    labels = [f"T{i}" for i in range(13)]
    show([tagged("a b", ("a", "T0"), ("b", "T12"))], labels)
    assert coloured(terminal) == [("36", "/T0"), ("36", "/T12")]


CODE = tagged(
    'def f(x):\n    "[red]"\n',
    *(("def", "keyword"), ("f", "function"), ("(", "operator"), ("x", "parameter")),
    *((")", "operator"), (":", "operator"), ("\n", "O")),
    *(('"', "B-string"), ("[", "I-string"), ("red", "I-string"), ("]", "I-string"), ('"', "I-string")),
)


def test_code_is_printed_as_it_stands_and_coloured_by_role(terminal):
    show([CODE], ["keyword", "B-string"], code=True)
    code, legend = plain(terminal).split("\n\n")
    assert code == 'def f(x):\n    "[red]"'
    assert legend.split() == list(_CODE)
    pieces = coloured(terminal)[: len(CODE["tokens"]) - 1]  # a line break has no colour
    assert pieces == [
        *(("1;35", "def"), ("1;34", "f"), ("2", "("), ("3;33", "x"), ("2", ")"), ("2", ":")),
        *(("31", piece) for piece in ('"', "[", "red", "]", '"')),
    ]


def test_colours_of_code_stay_in_place_behind_tabs_and_control_characters(terminal):
    text = "a\r\n\x0cb\t1\x07\x1b[2J\x9b if\r\n"
    show([tagged(text, ("1", "number"), ("if", "keyword"))], [], code=True)
    assert coloured(terminal)[:2] == [("33", "1"), ("1;35", "if")]
    shown = plain(terminal).split("\n\n")[0]
    assert shown.split() == ["a", "b", "1��[2J�", "if"]


def test_a_terminal_never_gets_control_characters_of_a_text(terminal):
    evil = "a\x1b]0;title\x07\x9b31m\x00b"
    shown = "a�]0;title��31m�b"
    show([{"text": evil, "label": "x"}], ["x"])
    show([tagged(evil, ("b", "N"))], ["N"])
    show([tagged(evil, ("b", "B-X"), spans=[("X", 0, len(evil))])], ["B-X"])
    show([tagged(evil, (evil, "N"))], ["N"])
    assert not re.search(r"[\x00\x07\x9b]|\x1b(?!\[[0-9;]*m)", terminal.getvalue())
    assert plain(terminal).count(shown) == 3


def test_in_a_pipe_tokens_are_columns_with_a_blank_line_between_texts(capsys):
    show([ENTITIES, tagged(""), tagged("a", ("a", "O"))], ["O", "B-PER"])
    assert capsys.readouterr().out.split("\n") == [
        "[\tO\t0.5000\t0\t1",
        "red\tO\t0.5000\t1\t4",
        "]\tO\t0.5000\t4\t5",
        "Zoë\tB-PER\t0.5000\t6\t9",
        "saw\tO\t0.5000\t10\t13",
        "New\tB-LOC\t0.5000\t14\t17",
        "York\tI-LOC\t0.5000\t18\t22",
        ".\tO\t0.5000\t22\t23",
        "",
        "",  # the text without tokens
        "a\tO\t0.5000\t0\t1",
        "",
    ]


def test_in_a_pipe_every_token_stays_on_its_line_and_emoji_are_readable(capsys):
    tokens = ["\r\n", "👩🏽\u200d🚀", "\n", "\\", '"', "日"]
    row = tagged(" ".join(tokens), *((token, "O") for token in tokens))
    show([row], ["O"], code=True)
    lines = capsys.readouterr().out.split("\n")
    assert [line.split("\t")[0] for line in lines] == [
        "\\r\\n", "👩🏽\u200d🚀", "\\n", "\\", '"', "日", "",
    ]  # fmt: skip


def test_jsonl_has_an_object_for_each_text():
    rows = [ENTITIES, tagged("\n"), *TWEETS]
    lines = write(rows, ".jsonl").removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == rows
    assert "Zoë" in lines[0]


@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
def test_tables_of_a_tagger_have_a_row_for_each_token(suffix, separator):
    rows = [
        tagged('a,\t"\r\n', ("a,\t", "B-X"), ('"', "I-X"), ("\r\n", "O")),
        tagged(""),
        tagged("b", ("b", "O")),
    ]
    content = write(rows, suffix)
    assert content.startswith(separator.join(["text", "token", "tag", "score", "start", "end"]) + "\n")
    assert list(csv.DictReader(io.StringIO(content, newline=""), delimiter=separator)) == [
        {"text": "0", "token": "a,\t", "tag": "B-X", "score": "0.5", "start": "0", "end": "3"},
        {"text": "0", "token": '"', "tag": "I-X", "score": "0.5", "start": "3", "end": "4"},
        {"text": "0", "token": "\r\n", "tag": "O", "score": "0.5", "start": "4", "end": "6"},
        {"text": "2", "token": "b", "tag": "O", "score": "0.5", "start": "0", "end": "1"},
    ]


def test_a_table_of_texts_without_tokens_is_its_header():
    assert write([tagged("")], ".csv") == "text,token,tag,score,start,end\n"


@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
def test_tables_of_a_classifier_have_a_column_for_each_label(suffix, separator):
    content = write(TWEETS, suffix)
    assert list(csv.reader(io.StringIO(content, newline=""), delimiter=separator)) == [
        ["text", "label", "score", "scores.[b]", "scores.ok"],
        ["[red]a :smile: [/]", "[b]", "0.75", "0.75", "0.25"],
        ["", "ok", "0.5", "0.5", "0.5"],
    ]


def translated(text, translation, score=-0.25, finished=True, truncated=False):
    answer = {"translation": translation, "score": score, "finished": finished}
    return {"text": text, **answer, "truncated": truncated}


def several(text, *pairs, truncated=False, finished=True):
    found = [{"translation": one, "score": score, "finished": finished} for one, score in pairs]
    return {"text": text, "translations": found, "truncated": truncated}


def cells(stream):
    rows = (line.split("│")[1:-1] for line in plain(stream).splitlines())
    return [[cell.strip() for cell in row] for row in rows if row]


def test_translations_stand_beside_their_texts(terminal):
    show([translated("two [b]dogs", "deux chiens"), translated("", "", 0.0)], [])
    assert cells(terminal) == [["two [b]dogs", "deux chiens", "-0.2500"], ["", "", "0.0000"]]


def test_a_text_or_translation_that_was_cut_has_a_note(terminal):
    rows = [
        translated("a", "b"),
        translated("word " * 1000, "mot", truncated=True),
        translated("c", "d d d", finished=False),
    ]
    show(rows, [], max_pieces=7)
    shown = plain(terminal)
    assert len(shown.splitlines()) < 80  # of 5,000 characters not all are shown
    words = " ".join(row[3] for row in cells(terminal) if row[3])
    assert words == "only the first 7 pieces were read stopped at the length limit"


def test_a_model_that_says_how_sure_it_is_has_a_column_more_and_marks_what_is_doubtful(terminal):
    sure, unsure = translated("a", "b"), translated("c", "d")
    show([{**sure, "confidence": 0.875}, {**unsure, "confidence": 0.25}], [])
    shown = cells(terminal)
    assert [row[:4] for row in shown if row[0]] == [
        ["a", "b", "-0.2500", "0.88"],
        ["c", "d", "-0.2500", "0.25"],
    ]
    assert " ".join(row[4] for row in shown if row[4]) == "doubtful (confidence below 0.5)"


@pytest.mark.parametrize("width", range(12, 40))
def test_no_part_of_a_text_is_lost_behind_wide_characters(terminal, width):
    words = "日 b " * (width // 5) + "c" * (width % 5) + " d e f"
    show([translated(words, "")], [])
    show([{"text": words, "label": "x" * 30}], ["x" * 30])
    assert "…" not in plain(terminal)
    for first in (0, 1):
        found = "".join(row[0] for row in cells(terminal) if len(row) == (3, 2)[first])
        assert found.replace(" ", "") == words.replace(" ", "")


def test_several_translations_stand_below_each_other(terminal):
    rows = [several("one", ("un", -0.5), ("une", -0.75), truncated=True), several("two", ("deux", -1.0))]
    show(rows, [], max_pieces=9)
    shown = cells(terminal)
    assert [row[:3] for row in shown if row[1]] == [
        ["one", "un", "-0.5000"],
        ["", "une", "-0.7500"],
        ["two", "deux", "-1.0000"],
    ]
    assert " ".join(row[3] for row in shown if row[3]) == "only the first 9 pieces were read"


def test_in_a_pipe_translations_are_lines_and_notes_go_to_standard_error(capsys):
    rows = [translated("a", "un\nb", finished=False), translated("b", ""), *[translated("c", "c")] * 7]
    rows[2:] = [{**row, "truncated": True} for row in rows[2:]]
    show(rows, [], max_pieces=7)
    output = capsys.readouterr()
    assert output.out == "un b\n\n" + "c\n" * 7
    assert output.err.splitlines() == [
        "note: text 1: stopped at the length limit",
        "note: texts 3, 4, 5, 6, 7 and 2 more: only the first 7 pieces were read",
    ]


def test_in_a_pipe_several_translations_have_scores_and_blank_lines_between_texts(capsys):
    rows = [several("one", ("un", -0.5), ("une", -0.75)), several("two", ("deux", -1.0), finished=False)]
    show(rows, [])
    output = capsys.readouterr()
    assert output.out == "un\t-0.5000\nune\t-0.7500\n\ndeux\t-1.0000\n"
    assert output.err == "note: text 2: stopped at the length limit\n"


@pytest.mark.parametrize(
    ("rows", "table"),
    [
        (
            [translated("a,b", "c", truncated=True)],
            'text,translation,score,finished,truncated\n"a,b",c,-0.25,True,True\n',
        ),
        (
            [several("a", ("b", -1.0), ("c", -2.0)), several("d", ("e", -3.0))],
            "text,rank,translation,score,finished,truncated\n"
            "a,1,b,-1.0,True,False\na,2,c,-2.0,True,False\nd,1,e,-3.0,True,False\n",
        ),
        (
            [{"text": "a", "translation": "é", "attention": [[0.5, 0.5]], "target_tokens": [" é"]}],
            'text,translation,attention,target_tokens\na,é,"[[0.5, 0.5]]","["" é""]"\n',
        ),
    ],
)
def test_tables_of_a_translator_have_all_fields(rows, table):
    assert write(rows, ".csv") == table
    assert [json.loads(line) for line in write(rows, ".jsonl").splitlines()] == rows


def test_the_picture_of_translations_is_their_table():
    svg = draw([translated("a", "zwei", finished=False)], [], max_pieces=3, title="tiny")
    assert "zwei" in svg
    assert "length" in svg


WRITTEN = [
    {"text": "def \x1b[1mf():\n\t[red]1", "continuation": "f():\n\t[red]1", "log_probability": -3.5},
    {"text": "", "continuation": "", "log_probability": 0.0},
]


def test_what_a_generator_wrote_stands_in_colour_behind_its_prompt(terminal):
    show(WRITTEN, labels=[])
    assert coloured(terminal) == [("1", "def �[1m"), ("36", "f():"), ("36", "        "), ("36", "[red]1")]
    assert plain(terminal).startswith("def �[1mf():\n        [red]1\n")


def test_in_a_pipe_written_texts_have_a_blank_line_between_them(capsys):
    show([{"text": "a b", "continuation": "b"}, {"text": "c\nd", "continuation": "d"}], labels=[])
    assert capsys.readouterr().out == "a b\n\nc\nd\n"


def test_tables_and_objects_hold_what_was_written():
    assert [json.loads(line) for line in write(WRITTEN, ".jsonl").splitlines()] == WRITTEN
    rows = list(csv.DictReader(io.StringIO(write(WRITTEN, ".csv"))))
    assert rows[0] == {
        "text": WRITTEN[0]["text"], "continuation": WRITTEN[0]["continuation"], "log_probability": "-3.5"
    }  # fmt: skip


def test_parquet_has_numbers_as_numbers_and_lists_as_lists():
    rows = [
        {
            "text": "a\nb",
            "score": 0.5,
            "count": 1,
            "tokens": [{"token": "a", "start": 0}],
            "words": ["x", "é"],
        },
        {"text": "", "score": None, "count": 2, "tokens": [], "words": [], "note": "late"},
    ]
    task, _ = answered(rows)
    found = parquet.read_table(pyarrow.BufferReader(answers.content(task, rows, ".parquet")))
    assert found.to_pylist() == [{**rows[0], "note": None}, rows[1]]
    assert [str(field.type) for field in found.schema][:3] == ["string", "double", "int64"]
    assert answers.content(task, rows, ".parquet") == answers.content(task, rows, ".parquet")
    assert answers.content(task, rows, ".jsonl").decode() == answers.write(task, rows, ".jsonl")
