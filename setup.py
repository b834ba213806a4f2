"""Compiles what every message passes through (mypyc): the same source, with less CPU. All else is in setup.cfg.

Where that cannot be done, as there is no C compiler or no Python.h, deskbridge is installed uncompiled.
"""

import sys
from pathlib import Path

from setuptools import Extension, setup

ONLY_ASKED = {"egg_info", "dist_info"}
"""Commands that build nothing."""


def compiled() -> list[Extension]:
    from mypyc.build import mypycify

    listed = Path(__file__).with_name("compiled.txt").read_text().splitlines()
    paths = [line for line in listed if not line.startswith("#")]
    # Types are checked by `make lint`. Here the libraries that have them are not installed.
    options = ["--config-file=", "--ignore-missing-imports", *paths]
    extensions = mypycify(options, opt_level="2", debug_level="0", group_name="deskbridge")
    for extension in extensions:
        extension.optional = True
    return extensions


setup(ext_modules=[] if ONLY_ASKED & set(sys.argv) else compiled())
