"""Links by which a supervisor downloads a transcript: for a while, and only as long as they may read it (S3)."""

import asyncio
import json
import secrets

from component.model import Party
from component.services.conversation_transcripts import Transcripts
from component.services.transcript_files import FORMATS, file_name
from component.store.changes import Audit, NewLink
from component.store.store import Store
from component.store.stored_links import FoundLink

from ..clock import now_us
from ..state.state import State

LIFE_US = 3_600_000_000
"""A transcript is downloaded at once, or asked for again."""

TOKEN_BYTES = 16


class TranscriptLinks:
    """The link itself holds no transcript: it is made when the link is opened."""

    def __init__(self, state: State, store: Store, transcripts: Transcripts) -> None:
        self._state = state
        self._store = store
        self._transcripts = transcripts

    async def make(self, reader: Party, conversation_id: int, format: str) -> str:
        """The address of a link. Raises ``StoreError``."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), now_us()
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
        return f"{self._state.web.public_url}/t/{token}"

    async def open(self, found: FoundLink) -> str | None:
        """The file; None if there is nothing that its reader may read any more. Raises ``StoreError``."""
        content = json.loads(found.content)
        world = self._state.world
        reader = world.account(content["reader"])
        write = FORMATS.get(content["format"])
        if reader is None or write is None or reader.tenant.id != found.link.tenant:
            return None
        id = content["conversation"]
        transcript = await self._transcripts.read(reader, reader.tenant, world, id)
        if transcript is None:
            return None
        entry = Audit(
            now_us(), reader.tenant.id, "web", "transcript.downloaded", f"conversation {id}", f"link {found.link.id}"
        )
        await self._store.submit(entry)
        return await asyncio.to_thread(write, transcript)
