"""Files of PyTorch's older format, written here opcode by opcode, so that most of it needs no PyTorch."""

import pickle
import struct

import numpy as np
import pytest

from zoo.errors import ZooError
from zoo.layers.torch_file import read_weights

MAGIC = 0x1950A86A20F9469CFC6C
EMPTY = b"ccollections\nOrderedDict\n(tR"


def push(value) -> bytes:
    """Returns the opcodes that put a plain value on the pickle's stack."""
    return pickle.dumps(value, 0)[:-1]


def call(name: str, *arguments: bytes) -> bytes:
    module, _, function = name.rpartition(".")
    return f"c{module}\n{function}\n".encode() + b"(" + b"".join(arguments) + b"tR"


def tensor(key: str, kind: str, size: int, offset: int, shape: tuple, strides: tuple) -> bytes:
    block = b"(" + push("storage") + f"ctorch\n{kind}\n".encode() + push(key) + push("cpu") + push(size)
    rest = map(push, (offset, shape, strides, False))
    return call("torch._utils._rebuild_tensor_v2", block + push(None) + b"tQ", *rest, EMPTY)


def state(**values: bytes) -> bytes:
    return EMPTY + b"".join(push(name) + value + b"s" for name, value in values.items()) + b"."


def legacy(state: bytes, **blocks: np.ndarray) -> bytes:
    """Returns a whole file."""
    head = [MAGIC, 1001, {"protocol_version": 1001, "little_endian": True}]
    parts = [*(pickle.dumps(value, 2) for value in head), state, pickle.dumps(list(blocks), 2)]
    return b"".join([*parts, *(struct.pack("<q", len(block)) + block.tobytes() for block in blocks.values())])


NUMBERS, COUNTS = np.arange(8, dtype="<f4") / 2, np.array([7], "<i8")
WHOLE = legacy(
    state(
        kernel=tensor("a", "FloatStorage", 8, 1, (2, 3), (1, 2)),
        bias=tensor("a", "FloatStorage", 8, 6, (2,), (1,)),
        count=tensor("b", "LongStorage", 1, 0, (), ()),
        nothing=tensor("b", "LongStorage", 1, 0, (0, 4), (4, 1)),
    ),
    a=NUMBERS,
    b=COUNTS,
)


def refusal(tmp_path, data: bytes) -> str:
    path = tmp_path / "weights.pth"
    path.write_bytes(data)
    with pytest.raises(ZooError) as error:
        read_weights(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    return str(error.value)


def test_weights_are_read_with_their_shapes_strides_and_types(tmp_path):
    (tmp_path / "weights.pth").write_bytes(WHOLE)
    found = read_weights(tmp_path / "weights.pth")
    assert list(found) == ["kernel", "bias", "count", "nothing"]
    np.testing.assert_array_equal(found["kernel"], [[0.5, 1.5, 2.5], [1, 2, 3]])
    np.testing.assert_array_equal(found["bias"], [3, 3.5])
    assert (found["kernel"].dtype, found["count"].dtype) == (np.float32, np.int64)
    assert found["count"].shape == ()
    assert found["count"] == 7
    assert found["nothing"].shape == (0, 4)


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    for length in range(len(WHOLE)):
        assert "; fetch the file again" in (told := refusal(tmp_path, WHOLE[:length])) or "no file of" in told


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.exec", "torch._utils._rebuild_parameter", "torch.load"]
)
def test_nothing_but_tensors_is_called(tmp_path, name):
    data = legacy(state(kernel=call(name, push(f"open({str(tmp_path / 'ran')!r}, 'w')"))))
    assert f": holds {name}, which is no part of a state dict; " in refusal(tmp_path, data)
    assert not (tmp_path / "ran").exists()


def test_code_at_the_very_start_is_not_called_either(tmp_path):
    code = push(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert "is no file of torch.save" in refusal(tmp_path, call("builtins.exec", code) + b".")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (9,), (1,)), (7, (2,), (1,)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (3, 3), (0, 1)),
     (0, (2,), (1, 1)), (0, (10**12,), (0,))],
)  # fmt: skip
def test_a_tensor_never_reaches_beyond_its_block(tmp_path, offset, shape, strides):
    data = legacy(state(kernel=tensor("a", "FloatStorage", 8, offset, shape, strides)), a=NUMBERS)
    assert "is damaged" in refusal(tmp_path, data)


@pytest.mark.parametrize("size", [-1, 7, 9, 2**62])
def test_a_block_of_another_size_than_told_is_refused(tmp_path, size):
    data = legacy(state(kernel=tensor("a", "FloatStorage", size, 0, (2,), (1,))), a=NUMBERS)
    assert "is damaged" in refusal(tmp_path, data)


def test_other_files_are_refused_with_the_mend(tmp_path):
    assert "_use_new_zipfile_serialization=False" in refusal(tmp_path, b"PK\x03\x04" + WHOLE)
    for other in (b"", b"\x89PNG\r\n", b"name,weight\n", pickle.dumps({"kernel": 1})):
        assert "is no file of torch.save; name one that holds a model's state_dict()" in refusal(
            tmp_path, other
        )
    assert "save nothing but model.state_dict()" in refusal(tmp_path, legacy(push([1, 2]) + b"."))
    assert "save nothing but model.state_dict()" in refusal(tmp_path, legacy(state(epoch=push(3))))
    with pytest.raises(ZooError, match=r"none\.pth: cannot be read \(No such file or directory\)"):
        read_weights(tmp_path / "none.pth")


def test_pytorch_reads_the_same(tmp_path):
    torch = pytest.importorskip(
        "torch", reason="PyTorch is not installed: reading is not compared with its own"
    )
    path, draw = tmp_path / "weights.pth", torch.arange(24)
    kinds = ("float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
    model = {kind: draw.to(getattr(torch, kind)) for kind in kinds}
    model.update(turned=draw.reshape(2, 3, 4).permute(2, 0, 1), part=draw[5:], scalar=torch.tensor(3.5))
    torch.save(model, path, _use_new_zipfile_serialization=False)
    found, expected = read_weights(path), torch.load(path, weights_only=True)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].dtype == value.numpy().dtype
        np.testing.assert_array_equal(found[name], value.numpy())
