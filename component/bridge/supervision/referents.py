"""Which message a correction or a retraction is about (XEP-0308, XEP-0424)."""

import logging
from dataclasses import replace

from component.outgoing.copy_stanzas import reference
from component.store.archived_messages import ArchivedMessage
from component.store.store import Store
from component.store.store_errors import StoreError

from .copy_texts import Said

log = logging.getLogger(__name__)


async def referring(store: Store, said: Said) -> Said:
    """The same with the messages that it corrects or retracts: only those of the same sender (XEP-0308 §5)."""
    corrected, retracted = reference(said.message.as_written)
    return replace(
        said,
        corrects=await _find(store, said, corrected),
        retracts=await _find(store, said, retracted),
    )


async def _find(store: Store, said: Said, reference: str | None) -> ArchivedMessage | None:
    if reference is None:
        return None
    try:
        found = await store.find_own(said.message.conversation_id, reference, said.sender.account, said.message.id)
        return None if found is None else await store.message(found)
    except StoreError as problem:
        log.warning("a copy of a correction does not say what it corrects: %s", problem)
        return None
