"""A6, A7: pages of the archive on a real ejabberd, every way of asking for them (XEP-0313 §4, XEP-0059).

All tests here read one history: 20 messages of Alice with Bob, then 10 with Erin, then 5 with Bob again.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest

from component.outgoing.archive_id import Role
from tests.support.archive import FULLTEXT, MAM, ask, form, query, raw_form, request, rsm
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.matching import condition_of
from tests.support.past import MORNING, chatter, past
from tests.support.server import TestServer

ALICE, CAROL = "alice@cc.acme.test", "carol@cc.acme.test"
BOB, ERIN = "bob@work.acme.test", "erin@work.acme.test"
BOBS_FACE, ERINS_FACE = "bob@directory.acme.test", "erin@directory.acme.test"

FIRST, SECOND, THIRD = (
    [f"{name} {n}" for n in range(1, count + 1)] for name, count in (("b", 20), ("e", 10), ("c", 5))
)
ALL = FIRST + SECOND + THIRD


@pytest.fixture(scope="module")
async def ids(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """A running bridge with that history; body -> the id of Alice's copy. ``hidden`` was withdrawn after ``b 20``,
    ``foreign`` is Carol's, ``of the future`` nobody's."""
    folder = tmp_path_factory.mktemp("paging")
    async with past(folder) as written:
        numbers = await written.said(*chatter(ALICE, BOB, 20, "b"), (ALICE, BOB, "hidden"))
        await written.withdrawn(numbers[-1])
        numbers += await written.said(*chatter(ERIN, ALICE, 10, "e"), *chatter(ALICE, BOB, 5, "c"))
        numbers += await written.said((CAROL, BOB, "foreign"))
        sent = {*range(0, 20, 2), 20, *range(22, 31, 2), *range(31, 37, 2)}
        names = [*FIRST, "hidden", *SECOND, *THIRD, "foreign"]
        roles = {n: Role.SENDER if n in sent else Role.RECEIVER for n in range(len(names))}
        known = {name: written.id(numbers[n], roles[n]) for n, name in enumerate(names)}
        known["of the future"] = written.id(10**9, Role.RECEIVER)
    async with BridgeProcess(folder, ejabberd.settings):
        yield known


@pytest.fixture(scope="module")
async def alice(ejabberd: TestServer, ids: dict[str, str]) -> AsyncIterator[XmppClient]:
    async with await ejabberd.client(ALICE) as client:
        yield client


def at(minutes: float, body: str = "b 1") -> str:
    """The time of a message, and so many minutes later."""
    place = [*FIRST, "hidden", *SECOND, *THIRD].index(body) + 1
    moment = datetime.fromtimestamp(MORNING / 1e6, UTC) + timedelta(minutes=place + minutes)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class TestPages:
    """RSM both ways (XEP-0313 §4.3)."""

    async def test_everything_at_once(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """Without a page asked for there is a whole one, in the order of time, with the ids of Alice's copies."""
        page = await ask(alice)
        assert page.bodies == ALL
        assert page.ids == [ids[body] for body in ALL]
        assert (page.first, page.last) == (ids["b 1"], ids["c 5"])
        assert (page.count, page.complete) == (35, True)

    @pytest.mark.parametrize("size", [1, 7, 34, 35, 36])
    async def test_forwards(self, alice: XmppClient, size: int) -> None:
        """Page by page from the oldest on: each once, complete exactly at the end, the count always of all."""
        found, after = [], None
        while True:
            page = await ask(alice, max=size, after=after)
            found += page.bodies
            assert page.count == 35
            assert page.complete == (len(found) == 35)
            assert (page.first, page.last) == (page.ids[0], page.ids[-1])
            if page.complete:
                break
            after = page.last
        assert found == ALL

    @pytest.mark.parametrize("size", [1, 7, 34, 35, 36])
    async def test_backwards(self, alice: XmppClient, size: int) -> None:
        """From the newest back, each page in the order of time all the same."""
        found, before = [], ""
        while True:
            page = await ask(alice, max=size, before=before)
            found = page.bodies + found
            assert page.count == 35
            assert page.complete == (len(found) == 35)
            if page.complete:
                break
            assert page.first
            before = page.first
        assert found == ALL

    async def test_beyond_the_ends(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """An empty page is complete, and names no first and last (XEP-0059 §2.2)."""
        for page in (await ask(alice, after=ids["c 5"]), await ask(alice, before=ids["b 1"])):
            assert (page.bodies, page.first, page.last) == ([], None, None)
            assert (page.count, page.complete) == (35, True)

    async def test_only_the_count(self, alice: XmppClient) -> None:
        """max=0 (XEP-0059 §2.6)."""
        page = await ask(alice, max=0)
        assert (page.bodies, page.count, page.complete) == ([], 35, True)
        assert (await ask(alice, max=0, with_=ERINS_FACE)).count == 10

    async def test_between_two(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """RSM leaves open what both are; here it is the last page between the two."""
        page = await ask(alice, max=3, after=ids["b 2"], before=ids["b 9"])
        assert (page.bodies, page.complete) == (["b 6", "b 7", "b 8"], False)
        page = await ask(alice, max=30, after=ids["c 3"], before="")
        assert (page.bodies, page.complete) == (["c 4", "c 5"], True)

    async def test_flipped(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """§4.3.4: the same page, the other way round; first and last stay what they are."""
        for wanted in ({"max": 5}, {"max": 5, "before": ""}, {"max": 5, "after": ids["b 18"]}):
            page, flipped = await ask(alice, **wanted), await ask(alice, **wanted, flip=True)
            assert flipped.bodies == page.bodies[::-1]
            assert (flipped.first, flipped.last, flipped.complete) == (page.first, page.last, page.complete)

    async def test_an_empty_after_is_none(self, alice: XmppClient) -> None:
        assert (await ask(alice, max=2, after="")).bodies == ["b 1", "b 2"]


class TestAnchors:
    """A6: a hidden id is an anchor, not an error."""

    async def test_hidden(self, alice: XmppClient, ids: dict[str, str]) -> None:
        assert (await ask(alice, max=2, after=ids["hidden"])).bodies == ["e 1", "e 2"]
        assert (await ask(alice, max=2, before=ids["hidden"])).bodies == ["b 19", "b 20"]
        page = await ask(alice, after_id=ids["hidden"])
        assert (page.bodies, page.count, page.complete) == (SECOND + THIRD, 15, True)
        page = await ask(alice, before_id=ids["hidden"])
        assert (page.bodies, page.count, page.complete) == (FIRST, 20, True)
        assert (await ask(alice, ids=[ids["hidden"]])).bodies == []

    async def test_foreign(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """Somebody else's is a place in time, and no more."""
        assert (await ask(alice, after=ids["foreign"])).bodies == []
        assert (await ask(alice, max=1, before=ids["foreign"])).bodies == ["c 5"]
        assert (await ask(alice, ids=[ids["foreign"]])).count == 0

    @pytest.mark.parametrize("id", ["nonsense", "0" * 32, "1795356517130434", "ä", "ff" * 8])
    @pytest.mark.parametrize("where", ["after", "before", "after-id", "before-id", "ids"])
    async def test_never_issued(self, alice: XmppClient, where: str, id: str) -> None:
        """XEP-0313 §4.1.3 and §4.3.2, whatever else is asked."""
        for more in ({}, {"with": [BOBS_FACE]}, {"with": ["nobody@nowhere.test"]}):
            fields = [("FORM_TYPE", [MAM]), *more.items()]
            if where in ("after", "before"):
                content = raw_form(fields) + rsm(**{where: id})
            else:
                content = raw_form([*fields, (where, [id])])
            answer = await request(alice, query(content))
            assert condition_of(answer) == "item-not-found", (where, more)

    async def test_one_of_several(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """§4.1.3: any of them."""
        answer = await request(alice, query(form(ids=[ids["b 1"], ids["hidden"], "nonsense"])))
        assert condition_of(answer) == "item-not-found"

    async def test_one_digit_off(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """Ids cannot be guessed."""
        other = "0" if ids["c 5"][-1] != "0" else "1"
        answer = await request(alice, query(rsm(after=ids["c 5"][:-1] + other)))
        assert condition_of(answer) == "item-not-found"

    async def test_not_given_out_yet(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """As it would be in a database that was put back to an older state: the client has to know."""
        for content in (rsm(after=ids["of the future"]), form(before_id=ids["of the future"])):
            assert condition_of(await request(alice, query(content))) == "item-not-found"


class TestFilters:
    """XEP-0313 §4.1, alone and together."""

    async def test_with(self, alice: XmppClient) -> None:
        """One chat, both sides of it; a face is one address, whatever its resource."""
        for address in (BOBS_FACE, f"{BOBS_FACE}/deskbridge", "Bob@Directory.ACME.test"):
            page = await ask(alice, with_=address)
            assert (page.bodies, page.count, page.complete) == (FIRST + THIRD, 25, True)

    @pytest.mark.parametrize(
        "address",
        [
            ALICE,
            f"{ALICE}/test",
            "alice@agents.acme.test",
            BOB,
            "nobody@directory.acme.test",
            "carol@agents.acme.test",
            "directory.acme.test",
            "agents.acme.test",
            "bob@directory.globex.test",
            "romeo@montague.example",
        ],
    )
    async def test_with_nobody(self, alice: XmppClient, address: str) -> None:
        """AD2: a real account is nobody; nor has Alice written to herself (§4.1.1)."""
        page = await ask(alice, with_=address)
        assert (page.bodies, page.count, page.complete) == ([], 0, True)

    async def test_start_and_end(self, alice: XmppClient) -> None:
        """Both count in (§4.1.2); fractions and time zones as XEP-0082 has them."""
        assert (await ask(alice, start=at(0, "c 4"))).bodies == ["c 4", "c 5"]
        assert (await ask(alice, end=at(0, "b 2"))).bodies == ["b 1", "b 2"]
        assert (await ask(alice, start=at(0.5, "b 1"), end=at(0, "b 3"))).bodies == ["b 2", "b 3"]
        assert (await ask(alice, start="2026-01-01T09:01:00+01:00", end="2026-01-01T08:01:00.000Z")).bodies == ["b 1"]
        assert (await ask(alice, end="2026-01-01T08:00:59.999999Z")).bodies == []
        assert (await ask(alice, start="2030-01-01T00:00:00Z")).complete

    async def test_end_before_start(self, alice: XmppClient) -> None:
        page = await ask(alice, start=at(0, "c 1"), end=at(0, "b 1"))
        assert (page.bodies, page.count, page.complete) == ([], 0, True)

    async def test_after_and_before_id(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """Unlike RSM's, they make the result smaller, and so the count."""
        page = await ask(alice, after_id=ids["b 20"], before_id=ids["e 4"])
        assert (page.bodies, page.count, page.complete) == (["e 1", "e 2", "e 3"], 3, True)
        page = await ask(alice, after_id=ids["e 4"], before_id=ids["b 20"])
        assert (page.bodies, page.count, page.complete) == ([], 0, True)

    async def test_ids(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """Each once and in the order of time, however they are asked for (§4.1.3)."""
        page = await ask(alice, ids=[ids["e 2"], ids["b 7"], ids["e 2"], ids["hidden"]])
        assert (page.bodies, page.count, page.complete) == (["b 7", "e 2"], 2, True)

    async def test_together(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """Every filter restricts further, and pages go through what is left."""
        page = await ask(alice, with_=BOBS_FACE, start=at(0, "b 19"), after_id=ids["b 19"], max=2)
        assert (page.bodies, page.count, page.complete) == (["b 20", "c 1"], 6, False)
        page = await ask(alice, with_=BOBS_FACE, start=at(0, "b 19"), after_id=ids["b 19"], max=9, after=page.last)
        assert (page.bodies, page.count, page.complete) == (["c 2", "c 3", "c 4", "c 5"], 6, True)
        page = await ask(alice, with_=ERINS_FACE, ids=[ids["b 1"], ids["e 1"], ids["e 9"]], end=at(0, "e 5"))
        assert (page.bodies, page.count) == (["e 1"], 1)

    async def test_paging_inside_of_a_filter(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """The anchor of a page may lie outside of the result."""
        page = await ask(alice, with_=ERINS_FACE, max=2, after=ids["b 3"])
        assert (page.bodies, page.count, page.complete) == (["e 1", "e 2"], 10, False)
        page = await ask(alice, with_=ERINS_FACE, max=2, before=ids["c 3"])
        assert (page.bodies, page.count, page.complete) == (["e 9", "e 10"], 10, False)
        page = await ask(alice, with_=ERINS_FACE, after=ids["c 3"])
        assert (page.bodies, page.count, page.complete) == ([], 10, True)


class TestSearch:
    """A7: full text (XEP-0431)."""

    async def test_a_word(self, alice: XmppClient) -> None:
        page = await ask(alice, text="b")
        assert (page.bodies, page.complete) == (FIRST, True)

    async def test_words_with_other_filters(self, alice: XmppClient, ids: dict[str, str]) -> None:
        assert (await ask(alice, text="7 b")).bodies == ["b 7"]
        assert (await ask(alice, text="7", with_=ERINS_FACE)).bodies == ["e 7"]
        assert (await ask(alice, text="5", after_id=ids["b 10"])).bodies == ["e 5", "c 5"]
        assert (await ask(alice, text="B", max=2, before="")).bodies == ["b 19", "b 20"]

    async def test_only_in_the_same_view(self, alice: XmppClient) -> None:
        """Neither what is hidden, nor what others wrote."""
        for text in ("hidden", "foreign", "nothing"):
            page = await ask(alice, text=text)
            assert (page.bodies, page.complete) == ([], True)

    @pytest.mark.parametrize("text", ['"', "*", "b AND", "NEAR(", "col:b", "^", "-", "(((", "b' OR '1", "\u200b", "%_"])
    async def test_what_looks_like_syntax_is_text(self, alice: XmppClient, text: str) -> None:
        await ask(alice, text=text)


class TestRequests:
    """What else can be asked of an archive."""

    async def test_metadata(self, alice: XmppClient, ids: dict[str, str]) -> None:
        """§5"""
        answer = await request(alice, f"<metadata xmlns='{MAM}'/>", type="get")
        start, end = answer[0]
        assert (start.get("id"), end.get("id")) == (ids["b 1"], ids["c 5"])
        assert start.get("timestamp") == "2026-01-01T08:01:00.000000Z"

    async def test_the_form(self, alice: XmppClient) -> None:
        """§4.1.5: every filter, none required, and ids that take any value."""
        answer = await request(alice, query(queryid=None), type="get")
        fields = {field.get("var"): field for field in answer.iter("{jabber:x:data}field")}
        assert fields.keys() == {"FORM_TYPE", "with", "start", "end", "before-id", "after-id", "ids", FULLTEXT}
        assert (fields["with"].get("type"), fields["start"].get("type")) == ("jid-single", "text-single")
        assert fields["ids"].find("{*}validate/{*}open") is not None
        assert fields["FORM_TYPE"].findtext("{*}value") == MAM
        assert not list(answer.iter("{jabber:x:data}required"))

    async def test_preferences(self, alice: XmppClient) -> None:
        """XEP-0441: everything is archived, and nobody can change that."""
        answer = await request(alice, f"<prefs xmlns='{MAM}'/>", type="get")
        assert (answer[0].get("default"), [part.tag.partition("}")[2] for part in answer[0]]) == (
            "always",
            ["always", "never"],
        )
        answer = await request(alice, f"<prefs xmlns='{MAM}' default='never'><always/><never/></prefs>")
        assert condition_of(answer) == "not-allowed"

    async def test_queryid(self, alice: XmppClient) -> None:
        """It comes back as it was, and not at all where it was left out (§4)."""
        page = await ask(alice, queryid="<&'\"> ü", max=1)
        assert [result.queryid for result in page.results] == ["<&'\"> ü"]
        page = await ask(alice, queryid=None, max=1)
        assert [result.queryid for result in page.results] == [None]

    async def test_addressed_to_the_own_account(self, alice: XmppClient) -> None:
        assert (await ask(alice, to=ALICE, max=2)).bodies == ["b 1", "b 2"]
        assert (await ask(alice, to="Alice@CC.acme.test", max=2)).bodies == ["b 1", "b 2"]

    async def test_every_result_is_from_the_own_account(self, alice: XmppClient) -> None:
        """§4.2: to the client that asked, from the archive, each with the time it was sent."""
        page = await ask(alice, max=2)
        for result, body in zip(page.results, FIRST, strict=False):
            assert (result.carrier.get("from"), result.carrier.get("to")) == (ALICE, alice.jid)
            assert result.stamp == at(0, body).replace("Z", ".000000Z")

    async def test_as_alice_saw_it(self, alice: XmppClient) -> None:
        """AD2: her own account and Bob's face, in both directions; the client's id and type."""
        sent, received = (result.message for result in (await ask(alice, max=2)).results)
        assert (sent.get("from"), sent.get("to")) == (f"{ALICE}/then", BOBS_FACE)
        assert (received.get("from"), received.get("to")) == (BOBS_FACE, ALICE)
        assert (sent.get("type"), sent.get("id")) == ("chat", "then-1")


def texts(answer: Element) -> str:
    return answer.findtext("{*}error/{*}text") or ""


FIELD = f"<field var='FORM_TYPE'><value>{MAM}</value></field>"

BAD = {
    "max is no number": (rsm(max="many"), "max"),
    "max is negative": (rsm(max=-1), "max"),
    "max is of other digits": (rsm(max="٣"), "max"),
    "start is no time": (form(start="yesterday"), "start"),
    "start has no time zone": (form(start="2026-01-01T00:00:00"), "start"),
    "start is a date": (form(start="2026-01-01"), "start"),
    "start is impossible": (form(start="2026-13-01T00:00:00Z"), "start"),
    "end is of another century's": (form(end="20260101T00:00:00"), "end"),
    "with is no address": (form(with_="a@b@c/"), "with"),
    "with two values": (form(with_=[BOBS_FACE, ERINS_FACE]), "with"),
    "no form type": (raw_form([("with", [BOBS_FACE])]), "FORM_TYPE"),
    "another form type": (raw_form([("FORM_TYPE", ["urn:xmpp:mam:1"])]), "FORM_TYPE"),
    "a form to be filled in": (raw_form([("FORM_TYPE", [MAM])], type="form"), "submit"),
    "a form of no type": (f"<x xmlns='jabber:x:data'>{FIELD}</x>", "submit"),
    "two forms": (form(with_=BOBS_FACE) + form(with_=ERINS_FACE), "one form"),
    "a field twice": (raw_form([("FORM_TYPE", [MAM]), ("with", [BOBS_FACE]), ("with", [BOBS_FACE])]), "name"),
    "a field without a name": (
        f"<x xmlns='jabber:x:data' type='submit'>{FIELD}<field><value>1</value></field></x>",
        "name",
    ),
    "too many ids": (form(ids=["0"] * 501), "ids"),
    "too long a text": (form(text="x" * 501), "text"),
}
NOT_OFFERED = {
    "an unknown field": form(sender=BOBS_FACE),
    "group chats": form(include_groupchat="true"),
    "a page by its index": rsm(max=10, index=3),
}


class TestMalformed:
    """A clear error for each, and the next query is answered as if nothing had been."""

    @pytest.mark.parametrize("name", BAD)
    async def test_bad_request(self, alice: XmppClient, name: str) -> None:
        content, word = BAD[name]
        answer = await request(alice, query(content))
        assert (condition_of(answer), answer.find("{*}error").get("type")) == ("bad-request", "modify")
        assert word in texts(answer)
        assert (await ask(alice, max=1)).bodies == ["b 1"]

    async def test_a_queryid_without_end(self, alice: XmppClient) -> None:
        """It would come back with every result (R2)."""
        assert condition_of(await request(alice, query(queryid="x" * 501))) == "bad-request"

    @pytest.mark.parametrize("name", NOT_OFFERED)
    async def test_not_offered(self, alice: XmppClient, name: str) -> None:
        """§4.1.5, XEP-0059 §2.7"""
        answer = await request(alice, query(NOT_OFFERED[name]))
        assert (condition_of(answer), answer.find("{*}error").get("type")) == ("feature-not-implemented", "cancel")

    async def test_a_node(self, alice: XmppClient) -> None:
        answer = await request(alice, f"<query xmlns='{MAM}' node='princely_musings'/>")
        assert condition_of(answer) == "feature-not-implemented"

    @pytest.mark.parametrize(("type", "payload"), [("set", "metadata"), ("set", "fin"), ("get", "nonsense")])
    async def test_other_payloads(self, alice: XmppClient, type: str, payload: str) -> None:
        answer = await request(alice, f"<{payload} xmlns='{MAM}'/>", type=type)
        assert condition_of(answer) == "feature-not-implemented"

    async def test_empty_fields_are_none(self, alice: XmppClient) -> None:
        """As clients send them that fill in the whole form."""
        empty = [(name, [""]) for name in ("with", "start", "end", "after-id", "before-id", FULLTEXT)]
        answer = await request(alice, query(raw_form([("FORM_TYPE", [MAM]), *empty, ("ids", [])])))
        assert answer.find(f"{{{MAM}}}fin") is not None
        alice.forget()
        assert (await ask(alice, with_="  ", max=1)).bodies == ["b 1"]
