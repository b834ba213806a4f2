"""Is what every message passes through compiled? It is the same source either way (`setup.py`)."""

from component.policy import decide

IS_COMPILED = not decide.__file__.endswith(".py")
"""Else a message takes a third more CPU."""
