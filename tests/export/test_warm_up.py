import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from zoo.export.warm_up import WARM_UP, write_requests

GIVEN = {
    "step": {
        "state": tf.reshape(tf.range(12, dtype=tf.float32), [4, 3]),
        "tokens": tf.constant([5, 6, 7, -8]),
        "seed": tf.constant([2**40] * 4, tf.int64),
    },
    "serving_default": {"text": tf.constant([b"caf\xc3\xa9", b"\x00\xff\x00", b"x" * 70_000])},
    "one": {"words": tf.constant([["a", ""]])},
    "none": {"values": tf.zeros([0, 7], tf.float64)},
}


def requests(folder):
    """Reads requests by the messages that TensorFlow Serving has for them: (name, signature, inputs)."""
    for record in tf.data.TFRecordDataset(str(folder / WARM_UP)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        yield request.model_spec.name, request.model_spec.signature_name, inputs


def test_tensorflow_serving_reads_the_first_and_the_last_row_of_each_signature(tmp_path):
    long = "m" * 200  # a length of two bytes; that of the text takes three
    write_requests(tmp_path, long, GIVEN)
    found = {signature: (name, inputs) for name, signature, inputs in requests(tmp_path)}
    assert {name for name, _ in found.values()} == {long}
    plain = {
        signature: {key: (value.dtype.name, value.tolist()) for key, value in inputs.items()}
        for signature, (_, inputs) in found.items()
    }
    assert plain == {
        "none": {"values": ("float64", [])},
        "one": {"words": ("object", [[b"a", b""]])},
        "serving_default": {"text": ("object", [b"caf\xc3\xa9", b"x" * 70_000])},
        "step": {
            "seed": ("int64", [2**40, 2**40]),
            "state": ("float32", [[0, 1, 2], [9, 10, 11]]),
            "tokens": ("int32", [5, -8]),
        },
    }
    assert found["none"][1]["values"].shape == (0, 7)


def test_the_bytes_are_those_of_the_messages_themselves_and_always_the_same(tmp_path):
    write_requests(tmp_path / "a", "m", GIVEN)
    write_requests(tmp_path / "b", "m", dict(reversed(GIVEN.items())))
    assert (tmp_path / "a" / WARM_UP).read_bytes() == (tmp_path / "b" / WARM_UP).read_bytes()
    for record in tf.data.TFRecordDataset(str(tmp_path / "a" / WARM_UP)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        assert log.SerializeToString(deterministic=True) == record
