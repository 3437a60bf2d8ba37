"""Clips: all frames as Pillow sees them, and no harm by any bytes."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from zoo import images
from zoo.data.own import clip_files

SHAPE = (6, 10, 14)


def frames(count=SHAPE[0], channels=3, height=SHAPE[1], width=SHAPE[2]) -> list[Image.Image]:
    """Returns frames of few colours, which GIF holds without loss; two in a row are the same."""
    draw = np.random.default_rng(3)
    made = draw.choice([0, 90, 255], (count, height, width, channels)).astype(np.uint8)
    made[1] = made[0]
    if channels == 4:
        made[..., 3] = draw.choice([0, 255], (count, height, width))
    return [Image.fromarray(frame) for frame in made]


def written(made: list[Image.Image], kind: str, **options) -> bytes:
    file = io.BytesIO()
    made[0].save(file, kind, save_all=True, append_images=made[1:], **{"duration": 100, **options})
    return file.getvalue()


def arrays(made: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(frame.convert("RGBA")) for frame in made])


def read_by_pillow(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as file:
        found = []
        for number in range(file.n_frames):
            file.seek(number)
            found.append(np.asarray(file.convert("RGBA")))
        return np.stack(found)


def refused(content: bytes) -> bool:
    try:
        images.decode_all(content)
    except tf.errors.InvalidArgumentError:
        return True
    return False


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_webp_s_frames_are_those_that_pillow_sees(channels, lossless):
    content = written(frames(channels=channels), "WEBP", lossless=lossless)
    found, expected = images.decode_all(content).numpy(), read_by_pillow(content)
    assert images.count_frames(content) == len(expected)
    np.testing.assert_array_equal(found[..., 3], expected[..., 3])
    np.testing.assert_array_equal(found[found[..., 3] > 0], expected[expected[..., 3] > 0])


def test_an_opaque_gif_s_frames_are_those_that_pillow_sees():
    content = written(frames(), "GIF")
    np.testing.assert_array_equal(images.decode_all(content), read_by_pillow(content))
    assert images.count_frames(content) == len(read_by_pillow(content))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("lossless", [True, False])
def test_a_still_webp_is_what_pillow_sees(channels, lossless):
    file = io.BytesIO()
    frames(channels=channels)[0].save(file, "WEBP", lossless=lossless)
    content = file.getvalue()
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(image.convert("RGBA"))
    assert images.header_size(content).numpy().tolist() == [SHAPE[1], SHAPE[2]]
    found = images.decode(content).numpy()
    np.testing.assert_array_equal(found[..., 3], expected[..., 3])
    np.testing.assert_array_equal(found[found[..., 3] > 0], expected[expected[..., 3] > 0])
    assert images.refusal(content) == ""


def test_what_is_packed_keeps_every_frame_and_its_order():
    made = [frame.convert("RGBA") for frame in frames(channels=4)]
    found, expected = images.decode_all(clip_files.as_webp(made)).numpy(), arrays(made)
    assert found.shape == (*SHAPE, 4)
    np.testing.assert_array_equal(found[..., 3], expected[..., 3])
    np.testing.assert_array_equal(found[found[..., 3] > 0], expected[expected[..., 3] > 0])


@pytest.mark.parametrize(
    ("length", "frames", "expected"),
    [(12, 12, list(range(12))), (6, 3, [1, 3, 5]), (5, 2, [1, 3]), (2, 4, [0, 0, 1, 1]), (1, 3, [0, 0, 0])],
)
def test_frames_are_spread_evenly(length, frames, expected):
    assert images.evenly(tf.range(length), frames).numpy().tolist() == expected


def test_of_a_batch_the_bad_ones_are_white_and_not_valid():
    good = written(frames(), "GIF")
    still = written(frames()[:1], "PNG")
    found, valid = images.read(tf.constant([b"", good, b"no clip", still, good[:40]]), 16, frames=3)
    assert valid.numpy().tolist() == [False, True, False, False, False]
    assert found.shape == (5, 3, 16, 16, 3) and (found.numpy()[[0, 2, 3, 4]] == 255).all()
    none, _ = images.read(tf.constant([], tf.string), 16, frames=3)
    assert none.shape == (0, 3, 16, 16, 3)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_too_many_frames_or_pixels_are_refused_before_they_are_decoded(kind):
    small = [Image.new("RGB", (1, 1), (n % 256, n // 256, 0)) for n in range(1_001)]
    content = written(small, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert images.count_frames(content) > images.MOST_FRAMES and refused(content)
    assert not refused(written(small[:1000], kind, **({"lossless": True} if kind == "WEBP" else {})))
    # A header that promises a canvas for which there is no room.
    large = bytearray(written(frames(), kind))
    if kind == "GIF":
        large[6:10] = b"\xff\x7f\xff\x7f"
    else:
        large[24:30] = b"\xff\x3f\0\xff\x3f\0"
    assert refused(bytes(large))


def test_frames_that_a_header_hides_are_counted_all_the_same():
    """What the decoders find, they would decode."""
    webp = bytearray(written(frames(), "WEBP", lossless=True))
    second = webp.index(b"ANMF", webp.index(b"ANMF") + 1)
    webp[second + 4 : second + 8] = (len(webp) - second - 8).to_bytes(4, "little")
    expected = images.count_frames(written(frames(), "WEBP", lossless=True))
    assert images.count_frames(bytes(webp)) == expected
    gif = written(frames(), "GIF", comment=b"")
    second = gif.index(b"\x21\xf9", gif.index(b"\x21\xf9") + 1)
    blocks = b"\1x\2xx" * 6_000  # no two in a row are equally long
    gif = gif[:second] + b"\x21\xfe" + blocks + b"\0" + gif[second:]
    assert images.count_frames(gif) > images.MOST_FRAMES and refused(gif)


def test_a_frame_of_a_gif_may_not_be_larger_than_all_that_is_allowed():
    gif = bytearray(written(frames(), "GIF"))
    image = gif.index(b",", gif.index(b"\x21\xf9"))
    gif[image + 5 : image + 9] = b"\x40\x9c\x40\x9c"  # 40,000 x 40,000
    assert images.count_frames(bytes(gif)) > images.MOST_FRAMES and refused(bytes(gif))


def test_of_a_webp_as_a_still_one_frame_alone_is_decoded():
    content = written(frames(channels=4), "WEBP", lossless=True)
    found, clip = images.decode(content).numpy(), images.decode_all(content).numpy()
    np.testing.assert_array_equal(found, clip[0])
    # 1,000 frames would take 256 GB on this canvas, and one takes a quarter of one.
    small = [Image.new("RGB", (1, 1), (n % 256, n // 256, 0)) for n in range(1_000)]
    large = bytearray(written(small, "WEBP", lossless=True))
    large[24:30] = (7_999).to_bytes(3, "little") * 2
    assert images.decode(bytes(large)).shape == (8_000, 8_000, 4)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_any_damage_gives_a_clip_or_none_and_harms_nobody(kind):
    draw, content = np.random.default_rng(5), written(frames(), kind)
    ended = 0
    for _ in range(150):
        bad = bytearray(content)
        for place in draw.integers(0, len(bad), draw.integers(1, 6)):
            bad[place] = draw.integers(256)
        ended += refused(bytes(bad[: draw.integers(1, len(bad) + 1)]))
    assert ended > 0
