"""The one place that touches FFmpeg: a recording opened and decoded, brought into shape, encoded."""
