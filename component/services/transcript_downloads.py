"""A transcript as a file (text for people, JSON for programs, CSV for spreadsheets), and the link to it (S3)."""

import asyncio
import csv
import io
import json
import secrets
from collections.abc import Callable, Mapping
from types import MappingProxyType

from component.directory.world import World
from component.model import Party
from component.outgoing.message_stanzas import second, stamp
from component.policy.marks import GOES_ON
from component.store.api import Audit, FoundLink, NewLink, Store

from .conversation_transcripts import Line, Transcript, TranscriptHeading, Transcripts

COLUMNS = ("number", "time", "name", "address", "kind", "text", "about")

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a formula begins in a spreadsheet (OWASP, CSV injection)."""


_LINE_BREAKS = dict.fromkeys(map(ord, "\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
_LINE_BREAKS_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}
"""JSON allows these in a text, but editors would break the line."""


ENDINGS = MappingProxyType({"text": "txt", "json": "json", "csv": "csv"})

LIFE_US = 3_600_000_000
"""Links expire soon: a transcript is downloaded at once, or asked for again."""

TOKEN_BYTES = 16


def as_text(transcript: Transcript) -> str:
    heading = transcript.heading
    lines = [f"Chat of {heading.title}", f"{period(heading)} (UTC)", ""]
    lines += map(spoken, transcript.lines)
    if not transcript.complete:
        lines.append("(There is more.)")
    return "\n".join(lines) + "\n"


def as_json(transcript: Transcript) -> str:
    heading = transcript.heading
    agents = [{"name": name, "address": face} for name, face in zip(heading.names, heading.faces, strict=True)]
    document = {
        "conversation": heading.id,
        "agents": agents,
        "opened": stamp(heading.opened_at),
        "ended": None if heading.ended_at is None else stamp(heading.ended_at),
        "complete": transcript.complete,
        "messages": [dict(zip(COLUMNS, _row(line), strict=True)) for line in transcript.lines],
    }
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return text.translate(_LINE_BREAKS_ESCAPED) + "\n"


def as_csv(transcript: Transcript) -> str:
    """RFC 4180, with a byte order mark, without which spreadsheets assume another character set."""
    file = io.StringIO()
    file.write("\ufeff")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in transcript.lines:
        writer.writerow([_cell(value) for value in _row(line)])
    return file.getvalue()


FORMATS: Mapping[str, Callable[[Transcript], str]] = MappingProxyType({"text": as_text, "json": as_json, "csv": as_csv})
"""Name -> writer."""


def file_name(id: int, format: str) -> str:
    return f"chat-{id}.{ENDINGS[format]}"


def spoken(line: Line) -> str:
    """One line as text. Line breaks within a message are marked, so that none of its lines looks like somebody else's,
    also in a client that does not show white space."""
    text, when = _marked(line.text), second(line.at)
    was = f' "{_marked(line.was)}"' if line.was is not None else " a message"
    match line.kind:
        case "retraction":
            return f"{when}  {line.name} retracted{was}{f', with the text: {text}' if text else ''}"
        case "correction":
            return f"{when}  {line.name} corrected{was}: {text}"
    return f"{when}  {line.name}: {text}"


def _marked(text: str) -> str:
    return f"\n{GOES_ON} ".join(text.splitlines())


def period(heading: TranscriptHeading) -> str:
    ended = "still going on" if heading.ended_at is None else f"until {second(heading.ended_at)}"
    return f"{second(heading.opened_at)}, {ended}"


def _row(line: Line) -> tuple[object, ...]:
    return line.number, stamp(line.at), line.name, line.face, line.kind, line.text, line.about


def _cell(value: object) -> object:
    """A text that a spreadsheet would calculate is prefixed with an apostrophe. Line breaks other than CR and LF are
    replaced, as CSV has only these within a cell (RFC 4180 §2)."""
    if not isinstance(value, str):
        return value
    text = f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value
    return text.translate(_LINE_BREAKS)


class TranscriptLinks:
    """Links by which a supervisor downloads a transcript: for an hour, and only while they may read it.

    The link holds no transcript; it is made when the link is opened. ``world`` gives the directory as it is now,
    ``now`` the time in us.
    """

    def __init__(
        self,
        store: Store,
        transcripts: Transcripts,
        public_url: str,
        world: Callable[[], World],
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._transcripts = transcripts
        self._public_url = public_url
        self._world = world
        self._now = now

    async def make(self, reader: Party, conversation_id: int, format: str) -> str:
        """Make a link; returns its address. Raises ``StoreError``."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._now()
        content = json.dumps({"conversation": conversation_id, "format": format, "reader": reader.account})
        link = NewLink(
            token=token,
            tenant=reader.tenant.id,
            kind="transcript",
            made_at=now,
            expires_at=now + LIFE_US,
            title=file_name(conversation_id, format),
            content=content,
            account=reader.account,
        )
        await self._store.submit(link)
        found = await self._store.links.find(token)
        named = f"link {found.link.id}" if found else "link"
        entry = Audit(
            now, reader.tenant.id, reader.account, "transcript.link", f"conversation {conversation_id}", named
        )
        await self._store.submit(entry)
        return f"{self._public_url}/t/{token}"

    async def open(self, found: FoundLink) -> str | None:
        """The file; None if its reader may not read it any more, or it is gone. Raises ``StoreError``."""
        content = json.loads(found.content)
        world = self._world()
        reader = world.account(content["reader"])
        write = FORMATS.get(content["format"])
        if reader is None or write is None or reader.tenant.id != found.link.tenant:
            return None
        id = content["conversation"]
        transcript = await self._transcripts.read(reader, reader.tenant, world, id)
        if transcript is None:
            return None
        entry = Audit(
            self._now(), reader.tenant.id, "web", "transcript.downloaded", f"conversation {id}", f"link {found.link.id}"
        )
        await self._store.submit(entry)
        return await asyncio.to_thread(write, transcript)
