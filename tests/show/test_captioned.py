import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from zoo.show.captioned import sheet


def frames(count: int) -> list[np.ndarray]:
    return [np.full((4, 6, 3), 40 * number, np.uint8) for number in range(count)]


def test_a_still_picture_stands_above_its_caption():
    svg = ET.fromstring(sheet([(frames(1), ["a <b> & c\0"])]))
    (image,) = svg.findall(".//{*}image")
    assert image.get("visibility") == "visible" and not list(image)
    with Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2]))) as file:
        assert file.size == (6, 4)
    assert [text.text for text in svg.findall(".//{*}text")] == ["a <b> & c\ufffd"]


def test_of_a_clip_one_frame_is_seen_at_each_time():
    svg = ET.fromstring(sheet([(frames(5), ["falls"])]))
    seen = []
    for image in svg.findall(".//{*}image"):
        (play,) = image
        times = [float(time) for time in play.get("keyTimes").split(";")]
        values = play.get("values").split(";")
        assert times == sorted(times) and times[0] == 0 and len(times) == len(values)
        ends = [*times[1:], 1]
        seen += [(a, b) for a, b, value in zip(times, ends, values, strict=True) if value == "visible"]
    assert [start for start, _ in seen[1:]] == pytest.approx([end for _, end in seen[:-1]])
    assert seen[0][0] == 0 and seen[-1][1] == 1
    assert [image.get("visibility") for image in svg.findall(".//{*}image")] == ["visible", *["hidden"] * 4]


def test_long_captions_are_broken_and_pictures_stand_in_rows():
    text = "word " * 20
    page = sheet([(frames(1), [text])] * 5, columns=2)
    svg = ET.fromstring(page)
    places = {(image.get("x"), image.get("y")) for image in svg.findall(".//{*}image")}
    assert len(places) == 5 and len({x for x, _ in places}) == 2
    assert len(svg.findall(".//{*}text")) == 5 * 4
    assert max(float(y) for y in re.findall(r' y="([\d.]+)"', page)) < float(svg.get("height"))
