"""Hosts that are network namespaces of this machine, joined by a line that is slow, loses frames, is cut."""

import contextlib
import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator

_SIOCETHTOOL = 0x8946
_NOT_WHAT_IS_SENT_HERE = (263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
# Checksums, scattering and large segments that a card would see to, and nobody here does.
_OFFLOADS = (0x15, 0x17, 0x19, 0x1F, 0x24, 0x2C)


def can_be_made() -> str:
    """Returns why there cannot be such hosts here; empty if there can."""
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("ip"):
        return "needs root and ip, to make network namespaces"
    made = subprocess.run(["ip", "netns", "add", "zoo-tried"], capture_output=True, text=True)
    subprocess.run(["ip", "netns", "delete", "zoo-tried"], capture_output=True)
    return f"no network namespaces here: {made.stderr.strip()}" if made.returncode else ""


class Line(threading.Thread):
    """Carries Ethernet frames between two interfaces.

    Args:
        ends: names of the interfaces.
        delay: seconds a frame is under way.
        loss: share of frames that never come.

    Attributes:
        cut: whether none come at all.
        carried, lost: frames, so far.
    """

    def __init__(self, ends: tuple[str, str], delay: float, loss: float):
        super().__init__(daemon=True)
        self.delay, self.loss = delay, loss
        self.cut, self.carried, self.lost, self.over = False, 0, 0, False
        self._draw = random.Random(1)
        self._sockets = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) for _ in ends]
        for each, name in zip(self._sockets, ends, strict=True):
            each.bind((name, 0))
            each.setsockopt(*_NOT_WHAT_IS_SENT_HERE)

    def run(self) -> None:
        """Carries frames until it is `over`."""
        waiting: list[tuple[float, int, socket.socket, bytes]] = []
        numbers = itertools.count()
        while not self.over:
            pause = min(0.05, max(0.0, waiting[0][0] - time.monotonic())) if waiting else 0.05
            for ready in select.select(self._sockets, [], [], pause)[0]:
                frame = ready.recv(70000)
                if self.cut or self._draw.random() < self.loss:
                    self.lost += 1
                    continue
                other = self._sockets[1 - self._sockets.index(ready)]
                heapq.heappush(waiting, (time.monotonic() + self.delay, next(numbers), other, frame))
            while waiting and waiting[0][0] <= time.monotonic():
                *_, other, frame = heapq.heappop(waiting)
                other.send(frame)
                self.carried += 1
        for each in self._sockets:
            each.close()


@contextlib.contextmanager
def two_hosts(delay: float, loss: float) -> Iterator[tuple[Line, list[str], list[list[str]]]]:
    """Yields the line, the addresses of both hosts, and what stands before a command that runs on each."""
    names, addresses = ("zoo-a", "zoo-b"), ["10.77.0.1", "10.77.0.2"]
    with contextlib.ExitStack() as stack:
        for name, address in zip(names, addresses, strict=True):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "delete", name)
            _ip("link", "add", f"{name}-in", "type", "veth", "peer", "name", f"{name}-out")
            stack.callback(_ip, "link", "delete", f"{name}-out")
            for end in (f"{name}-in", f"{name}-out"):
                _compute_yourself(end)
            _ip("link", "set", f"{name}-in", "netns", name)
            _ip("-n", name, "address", "add", f"{address}/24", "dev", f"{name}-in")
            for interface in ("lo", f"{name}-in"):
                _ip("-n", name, "link", "set", interface, "up")
            _ip("link", "set", f"{name}-out", "up")
        line = Line((f"{names[0]}-out", f"{names[1]}-out"), delay, loss)
        line.start()
        try:
            yield line, addresses, [["ip", "netns", "exec", name] for name in names]
        finally:
            line.over = True
            line.join()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _compute_yourself(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            with contextlib.suppress(OSError):
                fcntl.ioctl(any_socket, _SIOCETHTOOL, request)
