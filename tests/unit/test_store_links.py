"""Links and the audit log on disk: what is live, what goes with what, what is counted (C5, C10, A8, O5)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from component.store.api import (
    Audit,
    ChangeRefused,
    DeliveredUpTo,
    EndConversation,
    FoundLink,
    Hold,
    NewLink,
    Store,
    StoreError,
    Supersede,
    Which,
    Withdraw,
)
from component.store.records import stored_links as links
from component.store.retention import dead_links
from tests.support.store import ALICE, BOB, CAROL, MORNING, ON_SQLITE, SECOND, desk, joined, message, opened

pytestmark = pytest.mark.usefixtures("each_storage")

HOUR = 3_600 * SECOND
DAY = 24 * HOUR
NOON, TOMORROW, NEXT_YEAR = MORNING + 4 * HOUR, MORNING + DAY, MORNING + 365 * DAY


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened(tmp_path) as store:
        yield store


def link(token: str, message_id: int | None = None, **fields: Any) -> NewLink:
    defaults: dict[str, Any] = {
        "tenant": "acme",
        "kind": "page",
        "made_at": MORNING,
        "expires_at": MORNING + 30 * DAY,
        "title": "A message",
        "content": "<p>hello</p>",
        "sender": "Alice Ames",
    }
    return NewLink(token=token, message_id=message_id, **(defaults | fields))


async def linked(store: Store, *tokens: str, agent: str = ALICE, at: int = MORNING) -> list[int]:
    """Messages to Bob, each with a link of that token; the messages' ids."""
    chat = await store.find_joined(agent, BOB)
    conversation = joined(store, agent)
    if chat is None:
        await store.submit(conversation)
    else:
        conversation = replace(conversation, id=chat.id)
    ids = []
    for token in tokens:
        sent = message(store, conversation, token, sent_at=at)
        await store.submit(sent, link(token, sent.id))
        ids.append(sent.id)
    return ids


async def found(store: Store, token: str) -> FoundLink:
    answer = await store.links.find(token)
    assert answer is not None
    return answer


async def live(store: Store, *tokens: str, now: int = NOON) -> list[str]:
    return [token for token in tokens if (there := await store.links.find(token)) and there.link.live(now)]


async def titles(store: Store, **which: Any) -> list[str]:
    return [found.title for found in [found async for found in store.links.all(Which(**which))]]


async def log(store: Store, **which: Any) -> list[tuple[int, str, str, str, str]]:
    entries = [entry async for entry in store.audit.entries(**which)]
    return [(entry.at, entry.actor, entry.action, entry.subject, entry.detail) for entry in entries]


async def test_c10_a_link_comes_with_its_message_and_ends(store: Store) -> None:
    (sent,) = await linked(store, "token")
    answer = await found(store, "token")
    assert answer.content == "<p>hello</p>"
    assert (answer.link.kind, answer.link.message_id, answer.link.sender) == ("page", sent, "Alice Ames")
    assert answer.link.live(MORNING + 30 * DAY - 1)
    assert not answer.link.live(MORNING + 30 * DAY)
    assert await store.links.find("other") is None


async def test_a5_a_link_is_not_written_without_its_message(store: Store) -> None:
    """All in one transaction: a token that is there already refuses the message too."""
    await linked(store, "token")
    chat = await store.find_joined(ALICE, BOB)
    assert chat is not None
    sent = message(store, replace(joined(store), id=chat.id))
    with pytest.raises(ChangeRefused):
        await store.submit(sent, link("token", sent.id))
    assert await store.message(sent.id) is None
    assert (await found(store, "token")).link.message_id != sent.id


async def test_c10_the_token_is_in_no_log_and_no_error(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    (sent,) = await linked(store, "s3cret")
    with pytest.raises(ChangeRefused) as refused:
        await store.submit(link("s3cret", sent, title="s3cret", kind="page"))
    assert "s3cret" not in str(refused.value) + caplog.text + repr(link("s3cret"))


async def test_a_link_of_a_message_withdrawn_or_retracted_is_dead(store: Store) -> None:
    """C13, and M2: what came back undelivered has left every view."""
    withdrawn, retracted, _ = await linked(store, "withdrawn", "retracted", "kept")
    revoked = await revoking(store, retracted)
    await store.submit(Withdraw(withdrawn, NOON), revoked)
    assert await live(store, "withdrawn", "retracted", "kept") == ["kept"]
    await store.submit(replace(revoked, at=TOMORROW))
    assert (await found(store, "retracted")).link.revoked_at == NOON


async def revoking(store: Store, message_id: int, **fields: Any) -> Supersede:
    """By a message that Alice sends next."""
    sent = await store.message(message_id)
    assert sent is not None and sent.client_id is not None
    by = store.next_message_id()
    return replace(Supersede(sent.conversation_id, ALICE, sent.client_id, by, NOON, is_version=False), **fields)


async def test_c12_every_version_goes_when_the_next_one_comes(store: Store) -> None:
    """Clients name the first version each time, by either of its ids (XEP-0308 §3)."""
    (first,) = await linked(store, "first")
    chat = await store.find_joined(ALICE, BOB)
    assert chat is not None
    conversation = replace(joined(store), id=chat.id)
    for number, token in enumerate(("second", "third")):
        revoked = await revoking(store, first)
        sent = message(store, conversation, origin_id=f"origin-{number}")
        await store.submit(sent, link(token, sent.id), replace(revoked, by=sent.id, is_version=True))
    assert await live(store, "first", "second", "third") == ["third"]
    await store.submit(await revoking(store, first, reference="origin-1"))
    assert await live(store, "third") == []


@pytest.mark.parametrize("retracted", ["first", "second", "third"])
async def test_c12_versions_of_versions_are_one_message(store: Store, retracted: str) -> None:
    """A11: some clients name the version before, and not each of them needs to have links."""
    chat = joined(store)
    first, second, third = (message(store, chat, client_id=name) for name in ("first", "second", "third"))
    by = store.next_message_id()
    await store.submit(
        chat,
        *(first, second, third, link("a", first.id), link("c", third.id)),
        Supersede(chat.id, ALICE, "first", second.id, NOON, is_version=True),
        Supersede(chat.id, ALICE, "second", third.id, NOON, is_version=True),
    )
    assert await live(store, "a", "c") == ["c"]
    await store.submit(Supersede(chat.id, ALICE, retracted, by, NOON, is_version=False))
    assert await live(store, "a", "c") == []


async def test_c13_an_id_used_again_means_the_newest(store: Store) -> None:
    """A11: some clients number from one after every start; what came back or comes later does not count."""
    chat = joined(store)
    old, new, bounced = (message(store, chat, client_id="1") for _ in range(3))
    others = message(store, chat, client_id="1", sender_account=BOB, receiver_account=ALICE)
    retraction = message(store, chat, client_id="1")
    later = message(store, chat, client_id="1")
    await store.submit(
        *(chat, old, new, bounced, others, retraction, later),
        *(link(name, sent.id) for name, sent in {"old": old, "new": new, "others": others, "later": later}.items()),
        Withdraw(bounced.id, NOON),
        Supersede(chat.id, ALICE, "1", retraction.id, NOON, is_version=False),
    )
    assert await live(store, "old", "new", "others", "later") == ["old", "others", "later"]
    assert await store.find_own(chat.id, "1", ALICE, before=retraction.id) == new.id
    assert await store.find_own(chat.id, "1", BOB, before=retraction.id) == others.id
    assert await store.find_own(chat.id, "1", ALICE, before=old.id) is None


async def test_c13_what_was_said_in_an_earlier_conversation(store: Store) -> None:
    """Two agents' conversations are one chat in their clients: the newest of that id is meant, whichever it was in."""
    first, second, third = (desk(store) for _ in range(3))
    others = desk(store, BOB, CAROL)
    old, new, hers, elsewhere = (
        message(store, first, client_id="1"),
        message(store, second, client_id="1"),
        message(store, second, client_id="1", sender_account=CAROL, receiver_account=ALICE),
        message(store, others, client_id="1", sender_account=BOB, receiver_account=CAROL),
    )
    by = store.next_message_id()
    sent = {"old": old, "new": new, "hers": hers, "elsewhere": elsewhere}
    await store.submit(
        *(first, EndConversation(first.id, NOON, "gone"), second, EndConversation(second.id, NOON, "gone")),
        *(third, others, *sent.values(), *(link(token, message.id) for token, message in sent.items())),
        Supersede(third.id, ALICE, "1", by, NOON, is_version=False),
    )
    assert await live(store, *sent) == ["old", "hers", "elsewhere"]
    assert await store.find_own(third.id, "1", ALICE, before=by) == new.id
    assert await store.find_own(third.id, "1", CAROL, before=by) == hers.id
    assert await store.find_own(first.id, "1", ALICE, before=by) == old.id


async def test_c12_nobody_revokes_what_others_sent(store: Store) -> None:
    (sent,) = await linked(store, "token")
    (elsewhere,) = await linked(store, "other", agent=CAROL)
    other = await store.message(elsewhere)
    assert other is not None
    await store.submit(await revoking(store, sent, sender_account=BOB))
    await store.submit(await revoking(store, sent, conversation_id=other.conversation_id))
    await store.submit(await revoking(store, sent, reference="nothing"))
    assert await live(store, "token", "other") == ["token", "other"]


async def test_links_without_a_message_live_by_themselves(store: Store) -> None:
    """S3: transcripts."""
    await store.submit(link("transcript", kind="transcript", account=CAROL))
    assert await live(store, "transcript") == ["transcript"]
    assert await titles(store, person=CAROL) == ["A message"]
    assert await titles(store, person=ALICE) == []


async def test_a8_links_go_with_their_messages(store: Store, tmp_path: Path) -> None:
    await linked(store, "old", at=MORNING)
    await linked(store, "new", at=TOMORROW)
    await store.submit(DeliveredUpTo(store.next_message_id()))
    await store.purge("acme", NOON)
    assert await store.links.find("old") is None
    assert await live(store, "new") == ["new"]
    (left,) = [found.id async for found in store.links.all(Which())]
    await linked(store, "newer")
    assert [found.id async for found in store.links.all(Which())] == [left, left + 1]


async def test_a8_a_hold_keeps_links_that_nobody_can_open(store: Store) -> None:
    await linked(store, "held")
    await linked(store, "free", agent=CAROL)
    await store.submit(DeliveredUpTo(store.next_message_id()))
    hold = await store.place_hold(Hold("acme", "lawsuit 7", "operator", NOON, account=ALICE))
    await store.purge("acme", TOMORROW)
    assert await store.links.find("free") is None
    assert (await found(store, "held")).content == "<p>hello</p>"
    assert await live(store, "held") == []
    assert await titles(store, person=ALICE) == ["A message"]
    assert await store.links.remove_expired(NEXT_YEAR) == 0
    await store.lift_hold("acme", hold, "judge", TOMORROW)
    await store.purge("acme", TOMORROW)
    assert await store.links.find("held") is None


async def test_expired_links_are_removed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In steps, and not those of messages that a hold will keep."""
    monkeypatch.setattr(dead_links, "SLICE_OF_LINKS", 2)
    await linked(store, *(f"token {n}" for n in range(5)))
    await linked(store, "held", agent=CAROL)
    await store.place_hold(Hold("acme", "lawsuit 7", "operator", NOON, account=CAROL))
    await store.submit(link("still good", expires_at=NEXT_YEAR, title="still good"))
    assert await store.links.remove_expired(MORNING + 30 * DAY) == 0
    assert await store.links.remove_expired(MORNING + 30 * DAY + 1) == 5
    assert await titles(store) == ["A message", "still good"]


async def test_o5_links_are_listed_by_tenant_person_and_message(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "CHUNK", 2)
    first, *_ = await linked(store, "1", "2", "3", "4", "5")
    await linked(store, "6", agent=CAROL)
    await store.submit(link("7", tenant="globex", title="of globex", account="eve@cc.globex.test"))
    assert len(await titles(store)) == 7
    assert await titles(store, tenant="globex") == await titles(store, person="eve@cc.globex.test") == ["of globex"]
    assert [len(await titles(store, person=person)) for person in (ALICE, CAROL, BOB)] == [5, 1, 6]
    assert len(await titles(store, message_id=first)) == 1
    assert len(await titles(store, ids=[1, 2, 99])) == 2
    assert len(await titles(store, tokens=["1", "7", "wrong"])) == 2
    assert await titles(store, tenant="globex", person=ALICE) == []


async def test_o5_revoking_is_written_down(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "CHUNK", 2)
    await linked(store, "1", "2", "3", "4")
    revoked = await store.links.revoke(Which(tokens=["1"]), "operator root", NOON)
    assert [link.id for link in revoked] == [1]
    assert len(await store.links.revoke(Which(person=BOB), "operator root", TOMORROW)) == 3
    assert await store.links.revoke(Which(person=BOB), "operator root", TOMORROW) == []
    assert await live(store, "1", "2", "3", "4") == []
    assert (await found(store, "1")).link.revoked_at == NOON
    assert await log(store, tenant="acme", subject="link 1") == [(NOON, "operator root", "link.revoked", "link 1", "")]
    assert len(await log(store)) == 4


async def test_openings_are_counted_and_entered_once_an_hour(store: Store) -> None:
    """O5: whoever opens a link a thousand times makes two lines of it. No count is lost, not even by deletion."""
    await linked(store, "token", "other")
    await store.links.opened({1: 1}, NOON)
    assert await log(store) == [(NOON, "web", "link.opened", "link 1", "")]
    await store.links.opened({1: 600, 2: 1}, NOON + SECOND)
    await store.links.opened({1: 399}, NOON + HOUR - 1)
    assert len(await log(store, subject="link 1")) == 1
    assert (await found(store, "token")).link.opened == 1000
    await store.links.opened({}, NOON + HOUR)
    assert (await log(store, subject="link 1"))[1:] == [(NOON + HOUR - 1, "web", "link.opened", "link 1", "999 times")]
    await store.links.opened({}, NOON + 9 * HOUR)
    assert len(await log(store)) == 3
    await store.links.opened({2: 2}, NOON + 2 * SECOND)
    await store.submit(DeliveredUpTo(store.next_message_id()))
    await store.purge("acme", NEXT_YEAR)
    assert [detail for *_, detail in await log(store, subject="link 2")] == ["", "2 times"]
    await store.links.opened({1: 1, 2: 1}, NEXT_YEAR)


async def test_openings_are_seen_when_first_and_last(store: Store) -> None:
    await linked(store, "token")
    for at in (NOON, TOMORROW):
        await store.links.opened({1: 1}, at)
    assert (await found(store, "token")).link.first_opened_at == NOON
    assert (await found(store, "token")).link.last_opened_at == TOMORROW


@ON_SQLITE
async def test_the_look_for_openings_to_enter_reads_no_others(store: Store) -> None:
    """Every some seconds, beside everything else: an index has just them."""
    query = str(links._DUE.compile(dialect=sqlite.dialect())).replace("?", "0")
    plan = await store.engine.read(lambda connection: connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())
    assert [row.detail for row in plan] == ["SCAN link USING INDEX link_to_enter"]


@pytest.mark.parametrize("statement", ["UPDATE audit SET detail = ''", "DELETE FROM audit"])
async def test_s3_the_audit_log_only_grows(store: Store, statement: str) -> None:
    await _refused(store, statement)


@ON_SQLITE
async def test_s3_nor_is_a_line_of_the_audit_log_replaced(store: Store) -> None:
    columns = "id, at, tenant, 'somebody else', action, subject, detail"
    await _refused(store, f"INSERT OR REPLACE INTO audit SELECT {columns} FROM audit")


async def _refused(store: Store, statement: str) -> None:
    await store.submit(Audit(NOON, "acme", "sue@cc.acme.test", "transcript.read", "conversation 7", "all of it"))
    before = await log(store)
    with pytest.raises(StoreError, match="only grows"):
        await store.engine.change(lambda connection: connection.exec_driver_sql(statement))
    assert await log(store) == before == [(NOON, "sue@cc.acme.test", "transcript.read", "conversation 7", "all of it")]


async def test_s3_the_audit_log_is_read_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("component.store.records.audit_log.CHUNK", 2)
    entries = [Audit(NOON + n, "acme" if n % 2 else "globex", "a", "b", "c") for n in range(7)]
    await store.submit(*entries)
    assert [at - NOON for at, *_ in await log(store)] == list(range(7))
    assert [at - NOON for at, *_ in await log(store, tenant="globex")] == [0, 2, 4, 6]
