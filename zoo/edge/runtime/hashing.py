"""FarmHash's 64-bit fingerprint, by which TensorFlow puts strings into buckets."""

import struct

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def bucket(text: str, buckets: int) -> int:
    """Returns what `tf.strings.to_hash_bucket_fast` does, from 0 to `buckets` - 1."""
    return fingerprint(text.encode("utf-8", "surrogatepass")) % buckets


def fingerprint(data: bytes) -> int:
    """Returns the fingerprint of some bytes, from 0 to 2**64 - 1."""
    size = len(data)
    if size <= 16:
        return _short(data, size)
    if size <= 32:
        return _medium(data, size)
    return _long(data, size) if size <= 64 else _any(data, size)


def _short(data: bytes, size: int) -> int:
    mul = _K2 + 2 * size
    if size >= 8:
        a, b = _word(data, 0) + _K2, _word(data, size - 8)
        return _mixed(_turned(b, 37) * mul + a, (_turned(a, 25) + b) * mul, mul)
    if size >= 4:
        first, last = (struct.unpack_from("<I", data, place)[0] for place in (0, size - 4))
        return _mixed(size + (first << 3), last, mul)
    if size:
        first, last = data[0] + (data[size >> 1] << 8), size + (data[-1] << 2)
        return _shifted(first * _K2 ^ last * _K0) * _K2 & _MASK
    return _K2


def _medium(data: bytes, size: int) -> int:
    mul = _K2 + 2 * size
    a, b = _word(data, 0) * _K1, _word(data, 8)
    c, d = _word(data, size - 8) * mul, _word(data, size - 16) * _K2
    return _mixed(_turned(a + b, 43) + _turned(c, 30) + d, a + _turned(b + _K2, 18) + c, mul)


def _long(data: bytes, size: int) -> int:
    mul = _K2 + 2 * size
    a, b = _word(data, 0) * _K2, _word(data, 8)
    c, d = _word(data, size - 8) * mul, _word(data, size - 16) * _K2
    y = _turned(a + b, 43) + _turned(c, 30) + d
    z = _mixed(y, a + _turned(b + _K2, 18) + c, mul)
    e, f = _word(data, 16) * mul, _word(data, 24)
    g, h = (y + _word(data, size - 32)) * mul, (z + _word(data, size - 24)) * mul
    return _mixed(_turned(e + f, 43) + _turned(g, 30) + h, e + _turned(f + a, 18) + g, mul)


def _any(data: bytes, size: int) -> int:
    x, y = 81, (81 * _K1 + 113) & _MASK
    z = _shifted(y * _K2 + 113) * _K2 & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _word(data, 0)) & _MASK
    for start in range(0, (size - 1) // 64 * 64, 64):
        x, y, z, v, w = _round(data, start, x, y, z, v, w, _K1, 1)
    mul = (_K1 + ((z & 0xFF) << 1)) & _MASK
    w = (w[0] + ((size - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _round(data, size - 64, x, y, z, v, w, mul, 9)
    return _mixed(_mixed(v[0], w[0], mul) + _shifted(y & _MASK) * _K0 + z, _mixed(v[1], w[1], mul) + x, mul)


def _round(data, start, x, y, z, v, w, mul, times):
    """Takes in 64 bytes."""
    x = _turned(x + y + v[0] + _word(data, start + 8), 37) * mul
    y = _turned(y + v[1] + _word(data, start + 48), 42) * mul
    x = (x ^ w[1] * times) & _MASK
    y = (y + v[0] * times + _word(data, start + 40)) & _MASK
    z = _turned(z + w[0], 33) * mul & _MASK
    v = _weak(data, start, v[1] * mul, x + w[0])
    w = _weak(data, start + 32, z + w[1], y + _word(data, start + 16))
    return z, y, x & _MASK, v, w


def _weak(data: bytes, start: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = struct.unpack_from("<4Q", data, start)
    a += w
    b = _turned(b + a + z, 21)
    c = a
    a += x + y
    b += _turned(a, 44)
    return (a + z) & _MASK, (b + c) & _MASK


def _mixed(u: int, v: int, mul: int) -> int:
    u, v, mul = u & _MASK, v & _MASK, mul & _MASK
    a = _shifted((u ^ v) * mul)
    return _shifted((v ^ a) * mul) * mul & _MASK


def _shifted(value: int) -> int:
    value &= _MASK
    return value ^ value >> 47


def _turned(value: int, by: int) -> int:
    value &= _MASK
    return (value >> by | value << (64 - by)) & _MASK


def _word(data: bytes, place: int) -> int:
    return struct.unpack_from("<Q", data, place)[0]
