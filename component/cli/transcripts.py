"""``deskbridge transcripts``: chats between agents, for operators (S3, O5), also while the bridge runs."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import click

from component.config.directory_file import load_directories
from component.config.problems import LoadError
from component.directory.world import World
from component.model import Settings, Tenant
from component.services.conversation_transcripts import NEWEST, Search, Transcript, TranscriptHeading, Transcripts
from component.services.transcript_downloads import FORMATS, period
from component.store.api import Store

from .store_access import DAY, enter, one_tenant_option, settings_option, us, with_store

PAGE = 100


@click.group()
def transcripts() -> None:
    """Find and print chats between agents. Each view is entered in the audit log."""


@transcripts.command("list")
@settings_option
@click.option(
    "--agent", default="", metavar="NAME", help="Words of an agent's name, or their beginnings, or the address."
)
@click.option("--text", default="", metavar="WORDS", help="Words of one message.")
@click.option(
    "--from",
    "start",
    type=DAY,
    metavar="DAY",
    help="Only chats that lasted into this day (UTC) or later.",
)
@click.option("--until", "end", type=DAY, metavar="DAY", help="Only chats that began before the end of this day.")
@click.option("--most", type=click.IntRange(min=1), default=PAGE, show_default=True, help="At most this many.")
@one_tenant_option
def list_transcripts(
    settings: Settings, agent: str, text: str, start: datetime | None, end: datetime | None, most: int, tenant: Tenant
) -> None:
    """Show chats of a tenant, the newest first: their number, when they were, who took part."""
    world = _world(settings)
    search = Search(
        agent=agent,
        text=text,
        start=None if start is None else us(start),
        end=None if end is None else us(end + timedelta(days=1)) - 1,
    )
    found = with_store(settings, lambda store: _find(store, tenant, world, search, most))
    for heading in found:
        click.echo(f"{heading.id}\t{period(heading)}\t{heading.title}\t{heading.messages}")


@transcripts.command()
@settings_option
@click.option("--format", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="A new file, readable only by you.")
@one_tenant_option
@click.argument("number", type=click.IntRange(min=1))
def show(settings: Settings, format: str, output: Path | None, tenant: Tenant, number: int) -> None:
    """Print one chat, of the NUMBER that `deskbridge transcripts list` shows."""
    world = _world(settings)
    transcript = with_store(settings, lambda store: _read(store, tenant, world, number, format))
    if transcript is None:
        raise click.ClickException(f"{tenant.id} has no chat of agents with the number {number} (any more)")
    text = FORMATS[format](transcript)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with os.fdopen(os.open(output, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise click.ClickException(f"cannot write {output}: {problem.strerror}") from problem


def _world(settings: Settings) -> World:
    try:
        return World.of(load_directories(settings))
    except LoadError as problem:
        raise click.ClickException(str(problem)) from problem


async def _find(store: Store, tenant: Tenant, world: World, search: Search, most: int) -> tuple[TranscriptHeading, ...]:
    given = {name: value for name in ("agent", "text", "start", "end") if (value := getattr(search, name))}
    await enter(store, tenant, "transcripts.searched", "transcripts", json.dumps(given, ensure_ascii=False))
    return (await Transcripts(store).find(None, tenant, world, search, NEWEST, most)).found


async def _read(store: Store, tenant: Tenant, world: World, number: int, format: str) -> Transcript | None:
    transcript = await Transcripts(store).read(None, tenant, world, number)
    if transcript is not None:
        await enter(store, tenant, "transcript.read", f"conversation {number}", format)
    return transcript
