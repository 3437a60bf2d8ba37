"""Tests; and `python -m tests.campaigns`."""
