"""Audio in, HLS out. Pure: no event loop, socket, clock or randomness (one file imports av)."""
