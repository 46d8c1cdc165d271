"""Rooms, messages, presence and recovery. Sans-I/O: no event loop, socket, clock or randomness."""
