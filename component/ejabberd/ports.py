"""TCP ports of loopback."""

import random
import socket

_RANGE = range(10_000, 32_768)
"""Below the ports that Linux gives to outgoing connections, of which any could take one before its server listens."""


def accepts(port: int) -> bool:
    """Whether something on loopback takes connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Different ports on loopback that nobody listens on at this moment, by chance: who asks next gets others."""
    free = (port for port in random.sample(_RANGE, len(_RANGE)) if _is_free(port))
    return [next(free) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
