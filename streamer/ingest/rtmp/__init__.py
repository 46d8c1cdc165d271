"""RTMP ingest: a core without sockets, and `server.py`, the shell around it."""
