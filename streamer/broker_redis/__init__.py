"""The broker of several processes, on a Redis that they share."""
