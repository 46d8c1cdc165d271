"""Loaded once by the forkserver, so that every worker starts with FFmpeg and numpy in its memory.

Never imported by the server itself.
"""

import gc
import os

# numpy's BLAS would start a thread for every core. A process with threads must not fork, and nothing here
# multiplies matrices.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import hls.ffmpeg.live_decoder
import hls.ffmpeg.live_encoder
import hls.transcoder  # noqa: F401
import streamer.live.encoder_process
import streamer.live.source_process
import streamer.picture
import streamer.worker_files
import streamer.worker_lanes  # noqa: F401

# What is loaded stays: a worker's garbage collector need not look at it, and its pages stay shared.
gc.collect()
gc.freeze()
