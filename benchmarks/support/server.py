"""A private ejabberd to measure with: what `deskbridge ejabberd-config` prints, and only these differences.

Several tenants, so that several ways of a message are there at once and can be measured in turn. Accounts are put
straight into its database. Work users' own archive (mod_mam) is only on where a benchmark wants it: on SQLite it takes
some 200 messages a second, which would be all that any benchmark shows.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from component.ejabberd.ejabberd_yml import bridge_listeners, complete
from component.ejabberd.private_server import EjabberdServer, free_ports
from component.ejabberd.site import LOOPBACK, EjabberdDatabase, Site
from component.ejabberd.yaml import dump
from component.model import Settings, Tenant
from tests.support.bridge import BridgeProcess
from tests.support.postgresql import PostgreSQLServer, execute
from tests.support.server import GUARD, install, make_settings, make_tenant, server_folder

PASSWORD = "secret"
LIMITS = {"messages_per_second": 1_000_000, "burst": 1_000_000}
"""The rule is applied all the same."""

_MAM = """\
  # The Work users' whole history, chats with agents included.
  mod_mam:
    default: always
"""


@dataclass
class BenchServer:
    """``settings`` are deskbridge's own; ``ports`` are those of component listeners, by tenant."""

    server: EjabberdServer
    settings: Settings
    tenants: dict[str, Tenant]
    ports: dict[str, int]
    client_port: int

    @property
    def folder(self) -> Path:
        return self.server.folder

    @property
    def pid(self) -> int:
        process = self.server._process
        assert process is not None, "ejabberd is not running"
        return process.pid

    def bridge(self, people: dict[str, str], **changes: object) -> BridgeProcess:
        """deskbridge, not started, with a directory in TOML for each tenant. It has a folder of its own.

        ``changes`` are keys of the first tenant. People get no contacts but those they ask for, unless it says so.
        """
        folder = self.folder.parent / "deskbridge"
        folder.mkdir(exist_ok=True)
        process = BridgeProcess(folder, self.settings, fresh=True)
        for tenant, text in people.items():
            process.write_people(tenant, text)
        process.write_config(limits=LIMITS, **{"roster_limit": 0, **changes})
        return process


@contextmanager
def bench_server(
    bridged: Iterable[str],
    others: Iterable[str] = (),
    archived: Iterable[str] = (),
    accounts: Iterable[str] = (),
    postgresql: PostgreSQLServer | None = None,
) -> Iterator[BenchServer]:
    """An ejabberd with a tenant for each name, running; those in ``bridged`` are deskbridge's, the component hosts of
    each other one have a listener of their own. Work users of those in ``archived`` have mod_mam.
    ejabberd's own database is a new one in ``postgresql``, or SQLite files."""
    database = postgresql.database_for_ejabberd(install()) if postgresql else None
    with server_folder() as folder:
        bench = _make(folder, list(bridged), list(others), set(archived), database)
        if postgresql and database:
            _add_accounts_to(postgresql.url(database.database), accounts)
        else:
            _add_accounts(bench, accounts)
        bench.server.start()
        try:
            yield bench
        finally:
            bench.server.stop()


def _make(
    folder: Path, bridged: list[str], others: list[str], archived: set[str], database: EjabberdDatabase | None
) -> BenchServer:
    folder.chmod(0o755)
    home = folder / "ejabberd"
    component_port, api_port, client_port, web_port, *more = ports = free_ports(4 + len(others))
    tenants = {name: make_tenant(name, folder) for name in (*bridged, *others)}
    every = replace(make_settings(folder, component_port, api_port), tenants=tuple(tenants.values()))
    own = replace(every, tenants=tuple(tenants[name] for name in bridged))
    of = dict(zip(others, more, strict=True))
    site = Site(
        client_ip=LOOPBACK,
        client_port=client_port,
        http_port=web_port,
        http_url=f"http://{LOOPBACK}:{web_port}",
        certificate=None,
        spool=install().inside(home / "spool"),
        bytes_per_second=None,
        loglevel="warning",
        postgresql=database,
    )
    listeners = [_listener(replace(every, xmpp=replace(every.xmpp, port=of[name]), tenants=(tenants[name],)))
                 for name in others]  # fmt: skip
    config = complete(every, site, with_secret=True).replace(_listener(every), _listener(own) + "".join(listeners))
    config = _move_mam(config, [tenants[name].work_host for name in archived])
    server = EjabberdServer(home, config, ports=ports, guard=GUARD, install=install())
    return BenchServer(server, own, tenants, of, client_port)


def _listener(settings: Settings) -> str:
    """The component listener alone, as it stands in the configuration."""
    text = dump({"listen": bridge_listeners(settings, True)[:1]})
    return text.removeprefix("listen:\n")


def _move_mam(config: str, hosts: list[str]) -> str:
    """From all Work hosts to these."""
    assert _MAM in config, "the generated configuration names mod_mam in other words"
    config = config.replace(_MAM, "")
    for host in hosts:
        head, found, tail = config.partition("append_host_config:\n")
        entry = f"  {host}:\n    modules:\n"
        assert found and entry in tail, f"the generated configuration has no modules of {host}"
        config = head + found + tail.replace(entry, entry + "      mod_mam:\n        default: always\n", 1)
    return config


def _add_accounts(bench: BenchServer, accounts: Iterable[str]) -> None:
    """Passwords in the clear, so that a thousand log-ins do not measure SCRAM's hashing."""
    spool = bench.folder / "spool"
    spool.mkdir(parents=True)
    of: dict[str, list[str]] = {}
    for account in accounts:
        user, _, host = account.partition("@")
        of.setdefault(host, []).append(user)
    for host, users in of.items():
        path = spool / f"{host}.sqlite"
        install().create_database(path)
        with closing(sqlite3.connect(path)) as database, database:
            database.executemany(
                "INSERT INTO users (username, password, serverkey, salt, iterationcount) VALUES (?, ?, '', '', 0)",
                [(user, PASSWORD) for user in users],
            )


def _add_accounts_to(url: str, accounts: Iterable[str]) -> None:
    """The same in PostgreSQL."""
    rows = (f"('{user}', '{host}', '{PASSWORD}')" for user, _, host in (each.partition("@") for each in accounts))
    execute(url, f"INSERT INTO users (username, server_host, password) VALUES {', '.join(rows)}")
