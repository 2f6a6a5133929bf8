"""Helpers of the test suite: real wheels, and real virtual environments to install them in."""
