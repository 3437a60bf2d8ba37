"""Kanji, their parts and their strokes, from files as KanjiVG writes them."""

from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

from zoo.data.own.strokes import STEP, parted
from zoo.data.sets import kanji_strokes as kanji
from zoo.errors import ZooError

REST = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.0//EN" "http://www.w3.org/TR/2001/REC-SVG-20010904/DTD/svg10.dtd" [
<!ATTLIST g xmlns:kvg CDATA #FIXED "http://kanjivg.tagaini.net" kvg:element CDATA #IMPLIED >
]>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 109 109" xmlns:kvg="https://kanjivg.tagaini.net/">
<g id="kvg:StrokePaths_04f11">
<g id="kvg:04f11" kvg:element="休">
  <g kvg:element="亻" kvg:position="left">
    <path kvg:type="㇒" d="M54.5,10.9c0,0,0,54.5,0,54.5"/>
    <path kvg:type="㇑" d="M0,0C10.9,0,21.8,0,32.7,0"/>
  </g>
  <g kvg:element="木" kvg:position="right"><path kvg:type="㇐a" d="M109,109"/></g>
</g></g>
<g id="kvg:StrokeNumbers_04f11"><text>1</text></g></svg>"""
A, B, C = (f'<g element="{name}" {{}}><path/></g>' for name in "ABC")
THREE = f"<g>{A}{B}{C}</g>".format('position="left"', "", "")
PARTED = f"<g>{A}{B}{A}</g>".format('part="1"', "", 'part="2"')


def group(text):
    return ElementTree.fromstring(text)


def test_a_file_has_parts_behind_how_they_stand_and_points_at_equal_distances():
    found = kanji.group_of(REST.encode())
    assert kanji.described(found, {"亻", "木"}) == "⿰亻木"
    strokes = kanji.strokes_of(found)
    assert [len(line) for line in parted(strokes)] == [6, 4, 1]  # of lengths 1/2, 3/10 and none
    np.testing.assert_allclose(strokes[0], [0.5, 0.1, 0], atol=1e-6)
    np.testing.assert_allclose(strokes[5], [0.5, 0.6, 1], atol=1e-6)
    np.testing.assert_allclose(np.diff(strokes[:6, 1]), STEP, atol=1e-3)
    np.testing.assert_allclose(np.diff(strokes[6:10, 0]), 0.1, atol=1e-3)
    np.testing.assert_allclose(strokes[10], [1, 1, 1])
    assert kanji.group_of(b'<svg><g id="StrokePaths_0"/></svg>') is None


@pytest.mark.parametrize(
    ("text", "common", "expected"),
    [
        ('<g element="一"><path type="x"/></g>', (), "一"),
        # Common parts are told by their names, others by what they are made of, and three parts by two signs.
        (
            '<g><g element="B"><g element="C" position="top"><path/></g><g element="D"><path/></g></g></g>',
            "B",
            "B",
        ),
        (
            '<g><g element="B"><g element="C" position="top"><path/></g><g element="D"><path/></g></g></g>',
            "",
            "⿱CD",
        ),
        (
            THREE,
            "",
            "⿰⿰ABC",
        ),
        # Strokes beside parts are told by their kinds; a part that others stand within is told once.
        ('<g><path type="㇐a"/><g element="A"><path/></g></g>', "", "㇐A"),
        (
            PARTED,
            "",
            "AB",
        ),
        ('<g element="X"><g><path type="㇒"/><path type="㇏/㇒"/></g></g>', "", "㇒㇏"),
    ],
)
def test_descriptions(text, common, expected):
    assert kanji.described(group(text), set(common)) == expected


def test_held_out_are_made_of_parts_that_training_shows_otherwise(monkeypatch):
    monkeypatch.setattr(kanji, "split_of", lambda name: "test" if name in "VWXYZ" else "train")
    none = np.zeros((1, 3), np.float32)
    texts = {"a": "⿰AB", "b": "⿱CD", "c": "E", "V": "⿰AD", "W": "⿰AB", "X": "⿰AF", "Y": "F", "Z": "⿱CE"}
    parts = kanji.split([(name, text, none) for name, text in texts.items()])
    # W is described as a training character is, and Y is one part alone, which then shows X's.
    assert {part: "".join(name for name, *_ in rows) for part, rows in parts.items()} == {
        "train": "abcWY", "validation": "", "test": "VXZ",
    }  # fmt: skip


def test_the_installed_package_gives_all_characters_and_no_held_out_one_is_in_training():
    parts = kanji.split(kanji.read_characters())
    assert sum(map(len, parts.values())) == 6703
    assert all(len(rows) > 500 for rows in parts.values())
    seen = set("".join(text for _, text, _ in parts["train"]))
    texts = {text for _, text, _ in parts["train"]}
    for name, text, strokes in parts["test"] + parts["validation"]:
        assert set(text) <= seen and text not in texts, name
        assert strokes[:, :2].min() >= -0.05 and strokes[:, :2].max() <= 1.05 and strokes[-1, 2] == 1
    described = {name: text for rows in parts.values() for name, text, _ in rows}
    assert (described["休"], described["語"], described["間"]) == ("⿰亻木", "⿰言吾", "⿴門日")


def test_a_package_that_is_missing_or_damaged_is_told(monkeypatch):
    monkeypatch.setattr(kanji, "files_of", lambda _: [])
    with pytest.raises(ZooError, match=r"kanji_strokes.*pip install kanjivg=="):
        kanji.read_characters()
    file = SimpleNamespace(name="04f11.svg", stem="04f11", read_binary=lambda: b"<svg><g")
    monkeypatch.setattr(kanji, "files_of", lambda _: [file])
    with pytest.raises(ZooError, match="damaged"):
        kanji.read_characters()
