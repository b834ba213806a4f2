"""Whether the modules that every message passes through are compiled. The source is the same (`setup.py`)."""

from component.policy import decide

IS_COMPILED = not decide.__file__.endswith(".py")
"""Otherwise a message takes a third more CPU."""
