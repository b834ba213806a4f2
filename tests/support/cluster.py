"""Two nodes of one ejabberd on loopback, joined: what is in Mnesia is on both, and people may log in at either."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from component.ejabberd.ejabberd_yml import complete
from component.ejabberd.private_server import EjabberdServer, Install, free_ports
from component.ejabberd.site import LOOPBACK
from tests.support.server import GUARD, TestServer, install, make_settings, make_site, server_folder

SQL = re.compile(r'sql_database: ".+"|default_db: "?sql"?')
"""Each node would have files of its own."""


class Node(EjabberdServer):
    """A node of a cluster at an address of its own, 127.0.0.1 and upwards: Erlang finds the others there, at the one
    ``port`` that all have, without a daemon that knows of them. ``joins`` is the address of one that runs."""

    def __init__(
        self, folder: Path, config: str, ports: tuple[int, ...], install: Install, address: str, port: int, cookie: str,
        joins: str | None,
    ) -> None:  # fmt: skip
        super().__init__(folder, config, ports=ports, guard=GUARD, install=install)
        self._address = address
        self._port = port
        self._cookie = cookie
        self._joins = joins

    def _erl_arguments(self) -> list[str]:
        interface = f"{{{self._address.replace('.', ',')}}}"
        *others, command, ready = super()._erl_arguments()
        join = ["-eval", f"ok = ejabberd_cluster:join('ejabberd@{self._joins}')."] if self._joins else []
        return [
            "-name", f"ejabberd@{self._address}", "-setcookie", self._cookie,
            "-start_epmd", "false", "-erl_epmd_port", str(self._port),
            "-kernel", "inet_dist_use_interface", interface,
            *others, *join, command, ready,
        ]  # fmt: skip


@contextmanager
def running_cluster() -> Iterator[tuple[TestServer, TestServer]]:
    """The same tenants on both, with ports of their own."""
    (port,) = free_ports(1)
    cookie = secrets.token_hex(16)
    with server_folder() as one, server_folder() as two:
        first = _node(one, install(), LOOPBACK, port, cookie, None)
        second = _node(two, install(), "127.0.0.2", port, cookie, LOOPBACK)
        try:
            first.server.start()
            second.server.start()
            yield first, second
        finally:
            second.server.stop()
            first.server.stop()


def _node(folder: Path, install: Install, address: str, port: int, cookie: str, joins: str | None) -> TestServer:
    component_port, api_port, client_port, web_port = ports = tuple(free_ports(4))
    settings = make_settings(folder, component_port, api_port)
    site = make_site(folder, install, client_port, web_port)
    config = SQL.sub("default_db: mnesia", complete(settings, site, with_secret=True))
    server = Node(folder, config, ports, install, address, port, cookie, joins)
    return TestServer(server, settings, install.version, client_port, web_port)
