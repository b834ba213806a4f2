"""Compiles what every message passes through (mypyc): the same source, with less CPU. All else is in setup.cfg.

Where that cannot be done (no C compiler, no Python.h, too little memory), deskbridge is installed uncompiled. So it is
with ``DESKBRIDGE_COMPILE=0`` in the environment, which is how `make` sets up for work on the source.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CompileError, LinkError

ONLY_ASKED = {"egg_info", "dist_info"}
"""Commands that build nothing."""


def compiled() -> list[Extension]:
    from mypyc.build import mypycify

    listed = Path(__file__).with_name("compiled.txt").read_text().splitlines()
    paths = [line for line in listed if not line.startswith("#")]
    # Types are checked by `make lint`. Here the libraries that have them are not installed.
    options = ["--config-file=", "--ignore-missing-imports", *paths]
    return mypycify(options, opt_level="2", debug_level="0", group_name="deskbridge")


class AllOrNothing(build_ext):
    """The modules share one library: those that were compiled are of no use without the others."""

    def build_extensions(self) -> None:
        try:
            super().build_extensions()
        except (BaseError, CompileError, LinkError) as problem:
            self.warn(f"deskbridge stays uncompiled: {problem}")
            for extension in self.extensions:
                with suppress(FileNotFoundError):
                    Path(self.get_ext_fullpath(extension.name)).unlink()
            self.extensions = []


from_source = os.environ.get("DESKBRIDGE_COMPILE", "1") == "0" or ONLY_ASKED & set(sys.argv)
setup(ext_modules=[] if from_source else compiled(), cmdclass={"build_ext": AllOrNothing})
