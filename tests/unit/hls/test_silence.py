import pytest

from hls.silence import silent_unit


class Bits:
    """Reads a unit as ISO/IEC 14496-3, 4.4.2 has it."""

    def __init__(self, data: bytes) -> None:
        self._text = "".join(f"{byte:08b}" for byte in data)

    def take(self, count: int) -> int:
        taken, self._text = self._text[:count], self._text[count:]
        assert len(taken) == count, "the unit ends too early"
        return int(taken, 2)

    @property
    def rest(self) -> str:
        return self._text


def window(bits: Bits) -> None:
    assert bits.take(11) == 0, "ics_info of a long window without bands"


def channel(bits: Bits) -> None:
    assert bits.take(8) == 0, "global_gain"


def tools(bits: Bits) -> None:
    assert bits.take(3) == 0, "pulse_data_present, tns_data_present, gain_control_data_present"


def elements(data: bytes) -> list[str]:
    """The names of the elements of a unit, which is read to its last bit."""
    bits, found = Bits(data), []
    while (kind := bits.take(3)) != 7:
        if kind == 6:
            count = bits.take(4)
            count += bits.take(8) - 1 if count == 15 else 0
            if count:
                assert bits.take(4) == 0, "extension_type of EXT_FILL"
                assert bits.take(4) == 0, "fill_nibble"
                assert [bits.take(8) for _ in range(count - 1)] == [0b1010_0101] * (count - 1), "fill_byte"
            found.append("fill")
            continue
        assert bits.take(4) == 0, "element_instance_tag"
        if kind == 1:
            assert bits.take(1) == 1, "common_window"
            window(bits)
            assert bits.take(2) == 0, "ms_mask_present"
            for _ in range(2):
                channel(bits)
                tools(bits)
        else:
            channel(bits)
            window(bits)
            tools(bits)
        found.append({0: "single", 1: "pair"}[kind])
    assert len(bits.rest) < 8
    assert set(bits.rest) <= {"0"}, "byte_alignment"
    return found


@pytest.mark.parametrize(("channels", "size_bytes", "element"), [(1, 4, "single"), (2, 6, "pair")])
def test_the_shortest(channels, size_bytes, element):
    assert elements(silent_unit(channels)) == [element]
    assert len(silent_unit(channels)) == size_bytes


@pytest.mark.parametrize(("channels", "shortest"), [(1, 4), (2, 6)])
def test_every_size(channels, shortest):
    for size in (*range(1, 600), 1500, 8191):
        unit = silent_unit(channels, size)
        assert len(unit) == size
        sounding = [element for element in elements(unit) if element != "fill"]
        assert len(sounding) == (size >= shortest)
