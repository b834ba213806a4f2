"""``deskbridge archive hold``: holds, which keep messages beyond their retention (A8)."""

from datetime import UTC, datetime, timedelta

import click

from component.model import Settings, Tenant
from component.store.api import Hold, StoredHold

from .store_access import DAY, account_option, moment, one_tenant_option, operator, settings_option, us, with_store


@click.group()
def hold() -> None:
    """Holds, which keep messages beyond their retention.

    Messages that only a hold keeps are in nobody's history; `deskbridge archive export` prints them.
    """


@hold.command()
@settings_option
@click.option("--reason", required=True, help="Why; shown in the list of holds.")
@account_option
@click.option("--from", "start", type=DAY, metavar="DAY", help="Only from this day on (UTC).")
@click.option("--to", "end", type=DAY, metavar="DAY", help="Only up to this day, and with it (UTC).")
@one_tenant_option
def add(
    settings: Settings, reason: str, account: str | None, start: datetime | None, end: datetime | None, tenant: Tenant
) -> None:
    """Keep messages of a tenant until the hold is removed."""
    new = Hold(
        tenant=tenant.id,
        reason=reason,
        by=operator(),
        at=us(datetime.now(UTC)),
        account=account,
        start=None if start is None else us(start),
        end=None if end is None else us(end + timedelta(days=1)) - 1,
    )
    number = with_store(settings, lambda store: store.place_hold(new))
    click.echo(f"hold {number} is in force")


@hold.command("list")
@settings_option
@one_tenant_option
def list_holds(settings: Settings, tenant: Tenant) -> None:
    """Show all holds of a tenant, including removed ones."""
    for stored in with_store(settings, lambda store: store.holds(tenant.id)):
        click.echo(_described(stored))


@hold.command()
@settings_option
@one_tenant_option
@click.argument("number", type=int)
def remove(settings: Settings, tenant: Tenant, number: int) -> None:
    """End a hold. The next purge deletes what only this hold kept."""
    by, now = operator(), us(datetime.now(UTC))
    if not with_store(settings, lambda store: store.lift_hold(tenant.id, number, by, now)):
        raise click.ClickException(f"{tenant.id} has no hold {number} in force")
    click.echo(f"hold {number} is removed")


def _described(stored: StoredHold) -> str:
    hold = stored.hold
    what = hold.account or "everybody"
    if hold.start is not None:
        what += f" from {moment(hold.start):%Y-%m-%d}"
    if hold.end is not None:
        what += f" to {moment(hold.end):%Y-%m-%d}"
    text = f"{stored.id}: {what}: {hold.reason} (by {hold.by}, {moment(hold.at):%Y-%m-%d})"
    if stored.lifted_at is not None:
        text += f", removed by {stored.lifted_by}, {moment(stored.lifted_at):%Y-%m-%d}"
    return text
