"""The machine's TLS certificates, which are not needed without TLS.

slixmpp loads them for each stream, aiohttp twice when it is imported: 3 MB of memory, and some 10 ms.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

_NOWHERE: Mapping[str, str] = MappingProxyType({"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull})
"""Where OpenSSL looks for them (``openssl-env(7)``)."""


@contextmanager
def unread() -> Iterator[None]:
    """Meanwhile no certificates of the machine are found."""
    before = {name: os.environ.get(name) for name in _NOWHERE}
    os.environ.update(_NOWHERE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
