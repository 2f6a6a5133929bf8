"""Tests with many malformed literals, values and requests, drawn at random."""
