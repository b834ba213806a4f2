"""Changes lines of the demonstration's configuration file as its operator would, and leaves all others."""

import re
from pathlib import Path

from component.ejabberd.ejabberd_yml import LOOPBACK

from .demo_server import DemoError, Ports


def follow(path: Path, ports: Ports) -> None:
    """Raises ``DemoError``."""
    set_line(path, "port", str(ports.component))
    set_line(path, "api_url", f'"http://{LOOPBACK}:{ports.api}/api"')
    set_line(path, "listen", f'"{LOOPBACK}:{ports.links}"')
    set_line(path, "public_url", f'"http://{LOOPBACK}:{ports.links}"')


def set_line(path: Path, key: str, value: str) -> None:
    """The first of that key; ``value`` as TOML writes it. Raises ``DemoError`` if there is no such line."""
    line = re.compile(rf'^({key}\s*=\s*)(?:"[^"]*"|\d+)', re.MULTILINE)
    text, found = line.subn(rf"\g<1>{value}", path.read_text(), count=1)
    if not found:
        raise DemoError(
            f"{path} has no line that begins with `{key} =`: put it back, or move the file away for a new one"
        )
    path.write_text(text)
