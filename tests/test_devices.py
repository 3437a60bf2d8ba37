"""Where functions are called; a GPU is made up, and a clock that knows how long each device takes."""

import contextlib

import pytest
import tensorflow as tf

from zoo import devices
from zoo.devices import CPU, GPU, Fastest


class Machine:
    """A machine on which a call takes as many seconds as is said of each device."""

    def __init__(self, monkeypatch, cpu, gpu, there=True):
        self.seconds, self.now, self.calls, self.device = {CPU: cpu, GPU: gpu}, 0.0, [], "none"
        monkeypatch.setattr(devices, "has_gpu", lambda: there)
        monkeypatch.setattr(devices, "on", self.on)

    @contextlib.contextmanager
    def on(self, device):
        self.device = device
        yield
        self.device = "none"

    def call(self, number, plus):
        self.calls.append(self.device)
        self.now += self.seconds.get(self.device, 0)
        return {"sum": tf.constant(number + plus), "rows": tf.ragged.constant([[number], []])}

    def fastest(self):
        return Fastest(self.call, patience=3, clock=lambda: self.now)


TRIAL = [GPU, GPU, CPU]  # ready, timed, and timed beside it


@pytest.mark.parametrize(
    ("cpu", "gpu", "calls"),
    [
        (2.0, 1.0, [CPU, CPU, *TRIAL, GPU, GPU]),
        (2.0, 2.5, [CPU, CPU, *TRIAL, CPU, CPU]),
        (0.5, 0.1, [CPU] * 4),  # too little work to try it
    ],
)
def test_the_gpu_is_tried_when_there_was_work_enough_and_the_faster_device_goes_on(
    cpu, gpu, calls, monkeypatch
):
    machine = Machine(monkeypatch, cpu, gpu)
    function = machine.fastest()
    for number in range(4):
        answer = function(number, plus=10)
        assert int(answer["sum"]) == number + 10
        assert answer["rows"].to_list() == [[number], []]
    assert machine.calls == calls
    assert function.asked == set(calls)


def test_where_there_is_none_nothing_is_said_of_devices(monkeypatch):
    machine = Machine(monkeypatch, 2.0, 1.0, there=False)
    function = machine.fastest()
    for _ in range(3):
        function(1, plus=2)
    assert machine.calls == ["none"] * 3
    assert function.asked == {CPU}


def test_a_gpu_that_fails_leaves_the_work_to_the_cpu(monkeypatch):
    machine = Machine(monkeypatch, 4.0, 1.0)

    def call(number):
        if machine.device == GPU:
            raise tf.errors.ResourceExhaustedError(None, None, "no memory")
        return machine.call(number, 0)

    function = Fastest(call, patience=3, clock=lambda: machine.now)
    assert [int(function(number)["sum"]) for number in range(3)] == [0, 1, 2]
    assert machine.calls == [CPU] * 3


def test_an_error_of_the_cpu_is_the_callers(monkeypatch):
    machine = Machine(monkeypatch, 4.0, 1.0)

    def call(number):
        raise tf.errors.InvalidArgumentError(None, None, "no number")

    with pytest.raises(tf.errors.InvalidArgumentError, match="no number"):
        Fastest(call, clock=lambda: machine.now)(1)


def test_graphs_are_traced_for_no_device_in_particular():
    """What is called on the CPU first can still be placed on a GPU afterwards."""
    concrete = tf.function(lambda x: {"y": tf.matmul(x, x)}).get_concrete_function(tf.TensorSpec((2, 2)))
    with devices.on(CPU):
        concrete(tf.eye(2))
    assert {operation.device for operation in concrete.graph.get_operations()} == {""}
