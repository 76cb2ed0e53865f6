"""The few packets of MQTT that the load generator speaks, however they are cut into pieces."""

from __future__ import annotations

import pytest

from tests.tools.bench.systems.mosquitto import _frame, _packet


@pytest.mark.parametrize("size", [0, 1, 127, 128, 300, 16_383, 16_384])
def test_a_packet_is_found_whole_and_only_when_it_is_whole(size):
    packet = _packet(0x30, b"x" * size)
    start, end = _frame(packet + b"\x30", 0) or (0, 0)
    assert packet[start:end] == b"x" * size
    assert end == len(packet)
    assert _frame(packet[:-1], 0) is None
