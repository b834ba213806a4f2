"""``deskbridge audit``: who viewed or removed what (S3, O5), also while the bridge runs."""

import json
from dataclasses import asdict
from datetime import datetime

import click

from component.model import Settings, Tenant
from component.store.api import AuditEntry, Store

from .store_access import DAY, moment, settings_option, tenant_option, us, with_store


@click.command()
@settings_option
@tenant_option
@click.option("--about", metavar="SUBJECT", help="Only entries about this, such as 'link 17'.")
@click.option("--from", "start", type=DAY, metavar="DAY", help="Only from this day on (UTC).")
@click.option("--json", "as_json", is_flag=True, help="Lines of JSON.")
def audit(settings: Settings, tenant: Tenant | None, about: str | None, start: datetime | None, as_json: bool) -> None:
    """Print the audit log, the oldest first. Its entries cannot be changed or removed."""
    since = 0 if start is None else us(start)
    with_store(settings, lambda store: _show(store, None if tenant is None else tenant.id, about, since, as_json))


async def _show(store: Store, tenant: str | None, about: str | None, since: int, as_json: bool) -> None:
    async for entry in store.audit.entries(tenant, about):
        if entry.at >= since:
            click.echo(_as_json(entry) if as_json else _as_text(entry))


def _as_text(entry: AuditEntry) -> str:
    detail = f" ({entry.detail})" if entry.detail else ""
    return f"{moment(entry.at):%Y-%m-%d %H:%M:%S} {entry.tenant}: {entry.actor} {entry.action} {entry.subject}{detail}"


def _as_json(entry: AuditEntry) -> str:
    return json.dumps({**asdict(entry), "at": moment(entry.at).isoformat()}, ensure_ascii=False)
