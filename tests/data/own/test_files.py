import json

import pyarrow
import pytest
import tensorflow as tf
from pyarrow import parquet
from tiny import pairs_of, sentences_of

import zoo.data
from zoo.data.own import tables
from zoo.errors import ZooError

# As the hashes of test_splits.py say: "one", "two" are for training, "seven" for validation, "five" for test.
CSV = "text,label\none,good\ntwo,bad\nseven,good\nfive,bad\n"


def load(path):
    return zoo.data.load(str(path), "classification")


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(examples, split):
    """Returns (text, label's name) of every row."""
    return [
        (row["text"].decode(), examples.label_names[row["label"]])
        for row in examples.split(split).dataset.as_numpy_iterator()
    ]


def refusal(path):
    """Returns the message, which is one line and names the path."""
    with pytest.raises(ZooError) as error:
        load(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)
    return str(error.value)


def test_one_file_is_split_by_its_texts(tmp_path):
    examples = load(write(tmp_path / "a.csv", CSV))
    assert rows(examples, "train") == [("one", "good"), ("two", "bad")]
    assert rows(examples, "validation") == [("seven", "good")]
    assert rows(examples, "test") == [("five", "bad")]


def test_copies_of_a_text_stay_in_one_split(tmp_path):
    examples = load(write(tmp_path / "a.csv", CSV + "RT @bo: Five!,good\nhttp://t.co/x seven,bad\n"))
    assert rows(examples, "train") == [("one", "good"), ("two", "bad")]
    assert rows(examples, "validation") == [("seven", "good"), ("http://t.co/x seven", "bad")]
    assert rows(examples, "test") == [("five", "bad"), ("RT @bo: Five!", "good")]


def test_csv_tsv_and_jsonl_read_alike(tmp_path):
    text, other = 'He said "no",\r\nthen\nhe\tleft – naïve 😀', "plain"
    write(tmp_path / "train.csv", f'label,text\ngood,"{text.replace(chr(34), chr(34) * 2)}"\nbad,{other}\n')
    write(
        tmp_path / "validation.tsv",
        f'text\tlabel\n"{text.replace(chr(34), chr(34) * 2)}"\tgood\n{other}\tbad',
    )
    lines = [{"text": text, "label": "good"}, {"label": "bad", "text": other}]
    write(tmp_path / "test.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    examples = load(tmp_path)
    for split in ("train", "validation", "test"):
        assert rows(examples, split) == [(text, "good"), (other, "bad")]


def write_parquet(path, **columns):
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_parquet_reads_as_csv_does(tmp_path):
    texts, labels = [f"row {i}" for i in range(60)], ["yes", "no"] * 30
    lines = "".join(f"{text},{label}\n" for text, label in zip(texts, labels, strict=True))
    expected = load(write(tmp_path / "a.csv", f"text,label\n{lines}"))
    for number, column in enumerate((labels, pyarrow.array(labels).dictionary_encode())):
        found = load(write_parquet(tmp_path / f"{number}.parquet", text=texts, label=column))
        for split in ("train", "validation", "test"):
            assert rows(found, split) == rows(expected, split)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"text": ["a", None], "label": ["x", "y"]}, ("row 2", "a text that is null", "fill it in")),
        ({"text": ["a", "b"], "label": [None, "y"]}, ("line 1", "blank label")),
        ({"text": ["a", "b"], "label": [float("nan"), 1.0]}, ("line 1", "blank label")),
        ({"text": ["a"], "label": [["x", "y"]]}, ("line 1", 'a label that is ["x", "y"]')),
        ({"text": ["a"], "label": [{"x": 1}]}, ("line 1", 'a label that is {"x": 1}')),
        ({"text": [1], "label": ["x"]}, ("row 1", "not a string")),
        ({"text": ["a"]}, ("the table has no column 'label'", "'text'")),
        ({"text": pyarrow.array([], "string"), "label": pyarrow.array([], "string")}, ("has no rows",)),
        ({"text": pyarrow.array([b"\xff"]).view("string"), "label": ["x"]}, ("cannot be read as Parquet",)),
    ],
)
def test_bad_parquet_is_refused_in_one_line(tmp_path, columns, told):
    message = refusal(write_parquet(tmp_path / "a.parquet", **columns))
    for words in told:
        assert words in message


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 and what else PAR1", b"text,label\na,b\n"])
def test_a_damaged_parquet_file_is_refused_in_one_line(tmp_path, content):
    assert "cannot be read as Parquet (" in refusal(write(tmp_path / "a.parquet", content))
    whole = write_parquet(tmp_path / "b.parquet", text=["a" * 99, "b"], label=["x", "y"])
    whole.write_bytes(whole.read_bytes().replace(b"a" * 50, b"z" * 50).replace(b"PAR1", b"PAR2", 1)[:-9])
    assert "cannot be read as Parquet (" in refusal(whole)


def test_two_parquet_columns_of_one_name_are_refused(tmp_path):
    table = pyarrow.Table.from_arrays([pyarrow.array(["a"])] * 3, names=["text", "label", "label"])
    parquet.write_table(table, tmp_path / "a.parquet")
    assert "two columns share a name" in refusal(tmp_path / "a.parquet")


def test_features_and_card(tmp_path):
    path = write(tmp_path / "a.csv", CSV)
    examples = load(path)
    (row, _) = examples.train.dataset.as_numpy_iterator()
    assert row["text"] == b"one"
    assert (row["label"].dtype, row["label"].shape, row["label"]) == ("int64", (), 1)
    assert (examples.name, examples.source, examples.licence) == (str(path), "a.csv", "the user's own")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.replace("\n", "\r\n"),
        CSV + "\n\n  \n",
        "id, text ,label,more\n1,one,good,x\n2,two,bad,\n3,  seven , good ,\n4,five,bad\n",
    ],
    ids=["byte-order mark", "Windows line ends", "blank lines at the end", "other columns and spaces"],
)
def test_variants_of_csv_read_the_same(tmp_path, content):
    examples = load(write(tmp_path / "a.csv", content))
    assert rows(examples, "train") == [("one", "good"), ("two", "bad")]
    assert rows(examples, "validation") == [("seven", "good")]


def test_labels_are_any_strings_in_sorted_order(tmp_path):
    examples = load(
        write(tmp_path / "a.csv", "text,label\none,zürich\ntwo,3\nthree,Apple\nseven,3\nfive,3\n")
    )
    assert examples.label_names == ("3", "Apple", "zürich")
    assert [int(row["label"]) for row in examples.train.dataset] == [2, 0, 1]


def test_numbers_are_labels_too(tmp_path):
    texts = {"one": 1, "two": 0, "seven": 1, "five": 0}
    lines = [json.dumps({"text": text, "label": label}) for text, label in texts.items()]
    assert load(write(tmp_path / "a.jsonl", "\n".join(lines))).label_names == ("0", "1")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_very_long_text_is_read(tmp_path, suffix):
    long = "word " * 40_000 + "end"
    if suffix == "csv":
        content = CSV + f"{long},good\n"
    else:
        texts = {"one": "good", "two": "bad", "seven": "good", "five": "bad", long: "good"}
        content = "\n".join(json.dumps({"text": text, "label": label}) for text, label in texts.items())
    examples = load(write(tmp_path / f"a.{suffix}", content))
    assert (long, "good") in [
        row for split in ("train", "validation", "test") for row in rows(examples, split)
    ]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "", ("empty", "text and label")),
        ("a.csv", b"\xef\xbb\xbf \n", ("empty", "text and label")),
        ("a.jsonl", "\n\n", ("empty", "text and label")),
        ("a.csv", "review,label\nx,y\n", ("no column 'text'", "'review', 'label'", "first line")),
        ("a.tsv", "text,label\nx,y\n", ("parted by commas, not by tabs", "save it with tabs")),
        ("a.csv", "text;label\nx, y;z\n", ("parted by semicolons, not by commas", "decimal point")),
        ("a.csv", "text\tlabel\nx\ty\n", ("parted by tabs, not by commas",)),
        ("a.jsonl", '{"text": "x", "label": ["pos"]}', ("line 1", 'a label that is ["pos"]', "one label")),
        ("a.jsonl", '{"text": "x", "label": []}', ("line 1", "a label that is []", "one label")),
        ("a.jsonl", '{"text": "x", "label": {"a": 1}}', ("line 1", 'a label that is {"a": 1}')),
        ("a.tsv", "text\tlabel\na\tb\tc\n", ("line 2", "3 cells", "take the tabs out")),
        ("a.csv", "text,label\none,good\n  ,bad\n", ("line 3", "blank text", "remove the row")),
        ("a.csv", "text,label\none,good\ntwo, \n", ("line 3", "blank label", "remove the row")),
        ("a.csv", "text,label\none,good\n\n,bad\n", ("line 4", "blank text", "remove the row")),
        ("a.jsonl", '{"text": "x", "label": "y"}\n{"text": null, "label": "y"}', ("line 2", "blank text")),
        ("a.csv", "text,label\none,good\ntwo\n", ("line 3", "blank label")),
        ("a.csv", "text,label\none,good,\nb,c,d\n", ("line 2", "3 cells", "header has 2", "quote")),
        ("a.csv", 'text,label\none,good\n"two" too,bad\n', ("line 3", "malformed", "mend its quotes")),
        ("a.csv", 'text,label\none,good\n"two,bad\n', ("line 3", "malformed", "mend its quotes")),
        ("a.csv", b"text,label\none,good\ncaf\xe9,bad\n", ("line 3", "not UTF-8", "save the file as UTF-8")),
        ("a.csv", CSV.encode("utf-16"), ("line 1", "not UTF-8", "save the file as UTF-8")),
        ("a.csv", CSV.replace("bad", "good"), ("only one label ('good')", "at least two")),
        ("a.csv", "text,label\none,good\ntwo,bad\n", ("too few rows", "validation", "give more rows")),
        ("a.csv", "text,label\n", ("has no rows", "add some")),
        (
            "a.csv",
            "text,label\none,good\ntwo,bad\nfive,x\nseven,bad\n",
            ("label 'x'", "test part", "training"),
        ),
        ("a.txt", CSV, ("unknown kind of file", ".csv, .tsv, .jsonl")),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, content, told):
    message = refusal(write(tmp_path / name, content))
    for part in told:
        assert part in message


@pytest.mark.parametrize(
    "line",
    [
        "",
        "text",
        "[1, 2]",
        '"text"',
        '{"text": "x", "label": "y"',
        "[" * 100_000,
        '{"label": ' + "1" * 5_000 + "}",
    ],
    ids=["blank", "no JSON", "list", "string", "cut off", "nested without end", "a number without end"],
)
def test_a_line_that_is_no_json_object_is_named(tmp_path, line):
    good = '{"text": "one", "label": "good"}'
    message = refusal(write(tmp_path / "a.jsonl", f"{good}\n{line}\n{good}\n"))
    assert "line 2 is not a JSON object" in message
    assert "one object on each line" in message


def test_a_json_line_without_a_column_is_named(tmp_path):
    message = refusal(write(tmp_path / "a.jsonl", '{"text": "one", "label": "good"}\n{"text": "two"}\n'))
    assert "'label'" in message
    assert "line 2" in message


def test_a_json_text_that_is_no_string_is_refused(tmp_path):
    texts = {"one": "good", "two": "bad", "seven": "good", "five": "bad"}
    lines = [json.dumps({"text": text, "label": label}) for text, label in texts.items()]
    lines.append('{"text": ["a", "b"], "label": "bad"}')
    assert "line 5" in refusal(write(tmp_path / "a.jsonl", "\n".join(lines)))


def test_half_of_a_surrogate_pair_is_refused(tmp_path):
    texts = {"one": "good", "two": "bad", "seven": "good", "five \\ud83d": "bad", "five": "bad"}
    lines = [f'{{"text": "{text}", "label": "{label}"}}' for text, label in texts.items()]
    assert "line 4" in refusal(write(tmp_path / "a.jsonl", "\n".join(lines)))


def test_a_missing_file_is_named(tmp_path):
    assert "no such file" in refusal(tmp_path / "no.csv")


def test_each_mapping_reads_files_of_its_own(tmp_path):
    path = write(tmp_path / "a.csv", CSV)
    with pytest.raises(ZooError, match=r"ends in \.conll, \.conllu"):
        zoo.data.load(str(path), "tagging")
    with pytest.raises(ZooError, match=r"'juggling'; there is: .*captioning, series, text"):
        zoo.data.load(str(path), "juggling")
    with pytest.raises(ZooError, match="for tagging only"):
        zoo.data.load(str(path), "classification", tags="label")


@pytest.fixture
def folder(tmp_path):
    for split in ("train", "validation", "test"):
        write(tmp_path / f"{split}.csv", "text,label\none,good\ntwo,bad\n")
    return tmp_path


def test_a_folder_gives_each_file_as_its_split(folder):
    write(folder / "test.csv", "text,label\none more,bad\n")
    examples = load(folder)
    assert rows(examples, "train") == rows(examples, "validation") == [("one", "good"), ("two", "bad")]
    assert rows(examples, "test") == [("one more", "bad")]


def test_a_folder_without_one_split_is_refused(folder):
    (folder / "test.csv").unlink()
    assert "one file test.csv, test.tsv, test.jsonl or test.parquet" in refusal(folder)


def test_a_folder_with_two_files_for_a_split_is_refused(folder):
    write(folder / "train.tsv", "text\tlabel\none\tgood\n")
    assert "one file train.csv, train.tsv, train.jsonl or train.parquet" in refusal(folder)


def test_a_label_that_training_lacks_is_refused(folder):
    write(folder / "validation.csv", "text,label\none,good\ntwo,ugly\n")
    message = refusal(folder)
    assert "'ugly'" in message
    assert "validation part" in message


def test_a_bad_file_in_a_folder_is_named(folder):
    write(folder / "validation.csv", "text,label\none,good\n ,bad\n")
    message = refusal(folder)
    assert str(folder / "validation.csv") in message
    assert "line 3" in message


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,text,label\na,b,c\n")
    with pytest.raises(ZooError, match=r"a\.csv: two columns .* share a name"):
        zoo.data.load(str(path), "classification")


# "one" and "two" are for training, "seven" for validation, "five" for test.
SENTENCES = "One I-X\n\ntwo O\n. O\n\nseven I-Y\n\nfive O\n\nFIVE I-X\n! I-X\n"


def tagged(path, tags=""):
    examples = zoo.data.load(str(path), "tagging", tags=tags)
    parts = (sentences_of(examples.split(split)) for split in ("train", "validation", "test"))
    return examples, [list(zip(*part, strict=True)) for part in parts]


def test_a_column_file_is_split_by_its_sentences(tmp_path):
    path = write(tmp_path / "a.conll", SENTENCES)
    examples, (train, validation, test) = tagged(path)
    assert train == [(["One"], ["B-X"]), (["two", "."], ["O", "O"])]
    assert validation == [(["seven"], ["B-Y"])]
    assert test == [(["five"], ["O"]), (["FIVE", "!"], ["B-X", "I-X"])]
    assert examples.label_names == ("B-X", "I-X", "O")
    assert (examples.name, examples.source, examples.licence) == (str(path), "a.conll", "the user's own")
    for split in ("train", "validation", "test"):
        strings = tf.TensorSpec([None], tf.string)
        assert examples.split(split).dataset.element_spec == {"tokens": strings, "tags": strings}


def universal(*words):
    lines = [f"{i}\t{word}\t_\tNOUN\tX{i}" + "\t_" * 5 for i, word in enumerate(words, 1)]
    return "\n".join([f"# text = {''.join(words)}", *lines, "", ""])


def test_a_folder_of_conllu_files_has_the_raw_text(tmp_path):
    write(tmp_path / "train.conllu", universal("a", "b") + universal("c"))
    write(tmp_path / "validation.conllu", universal("d", "e", "f"))
    write(tmp_path / "test.conllu", universal("g"))
    examples, (train, validation, test) = tagged(tmp_path, "xpos")
    assert train == [(["a", "b"], ["X1", "X2"]), (["c"], ["X1"])]
    assert validation == [(["d", "e", "f"], ["X1", "X2", "X3"])]
    assert test == [(["g"], ["X1"])]
    assert examples.label_names == ("X1", "X2")
    assert [row["text"] for row in examples.train.dataset.as_numpy_iterator()] == [b"ab", b"c"]
    assert examples.test.dataset.element_spec["text"] == tf.TensorSpec([], tf.string)


def test_where_one_sentence_lacks_the_raw_text_there_is_none(tmp_path):
    for split in ("train", "validation", "test"):
        write(tmp_path / f"{split}.conllu", universal("a", "b"))
    write(tmp_path / "test.conllu", universal("a").split("\n", 1)[1])
    examples, _ = tagged(tmp_path, "xpos")
    assert set(examples.train.dataset.element_spec) == {"tokens", "tags"}


@pytest.mark.parametrize(
    ("name", "content", "tags", "told"),
    [
        ("a.conll", SENTENCES.replace("I-X", "O"), "", ("only one tag ('O')", "at least two")),
        ("a.conll", "one X\n\ntwo Y\n", "", ("too few sentences", "validation", "give more sentences")),
        ("a.conll", SENTENCES, "3", ("no column '3'", "from 2 to 2")),
        ("a.conllu", universal("one"), "ner", ("no column 'ner'", "upos")),
        ("train.conll", SENTENCES, None, ("needs one file validation.conll", "or validation.txt")),
    ],
)
def test_bad_column_data_is_refused_in_one_line(tmp_path, name, content, tags, told):
    path = write(tmp_path / name, content)
    with pytest.raises(ZooError) as error:
        zoo.data.load(str(tmp_path if tags is None else path), "tagging", tags=tags or "")
    assert "\n" not in str(error.value)
    for part in told:
        assert part in str(error.value)


def test_a_missing_column_file_is_named():
    with pytest.raises(ZooError, match=r"no/such\.conll: no such file; give the path of a file of columns"):
        zoo.data.load("no/such.conll", "tagging")


PAIRS = "source\ttarget\none\tun\ntwo\tdeux\nseven\tsept\nfive\tcinq\nFive!\tCinq !\none\tune\n"


def pairs(path, **options):
    examples = zoo.data.load(str(path), "translation", **options)
    parts = (pairs_of(examples.split(split)) for split in ("train", "validation", "test"))
    return examples, [list(zip(*part, strict=True)) for part in parts]


def test_a_file_of_pairs_is_split_by_its_sources(tmp_path):
    examples, (train, validation, test) = pairs(write(tmp_path / "a.tsv", PAIRS))
    assert train == [("one", "un"), ("two", "deux"), ("one", "une")]
    assert validation == [("seven", "sept")]
    assert test == [("five", "cinq"), ("Five!", "Cinq !")]
    assert (examples.source, examples.licence, examples.label_names) == ("a.tsv", "the user's own", ())
    strings = tf.TensorSpec([], tf.string)
    assert examples.test.dataset.element_spec == {"source": strings, "target": strings}


def test_other_columns_may_hold_the_pairs(tmp_path):
    path = write(tmp_path / "a.csv", PAIRS.replace("\t", ",").replace("source,target", "en,fr"))
    assert pairs(path, source="en", target="fr")[1][1] == [("seven", "sept")]


def read(path):
    return list(tables.read_table(path, ("source", "target")))


def test_quotes_in_tables_of_tabs_are_a_part_of_the_text(tmp_path):
    """Also one that stands alone, by which a reader of quoted tables takes all rows up to the next one."""
    rows = ['"Come here.\tx', "two\tdeux", '"Three," she said.\t« Trois »', 'four\tquatre"', '"five"\t"cinq"']
    path = write(tmp_path / "a.tsv", "source\ttarget\n" + "\r\n".join(rows) + "\n\n")
    assert read(path) == [
        (line, dict(zip(("source", "target"), row.split("\t"), strict=True)))
        for line, row in enumerate(rows, 2)
    ]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('source\ttarget\n"say ""a"""\tb\n', ('say "a"', "b")),  # doubled: a writer of quoted tables
        ('"source"\t"target"\n"a"\t"b"\n', ("a", "b")),
        ('source\ttarget\n"a\nb"\tc\n', ("a\nb", "c")),
        ('source\ttarget\n"a\tb"\tc\n', ("a\tb", "c")),
    ],
)
def test_tables_of_tabs_that_were_written_with_quotes_are_read_so(tmp_path, content, found):
    (row,) = read(write(tmp_path / "a.tsv", content))
    assert tuple(row[1].values()) == found


def test_a_quote_that_swallows_rows_is_told(tmp_path):
    path = write(tmp_path / "a.csv", 'source,target\na,b\n"c,d\ne,f\ng,h",i\nj,"k\nl"\n')
    with pytest.warns(
        UserWarning, match=r"a\.csv: a quoted cell runs over .* from line 3 to 5; .*, double it"
    ):
        rows = read(path)
    assert len(rows) == 3


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_blank_lines_are_no_rows(tmp_path, name):
    sign = "\t" if name.endswith("tsv") else ","
    path = write(tmp_path / name, f"source{sign}target\n\na{sign}b\n\n\nc{sign}d\n")
    assert read(path) == [(3, {"source": "a", "target": "b"}), (6, {"source": "c", "target": "d"})]


def test_a_folder_of_pairs_gives_each_file_as_its_split(tmp_path):
    write(tmp_path / "train.tsv", 'source\ttarget\n one \t"a ""b"""\n')
    write(tmp_path / "validation.csv", "target,source\ndeux,two\n")
    write(tmp_path / "test.jsonl", '{"source": "three", "target": "trois", "more": 3}\n')
    assert pairs(tmp_path)[1] == [[("one", 'a "b"')], [("two", "deux")], [("three", "trois")]]


@pytest.mark.parametrize(
    ("name", "content", "options", "told"),
    [
        ("a.tsv", "", {}, ("empty", "source and target")),
        ("a.tsv", "source\tfr\none\tun\n", {}, ("no column 'target'", "'source', 'fr'")),
        ("a.tsv", PAIRS, {"source": "en"}, ("no column 'en'", "name the columns en and target")),
        ("a.tsv", PAIRS, {"target": "source"}, ("both the column 'source'", "choose two")),
        ("a.tsv", PAIRS + "six\t \n", {}, ("line 8", "blank target", "remove the row")),
        ("a.tsv", PAIRS + "\tsix\n", {}, ("line 8", "blank source", "remove the row")),
        ("a.tsv", PAIRS + "six\n", {}, ("line 8", "blank target")),
        ("a.jsonl", '{"source": "x", "target": null}', {}, ("line 1", "blank target")),
        ("a.jsonl", '{"source": "x", "target": ["y"]}', {}, ("line 1", "a target that is not a string")),
        ("a.jsonl", '{"source": "x"}', {}, ("line 1", "no column 'target'")),
        ("a.tsv", "source\ttarget\none\tun\n", {}, ("too few rows", "validation", "give more rows")),
        ("a.tsv", "source\ttarget\n", {}, ("has no rows", "add some")),
        ("a.txt", PAIRS, {}, ("unknown kind of file", ".csv, .tsv, .jsonl")),
    ],
)
def test_bad_files_of_pairs_are_refused_in_one_line(tmp_path, name, content, options, told):
    path = write(tmp_path / name, content)
    with pytest.raises(ZooError) as error:
        zoo.data.load(str(path), "translation", **options)
    assert "\n" not in str(error.value)
    for part in (str(path), *told):
        assert part in str(error.value)
