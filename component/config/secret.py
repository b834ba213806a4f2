"""The component's secret: from the environment, else from a file of its own."""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from .problems import Place, Problem
from .toml_source import read_text

VARIABLE = "DESKBRIDGE_XMPP_SECRET"
MOST_BYTES = 4096


def read_secret(
    file: Path | None,
    missing: Place,
    environ: Mapping[str, str],
    problems: list[Problem],
    warn: Callable[[Problem], None],
) -> str:
    """The secret, or ``""`` and a problem; ``missing`` is where a file should have been named.

    A file that everybody on the machine can read works, with a warning.
    """
    if VARIABLE in environ:
        return _one_line(environ[VARIABLE], Place(Path("environment"), {}, (VARIABLE,)), problems)
    if file is None:
        problems.append(Problem(missing, f"is missing; name a file here or set {VARIABLE} in the environment"))
        return ""
    text = read_text(file, MOST_BYTES, problems)
    if text is None:
        return ""
    place = Place(file, {})
    if file.stat().st_mode & stat.S_IROTH:
        warn(Problem(place, f"every user of this machine can read the secret; chmod o-rwx {file}"))
    return _one_line(text, place, problems)


def _one_line(text: str, place: Place, problems: list[Problem]) -> str:
    lines = text.strip().splitlines()
    if len(lines) == 1:
        return lines[0]
    fault = f"has {len(lines)} lines" if lines else "is empty"
    problems.append(Problem(place, f"{fault}; it must be one line, the password that ejabberd has for the component"))
    return ""
