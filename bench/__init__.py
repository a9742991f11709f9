"""Measurements: `make bench` prints them, `python -m bench.kill` proves durability under `kill -9`."""
