"""The configuration file, the environment and the component's secret, checked as a whole (O1)."""

import logging
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from component.model import EjabberdSettings, Limits, Settings, StorageSettings, Tenant, WebSettings, XmppSettings

from .problems import ConfigError, Place, Problem, duplicates
from .settings import HOST_KEYS, SECTIONS, FileShape, TenantShape
from .storage_urls import resolved
from .table_shapes import read_all, toml
from .toml_source import read_text, read_toml

SECRET_VARIABLE = "DESKBRIDGE_XMPP_SECRET"
MOST_SECRET_BYTES = 4096

log = logging.getLogger(__name__)


def read_secret(
    file: Path | None,
    missing: Place,
    environ: Mapping[str, str],
    problems: list[Problem],
    warn: Callable[[Problem], None],
) -> str:
    """The secret, or ``""`` and a problem; ``missing`` is the place of the key that should name a file.

    A file that every user of the machine can read is accepted with a warning.
    """
    if SECRET_VARIABLE in environ:
        return _one_line(environ[SECRET_VARIABLE], Place(Path("environment"), {}, (SECRET_VARIABLE,)), problems)
    if file is None:
        problems.append(Problem(missing, f"is missing; name a file here or set {SECRET_VARIABLE} in the environment"))
        return ""
    text = read_text(file, MOST_SECRET_BYTES, problems)
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


def load_settings(
    path: Path,
    environ: Mapping[str, str] = os.environ,
    warn: Callable[[Problem], None] = lambda problem: log.warning("%s", problem),
) -> Settings:
    """The settings in the TOML file ``path``, with every path in it resolved relative to the file's folder.

    The variable DESKBRIDGE_XMPP_SECRET in ``environ`` takes precedence over ``secret_file``. ``warn`` gets problems
    that are not errors. Raises ConfigError with every problem of the file; the tenants' directories are not read here.
    """
    problems: list[Problem] = []
    file = read_toml(path, problems)
    if file is None:
        raise ConfigError(problems)
    folder = path.absolute().parent
    top = FileShape.read(file.data, file.place, problems)
    sections = _sections(top, file.place, problems)
    tenants = read_all(TenantShape, top.tenants or [], file.place.at("tenants"), problems)
    problems += _clashes(tenants)
    problems += _foreign_operators(tenants)
    name = sections["xmpp"].pop("secret_file", None)
    secret_file = folder / name if name else None
    secret = read_secret(secret_file, file.place.at("xmpp", "secret_file"), environ, problems, warn)
    if problems:
        raise ConfigError(problems)
    return Settings(
        xmpp=XmppSettings(**sections["xmpp"], secret=secret),
        ejabberd=EjabberdSettings(**sections["ejabberd"]),
        storage=StorageSettings(resolved(sections["storage"]["url"], folder)),
        tenants=tuple(_tenant(shape, folder) for _, shape in tenants),
        web=WebSettings(**sections["web"]),
        limits=Limits(**sections["limits"]),
    )


def _sections(top: FileShape, place: Place, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """The valid keys of each section; none of a section that is left out."""
    tables = {key: getattr(top, key) for key in SECTIONS}
    return {
        key: {} if tables[key] is None else shape.read(tables[key], place.at(key), problems).given()
        for key, shape in SECTIONS.items()
    }


def _clashes(tenants: list[tuple[Place, TenantShape]]) -> Iterator[Problem]:
    """Tenants are identified by their ids and, in stanzas, only by their hosts (AD4)."""
    yield from duplicates("the tenant id", ((place.at("id"), tenant.id) for place, tenant in tenants if tenant.id))
    hosts = ((place.at(key), getattr(tenant, key)) for place, tenant in tenants for key in HOST_KEYS)
    yield from duplicates("the host", ((place, host) for place, host in hosts if host))


def _foreign_operators(tenants: list[tuple[Place, TenantShape]]) -> Iterator[Problem]:
    """An operator logs in on a host of the tenant, where ejabberd knows who it is (R1)."""
    for place, tenant in tenants:
        hosts = [host for host in (tenant.work_host, tenant.desk_host) if host]
        for number, account in enumerate(tenant.operators or ()):
            if account.rpartition("@")[2] not in hosts:
                here = f"must be an account on {' or '.join(hosts) or 'a host of this tenant'}, not {toml(account)}"
                yield Problem(place.at("operators", number), here)


def _tenant(shape: TenantShape, folder: Path) -> Tenant:
    given = shape.given()
    given["operators"] = frozenset(shape.operators or ())
    given["support_addresses"] = tuple(shape.support_addresses or ())
    return Tenant(**{**given, "directory": folder / shape.directory})
