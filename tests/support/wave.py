"""Small recordings made without another program: each unlike the others, and the same every time."""

import io
import math
import struct
import wave


def make_wave(number: int, *, seconds: float = 1.0, rate: int = 8000) -> bytes:
    """A WAV file with a tone that only this number has."""
    count = int(seconds * rate)
    samples = (int(9000 * math.sin(i * (0.05 + 0.003 * number))) for i in range(count))
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{count}h", *samples))
    return data.getvalue()
