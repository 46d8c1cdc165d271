"""Access units of AAC-LC that say nothing, for where a source has none that can be played."""

# ISO/IEC 14496-3, 4.4.2: what a raw_data_block is made of.
_PAIR = 0b001_0000_1 << 35, 43  # channel_pair_element: one window for both, no bands, nothing else
_SINGLE = 0, 29  # single_channel_element: a long window, no bands, nothing else
_FILL, _FILL_LONG, _END = 0b110, 0b110_1111, 0b111
_MAX_FILL, _MAX_LONG_FILL = 14, 269  # bytes of payload: `count` is 15 where `esc_count` follows
_FILL_BYTES = bytes(1) + b"\xa5" * (_MAX_LONG_FILL - 1)  # extension_payload of EXT_FILL


def silent_unit(channels: int, size_bytes: int = 0) -> bytes:
    """A unit that decodes to silence.

    Args:
        channels: 1 or 2.
        size_bytes: how long it shall be; 0 for as short as can be. In fewer bytes than that it is a unit that
            decodes to nothing.
    """
    block, bits = _PAIR if channels == 2 else _SINGLE
    if 0 < size_bytes * 8 < bits + 3:
        block, bits = 0, 0
    left = size_bytes * 8 - bits - 3
    while left >= 7:
        head, head_bits, payload = _FILL << 4, 7, min((left - 7) // 8, _MAX_FILL)
        if left >= 15 + 8 * (_MAX_FILL + 1):
            payload = min((left - 15) // 8, _MAX_LONG_FILL)
            head, head_bits = _FILL_LONG << 8 | payload - _MAX_FILL, 15
        else:
            head |= payload
        block = (block << head_bits | head) << 8 * payload | int.from_bytes(_FILL_BYTES[:payload], "big")
        bits += head_bits + 8 * payload
        left -= head_bits + 8 * payload
    block, bits = block << 3 | _END, bits + 3
    return (block << -bits % 8).to_bytes(-(-bits // 8), "big")
