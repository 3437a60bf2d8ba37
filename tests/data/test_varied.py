"""Pairs with other numbers and names in them."""

import re

import numpy as np

from zoo.data import Part, varied

PAIRS = [
    ("He paid 2,250 dollars on May 3.", "Il a payé 2 250 dollars le 3 mai."),
    ("Call 112 at 05:00, Anna!", "Appelle le 112 à 05:00, Anna !"),
    ("Yesterday Tom met Anna in Oslo.", "Hier Tom a vu Anna à Oslo."),
    ("She is 35.", "Elle a trente-cinq ans."),
    ("Tom, 1 apple is here.", "Tom, 1 pomme est ici."),
    ("Then Japan won.", "Puis le Japon a gagné."),
    ("See Mara, Maria and Daria.", "Voyez Mara, Maria et Daria."),
    ("Then in August Mara left.", "Dann in August Mara, los."),
]


def copies(share: float, pairs=PAIRS, **columns) -> list[tuple[str, str]]:
    sources, targets = map(list, zip(*pairs, strict=True))
    part = varied(Part({"source": sources, "target": targets, **columns}), share, ("en", "de"))
    assert part.strings("source")[: len(pairs)] == sources
    return list(zip(part.strings("source"), part.strings("target"), strict=True))[len(pairs) :]


def digits(text: str) -> list[str]:
    return re.findall("[0-9]+", text)


def masked(text: str) -> str:
    return re.sub("[0-9]", "#", text)


def test_numbers_become_others_of_as_many_digits_on_both_sides_alike():
    found = copies(10.0)[:80]
    shapes = {(masked(source), masked(target)) for source, target in PAIRS[:2]}
    assert {(masked(source), masked(target)) for source, target in found} == shapes
    assert all(sorted(digits(source)) == sorted(digits(target)) for source, target in found)
    firsts = [digits(source)[0] for source, _ in found if source.startswith("He")]
    assert len(set(firsts)) > 3 and not {"0", "1"} & set(firsts)
    hours = {digits(source)[1] for source, _ in found if source.startswith("Call")}
    assert len(hours) > 3 and all(hour.startswith("0") for hour in hours)


def test_names_become_others_that_begin_alike():
    found = copies(40.0)[320:]
    known = {"Tom", "Anna", "Oslo", "Mara", "Maria", "Daria"}
    told = [re.fullmatch(r"Yesterday (\w+) met (\w+) in (\w+)\.", source) for source, _ in found]
    for (_, target), match in zip(found, told, strict=True):
        if match:
            assert target == f"Hier {match[1]} a vu {match[2]} à {match[3]}."
            assert match[2][0] in "AO" and match[3][0] in "AO" and match[1][0] in "TMD"
    assert known | {"Dara"} == {name for match in filter(None, told) for name in match.groups()}
    assert all("August" in source for source, _ in found if source.startswith("Then in"))
    # Japan is not so called in both, and numbers stay here.
    assert not any("Japon" in target for _, target in found)
    assert all("112" in source for source, _ in found if source.startswith("Call"))


def test_all_sets_of_a_mix_are_drawn_from_alike():
    pairs = [("He is 20.", "Il a 20.")] * 90 + [("At 30 she left.", "À 30 elle est partie.")] * 10
    found = copies(1.0, pairs, set=np.repeat([0, 1], [90, 10]))
    assert 30 < sum(source.startswith("At") for source, _ in found) < 70


def test_where_there_is_nothing_to_vary_nothing_is_added():
    assert copies(0.0) == []
    assert copies(1.0, [("a b", "c d")]) == []
