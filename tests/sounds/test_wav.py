"""WAV files of all kinds, written here byte by byte, and such that lie."""

import struct

import numpy as np
import pytest
import tensorflow as tf

from zoo.sounds import read

RATE = 8000
WAVE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(800) / RATE)


def coded(samples: np.ndarray, bits: int, floats: bool = False) -> bytes:
    if floats:
        return samples.astype({32: "<f4", 64: "<f8"}[bits]).tobytes()
    whole = np.round(samples * 2.0 ** (bits - 1)).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    return b"".join(int(value).to_bytes(bits // 8, "little", signed=True) for value in whole.ravel())


def wav(
    samples=WAVE, bits=16, floats=False, rate=RATE, extensible=False, before=b"", size=None, data=None
) -> bytes:
    samples = np.asarray(samples)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    form = 3 if floats else 1
    each = channels * bits // 8
    told = struct.pack("<HHIIHH", 0xFFFE if extensible else form, channels, rate, rate * each, each, bits)
    if extensible:
        told += (
            struct.pack("<HHIH", 22, bits, 0, form)
            + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
        )
    data = coded(samples, bits, floats) if data is None else data
    chunks = b"fmt " + struct.pack("<I", len(told)) + told + before
    chunks += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    whole = size if size in (0, 0xFFFFFFFF) else 4 + len(chunks)  # who streams knows neither
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + chunks


def samples_of(*files: bytes, rate=RATE, **options) -> list[np.ndarray]:
    return [row.numpy() for row in read(tf.constant(files), rate, **options).samples]


@pytest.mark.parametrize(
    ("bits", "floats", "off"),
    [
        (8, False, 1 / 128),
        (16, False, 2e-5),
        (24, False, 1e-6),
        (32, False, 1e-6),
        (32, True, 0),
        (64, True, 1e-7),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_every_way_of_writing_samples_is_read(bits, floats, off, extensible):
    (found,) = samples_of(wav(bits=bits, floats=floats, extensible=extensible))
    np.testing.assert_allclose(found, WAVE.astype(np.float32), atol=off + 1e-7)


def test_channels_are_averaged():
    (found,) = samples_of(wav(np.stack([WAVE, 0 * WAVE, -WAVE / 2], axis=1), 32, True))
    np.testing.assert_allclose(found, WAVE / 6, atol=1e-6)


def test_chunks_that_say_something_else_are_passed_over():
    odd = b"LIST" + struct.pack("<I", 3) + b"abc" + b"\0"  # filled up to an even place
    (found,) = samples_of(wav(before=odd + b"cue " + struct.pack("<I", 0)))
    assert len(found) == 800


def test_files_of_unequal_length_stand_beside_each_other():
    found = samples_of(wav(WAVE[:10]), wav(WAVE), wav(WAVE[:1]))
    assert [len(row) for row in found] == [10, 800, 1]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 10_000, 1_500])
def test_a_header_that_lies_about_its_size_is_read_as_far_as_there_is_anything(size):
    sounds = read(tf.constant([wav(size=size)]), RATE)
    assert sounds.valid.numpy().tolist() == [True]
    assert sounds.samples.row_lengths().numpy()[0] == (750 if size == 1_500 else 800)


NAN = np.where(np.arange(800) == 7, np.nan, WAVE)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"RIFF",
        b"no sound at all, but long enough for a header of forty-four bytes",
        wav()[:20],
        wav()[:43],
        wav(data=b""),
        wav(data=b"\x00"),
        wav(np.full(800, 1e18), 32, True),
        wav(size=0).replace(b"RIFF\0\0\0\0", b"RIFF\x10\0\0\0") + b"LIST\x08\0\0\0some text",
        wav(rate=10),
        wav(rate=2_000_000_000),
        wav(NAN, 32, True),
        wav(bits=16).replace(struct.pack("<HHI", 1, 1, RATE), struct.pack("<HHI", 2, 1, RATE)),  # ADPCM
        wav(bits=16).replace(struct.pack("<HHI", 1, 1, RATE), struct.pack("<HHI", 1, 0, RATE)),
        wav(bits=16).replace(struct.pack("<HHI", 1, 1, RATE), struct.pack("<HHI", 1, 60_000, RATE)),
        wav(bits=16).replace(struct.pack("<HH", 2, 16), struct.pack("<HH", 2, 17)),
        b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 3_000,
    ],
)
def test_what_cannot_be_read_is_not_valid_and_harms_no_neighbour(broken):
    sounds = read(tf.constant([wav(), broken, wav()]), RATE)
    assert sounds.valid.numpy().tolist() == [True, False, True]
    assert sounds.samples.row_lengths().numpy().tolist() == [800, 0, 800]
    np.testing.assert_allclose(sounds.samples[2], WAVE, atol=2e-5)


def test_any_bytes_give_an_answer():
    draw, whole = np.random.default_rng(1), wav()
    files = []
    for _ in range(300):
        content = bytearray(whole[: draw.integers(0, 200)])
        for _ in range(draw.integers(1, 6)):
            if content:
                content[draw.integers(0, len(content))] = draw.integers(0, 256)
        files.append(bytes(content))
    sounds = read(tf.constant(files), RATE)
    assert np.isfinite(sounds.samples.values.numpy()).all()
    assert (sounds.valid.numpy() == (sounds.samples.row_lengths().numpy() > 0)).all()


def test_of_a_long_file_the_beginning_is_read():
    sounds = read(tf.constant([wav(np.zeros(3 * RATE + 1)), wav(np.zeros(2 * RATE))]), RATE, most_seconds=2)
    assert sounds.samples.row_lengths().numpy().tolist() == [2 * RATE, 2 * RATE]
    assert sounds.truncated.numpy().tolist() == [True, False]


def test_no_files_are_no_sounds():
    sounds = read(tf.zeros([0], tf.string), RATE)
    assert sounds.samples.nrows() == 0 and sounds.valid.shape == (0,)
