"""Tests of the far side of the wall."""
