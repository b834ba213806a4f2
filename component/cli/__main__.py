"""``python -m component.cli`` is ``deskbridge``."""

from .main import main

main(prog_name="deskbridge")
