"""``deskbridge links``: listing and revoking links (C10, O5), also while the bridge runs."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from component.model import Settings, Tenant
from component.store.api import Store, StoredLink, Which

from .store_access import moment, operator, read_account, settings_option, tenant_option, us, with_store

TOKEN_CHARS = 22
"""A token has at least this many characters, a number always fewer."""


@click.group()
def links() -> None:
    """Links to formatted messages and files, which work for anybody who has them."""


person_option = click.option(
    "--person", metavar="ACCOUNT", callback=read_account, help="Only in messages that this account wrote or got."
)
message_option = click.option("--message", type=int, metavar="NUMBER", help="Only of this message of the archive.")


@links.command("list")
@settings_option
@tenant_option
@person_option
@message_option
@click.option("--json", "as_json", is_flag=True, help="Lines of JSON, one a link.")
def list_links(
    settings: Settings, tenant: Tenant | None, person: str | None, message: int | None, as_json: bool
) -> None:
    """Show links, the oldest first: what they open, until when, and how often they were opened. The address itself is
    not shown; the number is enough to revoke a link."""
    which = Which(tenant=None if tenant is None else tenant.id, person=person, message_id=message)
    now = us(datetime.now(UTC))
    with_store(settings, lambda store: _show(store, which, now, as_json))


@links.command()
@settings_option
@tenant_option
@person_option
@message_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("names", nargs=-1, metavar="[LINK]...")
def revoke(
    settings: Settings,
    tenant: Tenant | None,
    person: str | None,
    message: int | None,
    yes: bool,
    names: tuple[str, ...],
) -> None:
    """End links at once: those named, or all of a message, a person, or a tenant.

    LINK is a number that `deskbridge links list` shows, the link itself, or the last part of it.
    """
    which = Which(tenant=None if tenant is None else tenant.id, person=person, message_id=message)
    if bool(names) == (which != Which()):
        raise click.UsageError("Name the links, or say whose with --message, --person or --tenant.")
    if not names and not message and not yes:
        click.confirm(f"Revoke all links of {person or which.tenant}?", abort=True)
    by, now = operator(), us(datetime.now(UTC))
    if not names:
        revoked = with_store(settings, lambda store: store.links.revoke(which, by, now))
        click.echo(f"{len(revoked)} links revoked")
        return
    missing = [name for name in names if not _revoke_one(settings, name, by, now)]
    if missing:
        raise click.ClickException(f"there is no such link: {', '.join(missing)}")


def _revoke_one(settings: Settings, name: str, by: str, now: int) -> bool:
    """Revoke a link and print the result; False if there is none."""
    found = with_store(settings, lambda store: _found_and_revoked(store, _named(name), by, now))
    for link, revoked in found:
        click.echo(f"link {link.id} {'is revoked' if revoked else 'was revoked before'}")
    return bool(found)


async def _found_and_revoked(store: Store, which: Which, by: str, now: int) -> list[tuple[StoredLink, bool]]:
    revoked = {link.id for link in await store.links.revoke(which, by, now)}
    return [(link, link.id in revoked) async for link in store.links.all(which)]


def _named(name: str) -> Which:
    """A number, a link, or the token that it ends with."""
    token = name.partition("?")[0].rstrip("/").rpartition("/")[2]
    if token.isdecimal() and len(token) < TOKEN_CHARS:
        return Which(ids=[int(token)])
    return Which(tokens=[token])


async def _show(store: Store, which: Which, now: int, as_json: bool) -> None:
    async for link in store.links.all(which):
        click.echo(json.dumps(_exported(link, now), ensure_ascii=False) if as_json else _described(link, now))


def _described(link: StoredLink, now: int) -> str:
    opened = f"opened {link.opened} times" if link.opened != 1 else "opened once"
    if link.last_opened_at is not None:
        opened += f", last {moment(link.last_opened_at):%Y-%m-%d %H:%M}"
    whose = ": ".join(filter(None, (link.sender, link.title))) or "of nobody"
    return (
        f"{link.id}: {link.kind} of {link.tenant}, {moment(link.made_at):%Y-%m-%d %H:%M}, {whose}; "
        f"{_state(link, now)}; {opened}"
    )


def _state(link: StoredLink, now: int) -> str:
    if link.revoked_at is not None:
        return f"revoked {moment(link.revoked_at):%Y-%m-%d %H:%M}"
    if now >= link.expires_at:
        return f"expired {moment(link.expires_at):%Y-%m-%d %H:%M}"
    if not link.shown:
        return "dead, as its message is in no history any more"
    return f"works until {moment(link.expires_at):%Y-%m-%d %H:%M}"


def _exported(link: StoredLink, now: int) -> dict[str, object]:
    """All fields, with times a person can read."""
    fields: dict[str, object] = asdict(link)
    for name in ("made_at", "expires_at", "revoked_at", "first_opened_at", "last_opened_at"):
        at = getattr(link, name)
        fields[name] = None if at is None else moment(at).isoformat()
    del fields["shown"]
    return {**fields, "works": link.live(now)}
