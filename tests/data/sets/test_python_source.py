import platform
from collections import Counter

import pytest

from zoo.data.sets import python_source as module
from zoo.data.sets.python_source import (
    TAGS,
    PythonSource,
    corpus,
    examples,
    near_duplicates,
    sources,
    split_of,
    version,
    windows,
)
from zoo.errors import ZooError


def tagged(source):
    """Returns (token, tag) of the first window."""
    _, tokens, tags = next(examples([("m", source)]))
    return list(zip([token.decode() for token in tokens], tags, strict=True))


def test_windows_have_20_to_30_lines_and_join_to_the_source():
    for n in [20, 24, 30, *range(40, 400), 5_000]:
        source = "".join(f"{i}\n" for i in range(n))
        cut = windows(source)
        assert "".join(cut) == source
        assert {20 <= window.count("\n") <= 30 for window in cut} == {True}


@pytest.mark.parametrize("n", [1, 19, 31, 39])
def test_a_source_that_cannot_be_cut_so_is_one_window(n):
    assert windows("x\n" * n) == ["x\n" * n]


def test_only_line_feeds_end_a_line():
    source = "x = '\u2028\x85'\f\n" * 40
    assert windows(source) == ["x = '\u2028\x85'\f\n" * 20] * 2


def test_strings_and_comments_are_spans():
    assert tagged("x = 'a b'  # c d\n# e\n'f' 'g'\n") == [
        *(("x", "variable"), ("=", "operator")),
        *(("'", "B-string"), ("a", "I-string"), ("b", "I-string"), ("'", "I-string")),
        *(("#", "B-comment"), ("c", "I-comment"), ("d", "I-comment"), ("\n", "newline")),
        *(("#", "B-comment"), ("e", "I-comment"), ("\n", "newline")),
        *(("'", "B-string"), ("f", "I-string"), ("'", "I-string")),
        *(("'", "B-string"), ("g", "I-string"), ("'", "I-string"), ("\n", "newline")),
    ]


def test_a_line_break_in_a_string_belongs_to_it():
    assert tagged('"""a\n\nb"""\nx\n') == [
        *(('"""', "B-string"), ("a", "I-string"), ("\n", "I-string"), ("\n", "I-string")),
        *(("b", "I-string"), ('"""', "I-string"), ("\n", "newline"), ("x", "variable"), ("\n", "newline")),
    ]


def test_a_window_that_starts_inside_a_string_starts_with_its_b():
    source = '"""' + "\n" * 22 + "last words\n" + '"""\n' + "x\n" * 16
    _, second = examples([("m", source)])
    assert second[0] == source[23:]
    tags = [(token.decode(), tag) for token, tag in zip(second[1], second[2], strict=True)]
    assert tags[:7] == [
        *(("\n", "B-string"), ("\n", "I-string")),
        *(("last", "I-string"), ("words", "I-string"), ("\n", "I-string"), ('"""', "I-string")),
        ("\n", "newline"),
    ]


def test_a_backslash_at_the_end_of_a_line_is_an_operator():
    assert tagged("x = \\\n  1\n")[2:4] == [("\\", "operator"), ("\n", "newline")]


def test_windows_without_tokens_and_tables_of_data_are_left_out():
    table = "x = [" + "1," * 800 + "]\n"
    assert [text for text, _, _ in examples([("a", " \f\n" * 20), ("b", table), ("c", "x\n")])] == [
        " \f\n" * 20,  # line breaks are tokens
        "x\n",
    ]
    assert list(examples([("a", ""), ("b", " \f ")])) == []


@pytest.fixture
def library(monkeypatch, tmp_path):
    """Stands for the standard library: a folder that a test fills."""
    monkeypatch.setattr(module.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(module, "_LEAST_FILES", 1)

    def write(path, content):
        path = tmp_path / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return write


def lines(word, n=20):
    return "".join(f"{word}{i} = {i}\n" for i in range(n))


def test_packages_tests_and_generated_files_are_no_sources(library):
    left_out = [
        "site-packages/a",
        "a/test/b",
        "tests/a",
        "idlelib/idle_test/a",
        "encodings/a",
        "pydoc_data/a",
    ]
    for name in ["z", "a/b", "testing", "latest", "config", *left_out, "_sysconfigdata_x", "config-3.11/c"]:
        library(f"{name}.py", "x")
    library("a/b.txt", "x")
    assert [name for name, _ in sources()] == ["a.b", "config", "latest", "testing", "z"]


def test_sources_are_decoded_and_their_line_ends_are_line_feeds(library):
    library("a.py", b"x\r\ny\rz\n")
    library("b.py", b"# coding: latin-1\n'\xe9'\n")
    library("c.py", b"\xef\xbb\xbfx\n")
    library("d.py", b"'\xe9'\n")
    library("e.py", b"# coding: unheard-of\n")
    assert sources() == [("a", "x\ny\nz\n"), ("b", "# coding: latin-1\n'é'\n"), ("c", "x\n")]


def test_the_corpus_has_long_files_that_parse_and_of_near_duplicates_the_first(library):
    library("a.py", lines("a"))
    library("b.py", lines("b"))
    library("c.py", "# a copy\n" + lines("a") + "'''\\d'''\n")
    library("d.py", lines("d", 19))
    library("e.py", lines("e") + "print 1\n")
    library("f.py", lines("f") + "x = '\0'\n")
    assert [name for name, _ in corpus()] == ["a", "b"]


def test_the_version_tells_the_interpreter_and_changes_with_any_source(library):
    library("a.py", "x")
    first = version(sources())
    name, _, digest = first.partition("-")
    assert name == f"py{platform.python_version()}"
    assert len(digest) == 8
    library("b.py", "y")
    second = version(sources())
    library("b.py", "z")
    assert len({first, second, version(sources())}) == 3
    assert version([("a", "bc")]) != version([("ab", "c")])


def test_a_library_without_sources_is_refused_in_one_line(library, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_LEAST_FILES", 100)
    library("a.py", "x")
    with pytest.raises(ZooError) as error:
        PythonSource(data_dir=tmp_path / "data")
    for part in ("'python_source'", str(tmp_path), "holds 1:", "use a Python"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def files():
    return corpus()


def test_every_module_has_one_split_and_no_near_duplicate(files):
    names = [name for name, _ in files]
    assert len(set(names)) == len(names) > 300
    keys = [" ".join(module.re.findall(r"\w+", source)) for _, source in files]
    assert len(near_duplicates(keys)) == len(files)


@pytest.fixture(scope="module")
def prepared(zoo_cache):
    builder = PythonSource(data_dir=zoo_cache)
    builder.download_and_prepare()
    return builder


def test_it_is_prepared_under_the_interpreter_s_version(prepared, zoo_cache):
    name = prepared.builder_config.name
    assert name == version(sources())
    assert prepared.info.full_name == f"python_source/{name}/1.0.0"
    assert (zoo_cache / "python_source" / name / "1.0.0" / "dataset_info.json").is_file()


def test_the_splits_hold_the_windows_of_their_own_modules(prepared, files):
    cut = Counter((split_of(name), text) for name, source in files for text in windows(source))
    stored = Counter(
        (split, row["text"].decode())
        for split in ("train", "validation", "test")
        for row in prepared.as_dataset(split=split).as_numpy_iterator()
    )
    assert stored <= cut
    assert stored.total() > 0.99 * cut.total()  # tables of data are left out


def test_stored_tags_are_legal_and_tokens_are_in_the_text(prepared):
    assert tuple(prepared.info.features["tags"].feature.names) == TAGS
    seen = Counter()
    for row in prepared.as_dataset(split="test").as_numpy_iterator():
        tags = [TAGS[number] for number in row["tags"]]
        assert len(tags) == len(row["tokens"])
        assert b"".join(row["tokens"]) == row["text"].translate(None, b" \t\f")
        for before, tag in zip(["newline", *tags], tags, strict=False):
            assert tag[0] != "I" or before[1:] == tag[1:]
        seen.update(tags)
    assert set(seen) == set(TAGS)
