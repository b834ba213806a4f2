"""The sections of ``ejabberd.yml`` that only a new server needs: clients, storage, limits."""

from dataclasses import dataclass

from component.model import Settings

from .modules import WORK_MODULES, bridge_rule
from .yaml import Node, note

LOOPBACK = "127.0.0.1"
SQLITE_NOTE = """\
Accounts, rosters and archives are durable, in one SQLite file for each virtual host: hosts that shared one would
find it locked by each other. Needs Debian's erlang-p1-sqlite3. Versions before 24.06 do not make the tables: for
each file of host_config below, as the user ejabberd, run  sqlite3 FILE < /usr/share/ejabberd/sql/lite.sql"""

POSTGRESQL_NOTE = """\
Accounts, rosters, archives and all else that must last are in one PostgreSQL database for all hosts. Needs Debian's
erlang-p1-pgsql. As PostgreSQL's user postgres:

  createuser --pwprompt ejabberd
  createdb --owner ejabberd --encoding UTF8 --template template0 ejabberd

Versions before 24.06 do not make the tables:

  psql --host 127.0.0.1 --username ejabberd ejabberd < /usr/share/ejabberd/sql/pg.new.sql

This file holds the password then: let only the user ejabberd read it."""

NEW_SCHEMA_NOTE = """\
Tables with a column for the host, those of pg.new.sql. Without it, hosts that share a database share their accounts,
and bob of one host logs in as bob of the other. From 25.10 on it is called sql_schema_multihost."""

POOL_NOTE = """\
For each host. PostgreSQL's max_connections, 100 if it says nothing, must have room for those of all hosts."""


POOL = 10
"""Connections of a host, which is what ejabberd takes by itself: printed, so that it can be found."""

UPLOAD_FROM_ANYWHERE: dict[str, Node] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,HEAD,PUT,OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type",
}
"""The address of the upload slot authorises an upload, not the origin of the page."""


@dataclass(frozen=True, slots=True)
class EjabberdDatabase:
    """Where ejabberd's own PostgreSQL is. deskbridge does not know the password: there is a placeholder for it."""

    server: str = LOOPBACK
    port: int = 5432
    database: str = "ejabberd"
    username: str = "ejabberd"
    password: str = "the password of PostgreSQL's user ejabberd"


@dataclass(frozen=True, slots=True)
class Site:
    """The settings of a complete configuration that deskbridge's own does not have; the defaults are those of Debian.

    ``certificate`` is a PEM file with its key, ``None`` for a server without TLS. ``http_url`` is the address of the
    HTTP listener for clients, through a web server in front of it; ``@HOST@`` stands for the virtual host. Without such
    a web server, files are at ``uploads_port``, with TLS. ``bytes_per_second`` is what one client may send, ``None``
    for no limit. ``extra_commands`` opens more of the HTTP API: for demonstrations and tests only.
    ``upload_from_web_pages`` lets clients in web pages of any other address put files there. ejabberd's own database is
    ``postgresql``, or SQLite files in ``spool`` if that is ``None``.
    """

    client_ip: str = "::"
    client_port: int = 5222
    http_port: int = 5280
    http_url: str = "https://@HOST@"
    uploads_port: int | None = None
    certificate: str | None = "/etc/ejabberd/ejabberd.pem"
    tls_required: bool = True
    spool: str = "/var/lib/ejabberd"
    bytes_per_second: int | None = 500_000
    extra_commands: tuple[str, ...] = ()
    upload_from_web_pages: bool = False
    postgresql: EjabberdDatabase | None = None
    loglevel: str = "info"


def storage(site: Site) -> dict[str, Node]:
    """For all hosts. Every module that keeps something follows ``default_db``, and so do accounts."""
    if site.postgresql is None:
        own: dict[str, Node] = {note("default_db", SQLITE_NOTE): "sql", "sql_type": "sqlite"}
    else:
        own = {note("default_db", POSTGRESQL_NOTE): "sql", **_postgresql(site.postgresql)}
    return {**own, "auth_password_format": "scram"}


def _postgresql(own: EjabberdDatabase) -> dict[str, Node]:
    return {
        "sql_type": "pgsql",
        note("sql_server", "On another machine add  sql_ssl: true"): own.server,
        "sql_port": own.port,
        "sql_database": own.database,
        "sql_username": own.username,
        "sql_password": own.password,
        note("sql_pool_size", POOL_NOTE): POOL,
        note("new_sql_schema", NEW_SCHEMA_NOTE): True,
    }


def host_storage(site: Site, host: str) -> dict[str, Node]:
    return {"sql_database": f"{site.spool}/{host}.sqlite"} if site.postgresql is None else {}


def security(site: Site) -> dict[str, Node]:
    federation = {note("s2s_access", "One organisation: no federation with other servers."): "none"}
    certificates = {"certfiles": [site.certificate]} if site.certificate else {}
    return {**federation, **certificates, "disable_sasl_mechanisms": ["digest-md5", "X-OAUTH2"]}


def client_listeners(site: Site, stanza_limit: int) -> list[Node]:
    """XMPP and WebSocket clients may send stanzas of ``stanza_limit`` bytes; ejabberd uses the limit of the first for
    both."""
    clients: dict[str, Node] = {
        note("port", "XMPP clients."): site.client_port,
        "ip": site.client_ip,
        "module": "ejabberd_c2s",
        "access": "all",
        "shaper": "clients",
        "max_stanza_size": stanza_limit,
    }
    if site.certificate:
        clients["starttls_required" if site.tls_required else "starttls"] = True
    web: dict[str, Node] = {
        note("port", "WebSocket and uploads, for a web server in front of it that adds TLS."): site.http_port,
        "ip": LOOPBACK,
        "module": "ejabberd_http",
        "request_handlers": {"/ws": "ejabberd_http_ws", "/upload": "mod_http_upload"},
    }
    if site.uploads_port is None:
        return [clients, web]
    uploads: dict[str, Node] = {
        note("port", "Uploads over TLS."): site.uploads_port,
        "ip": LOOPBACK,
        "module": "ejabberd_http",
        "tls": True,
        "request_handlers": {"/upload": "mod_http_upload"},
    }
    return [clients, web, uploads]


def console_permission() -> dict[str, Node]:
    return {"console": {"from": "ejabberd_ctl", "who": "all", "what": "*"}}


def shapers(site: Site) -> dict[str, Node]:
    if site.bytes_per_second is None:
        return {"shaper_rules": {"clients": "none"}}
    rate = site.bytes_per_second
    return {
        "shaper": {"clients": {"rate": rate, "burst_size": 4 * rate}},
        "shaper_rules": {"clients": "clients"},
    }


def work_modules(site: Site, settings: Settings) -> Node:
    """The virtual hosts share an address for uploads, so each has its own path."""
    upload: dict[str, Node] = {
        "docroot": f"{site.spool}/upload",
        "put_url": f"{site.http_url}/upload/@HOST@",
        note("access", "The services as well, so that deskbridge learns where uploads are. They put none there."): [
            {"allow": "local"},
            *({"allow": bridge_rule(tenant)} for tenant in settings.tenants),
        ],
    }
    if site.upload_from_web_pages:
        upload["custom_headers"] = UPLOAD_FROM_ANYWHERE
    return {**WORK_MODULES, "mod_http_upload": upload}
