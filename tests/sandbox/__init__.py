"""Tests of the cages."""
