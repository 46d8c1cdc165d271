"""FFmpeg 8, as PyAV has it, publishing a tone: `python -m tests.support.flv_source URL CODEC FORMAT SECONDS`.

Debian's is older, and writes none of the codecs of Enhanced RTMP. It holds the interpreter's lock while it
connects, so it needs a process of its own.
"""

import sys
import time

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream

RATE = 48_000
FRAME = 1_024
TONE_HZ = 440


def publish(url: str, codec: str, sample_format: str, seconds: float, *, paced: bool = True) -> None:
    with av.open(url, "w", format="flv") as container:
        stream = container.add_stream(codec, rate=RATE, layout="stereo", format=sample_format)
        assert isinstance(stream, AudioStream)
        stream.codec_context.open()
        resampler = AudioResampler(sample_format, "stereo", RATE, stream.codec_context.frame_size or FRAME)
        began = time.monotonic()
        for number in range(int(seconds * RATE / FRAME)):
            places = (np.arange(FRAME) + number * FRAME) / RATE
            tone = (0.3 * np.sin(2 * np.pi * TONE_HZ * places)).astype("f4")
            frame = AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
            frame.rate, frame.pts = RATE, number * FRAME
            for shaped in resampler.resample(frame):
                container.mux(stream.encode(shaped))
            if paced:
                time.sleep(max(0.0, began + (number + 1) * FRAME / RATE - time.monotonic()))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    publish(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), paced=len(sys.argv) < 6)
