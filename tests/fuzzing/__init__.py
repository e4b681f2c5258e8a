"""Calls with random arguments: how they are drawn, and what must hold for each. `tests/fuzz.py` is the command."""
