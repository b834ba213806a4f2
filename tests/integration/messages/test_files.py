"""Files of Work users (C5, C6): agents get a line of text with a link, and nothing else.

How each client describes files is in ``file_stanzas``; what the line looks like, in every detail, in ``test_files``
above this folder.
"""

from hashlib import sha1

import pytest

from tests.support.archive import ask, live_id
from tests.support.archived import bodies, query, ticked_off
from tests.support.bridge import BridgeProcess
from tests.support.client import XmppClient
from tests.support.file_stanzas import DINO_FIRST, ELSEWHERE, ENCRYPTED, KAIDAN_AGAIN, KAIDAN_SEVERAL, UPLOADS
from tests.support.links import TOKEN, all_tokens, opens, token
from tests.support.log_ins import LogIn
from tests.support.matching import message
from tests.support.scripts import ALICE, BOB, CAROL, carried, error_text, hears_nothing, refused, send
from tests.support.upload import download, redirection, status, upload

POLICY = "modify/policy-violation"
URL = "https://up.test/4a771ac1/summit.jpg"
OOB = "<x xmlns='jabber:x:oob'><url>{}</url></x>"
FILE = f"<body>{URL}</body>{OOB.format(URL)}"


class TestWhatAgentsGet:
    """C5"""

    async def test_as_clients_send_it(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """One line, one link, no element of an attachment, whatever the client (AD2: and no account of Bob's)."""
        for client, sent in UPLOADS.items():
            id = await send(bob, ALICE, sent.to(URL))
            got = await alice.expect(message(id=id, sender=BOB))
            text = got.findtext("{*}body") or ""
            head, _, rest = sent.text.partition("{link}")
            assert text.startswith(head) and text.endswith(rest), f"{client}: {text}"
            assert carried(got) in ("body", "body origin-id"), client
            assert opens(bridge, token(text)) == ("file", URL), client
            assert bob.account not in text and URL not in text

    async def test_a_file_that_was_really_uploaded(
        self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess
    ) -> None:
        """By ejabberd's own service (XEP-0363); the link in the text leads to the file, until it is retracted. Nobody
        is sent to the upload, whose address holds a digest of the account (AD2)."""
        photo = b"\xff\xd8\xff" + bytes(100_000)
        url = await upload(bob, "Urlaub.jpg", photo)
        id = await send(bob, ALICE, UPLOADS["conversations"].to(url))
        name, _, link = ((await alice.expect(message(id=id))).findtext("{*}body") or "").partition(": ")
        assert name == "Urlaub.jpg (100 kB)", "which the client does not say, but the upload"
        assert link.startswith(f"{bridge.web}/f/")
        assert await download(link) == photo
        assert await redirection(link) is None and sha1(bob.account.encode()).hexdigest() in url
        await send(bob, ALICE, f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>")
        await alice.expect(message(sender=BOB))
        assert await status(link) == 404

    async def test_a_client_that_tells_of_the_file_before(self, bob: XmppClient, alice: XmppClient) -> None:
        """Dino sends two messages. The first one, without an address, goes nowhere and is not answered; what it says of
        the file is in the line all the same."""
        await send(bob, ALICE, DINO_FIRST, id="d1f1")
        await hears_nothing(alice, bob, ALICE)
        id = await send(bob, ALICE, UPLOADS["dino"].to("https://up.test/4a771ac1/_-1.jpg"))
        text = (await alice.expect(message(id=id))).findtext("{*}body") or ""
        assert text.startswith("summit.jpg (3 MB): http")

    async def test_a_client_that_repeats_every_file(self, bob: XmppClient, alice: XmppClient) -> None:
        """Kaidan sends several files in one message, and then each address again, for old clients."""
        urls = [f"https://up.test/{number}.jpg" for number in range(2)]
        id = await send(bob, ALICE, KAIDAN_SEVERAL.format(*urls))
        text = (await alice.expect(message(id=id))).findtext("{*}body") or ""
        assert [line.partition(":")[0] for line in text.split("\n")] == ["Both", "0.jpg", "1.jpg"]
        for number, url in enumerate(urls, 1):
            await send(bob, ALICE, KAIDAN_AGAIN.format(url=url, id=id), id=f"{id}_{number}")
        await hears_nothing(alice, bob, ALICE)
        other = await send(bob, ALICE, KAIDAN_AGAIN.format(url="https://up.test/new.jpg", id=id))
        assert (await alice.expect(message(id=other))).findtext("{*}body", "").startswith("new.jpg: http")

    async def test_several_files_with_a_caption(
        self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess
    ) -> None:
        urls = [f"https://up.test/{number}/photo%20{number}.jpg" for number in range(3)]
        id = await send(bob, ALICE, "<body>All of them</body>" + "".join(map(OOB.format, urls)))
        caption, *lines = ((await alice.expect(message(id=id))).findtext("{*}body") or "").split("\n")
        assert caption == "All of them"
        assert [line.partition(":")[0] for line in lines] == ["photo 0.jpg", "photo 1.jpg", "photo 2.jpg"]
        assert [opens(bridge, token(line)) for line in lines] == [("file", url) for url in urls]

    async def test_to_all_of_an_agents_clients_and_the_archive(
        self, bob: XmppClient, alice: XmppClient, log_in: LogIn
    ) -> None:
        """A6: the same line, under the same archive id."""
        other = await log_in("alice@cc.acme.test", "other")
        id = await send(bob, ALICE, FILE)
        got, copy = await alice.expect(message(id=id)), await other.expect(message(id=id))
        assert got.findtext("{*}body") == copy.findtext("{*}body")
        page = await ask(alice, with_=BOB, before="", max=1)
        assert page.ids == [live_id(got)]
        assert page.bodies == [got.findtext("{*}body")]
        assert carried(page.results[0].message) == "body"

    async def test_in_the_senders_own_history(self, bob: XmppClient, alice: XmppClient) -> None:
        """A3: Bob's archive is his server's, and has what he sent. So has the face's archive, in words."""
        id = await send(bob, ALICE, FILE)
        await alice.expect(message(id=id))
        (own,) = (await ask(bob, with_=ALICE, before="", max=1)).results
        assert own.body == URL
        assert own.message.findtext("{*}x/{*}url") == URL
        (face,) = (await ask(bob, to=ALICE, before="", max=1)).results
        assert face.body == URL

    async def test_without_a_word_in_the_senders_own_history(self, bob: XmppClient, alice: XmppClient) -> None:
        """A6: what he sent, not the line and the link that were made of it."""
        id = await send(bob, ALICE, OOB.format(URL))
        assert token((await alice.expect(message(id=id))).findtext("{*}body"))
        (face,) = (await ask(bob, to=ALICE, before="", max=1)).results
        assert face.body == URL


class TestWhatIsRefused:
    async def test_encrypted_files(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """C6"""
        for content in ENCRYPTED.values():
            id = await send(bob, ALICE, content)
            assert "Encrypted files" in error_text(await refused(bob, id, ALICE, POLICY))
        await hears_nothing(alice, bob, ALICE)

    async def test_files_that_agents_cannot_get(
        self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess
    ) -> None:
        """C5: what is not on the web, and addresses with passwords in them. Nothing of them is stored."""
        before = all_tokens(bridge)
        ids = [await send(bob, ALICE, content) for content in ELSEWHERE.values()]
        for id in ids:
            assert "web address" in error_text(await refused(bob, id, ALICE, POLICY))
        await hears_nothing(alice, bob, ALICE)
        assert bodies(bridge, *ids) == []
        assert all_tokens(bridge) == before

    @pytest.mark.parametrize("face", [BOB, CAROL])
    async def test_files_of_agents(
        self, alice: XmppClient, bob: XmppClient, carol: XmppClient, face: str, bridge: BridgeProcess
    ) -> None:
        """C5: to anybody, in every way; also what only announces one."""
        receiver = bob if face == BOB else carol
        ids = [await send(alice, face, content) for content in (DINO_FIRST, *(u.to(URL) for u in UPLOADS.values()))]
        for id in ids:
            assert "Files cannot be sent here" in error_text(await refused(alice, id, face, POLICY))
        await hears_nothing(receiver, alice, face)
        assert bodies(bridge, *ids) == []

    async def test_to_an_agent_who_is_out(self, bob: XmppClient, bridge: BridgeProcess) -> None:
        """M1: no link is left."""
        before = all_tokens(bridge)
        await refused(bob, await send(bob, ALICE, FILE), ALICE, "wait/recipient-unavailable")
        assert all_tokens(bridge) == before


class TestTheLifeOfLinks:
    async def test_tokens_never_repeat(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """The same file sent again has another link."""
        ids = [await send(bob, ALICE, FILE) for _ in range(20)]
        seen = {token((await alice.expect(message(id=id))).findtext("{*}body")) for id in ids}
        assert len(seen) == 20
        assert len(set(all_tokens(bridge))) == len(all_tokens(bridge))

    async def test_a_second_try(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """A5: a retry is told by what was sent, although its link would be another one; also after a crash."""
        id = await send(bob, ALICE, FILE)
        await alice.expect(message(id=id))
        tokens = all_tokens(bridge)
        await send(bob, ALICE, FILE, id=id)
        await hears_nothing(alice, bob, ALICE)
        await ticked_off(bridge)
        await bridge.kill()
        await bridge.restart()
        await send(bob, ALICE, FILE, id=id)
        await hears_nothing(alice, bob, ALICE)
        assert all_tokens(bridge) == tokens

    async def test_another_file_under_the_same_id(self, bob: XmppClient, alice: XmppClient) -> None:
        """Some clients number from one after every start."""
        id = await send(bob, ALICE, FILE)
        await send(bob, ALICE, FILE.replace("4a771ac1", "99999999"), id=id)
        got = [await alice.expect(message(id=id)) for _ in range(2)]
        assert len({token(one.findtext("{*}body")) for one in got}) == 2

    async def test_corrected(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """C12: each version has its own link; those of the versions before it open nothing any more."""
        first = await send(bob, ALICE, FILE)
        versions = [token((await alice.expect(message(id=first))).findtext("{*}body"))]
        for number in range(2):
            replace = f"<replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>"
            id = await send(bob, ALICE, FILE.replace("4a771ac1", f"{number}") + replace)
            versions.append(token((await alice.expect(message(id=id))).findtext("{*}body")))
            assert [version for version in versions if opens(bridge, version)] == versions[-1:]
        await send(bob, ALICE, f"<body>No file</body><replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>")
        await alice.expect(message(body="No file"))
        assert not any(opens(bridge, version) for version in versions)

    async def test_retracted(self, bob: XmppClient, erin: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """C13: by the one who sent it; the transcript keeps the line."""
        id = await send(bob, ALICE, FILE)
        text = (await alice.expect(message(id=id))).findtext("{*}body") or ""
        retract = f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/>"
        await send(erin, ALICE, retract)
        await send(alice, BOB, retract)
        await alice.expect(message(sender="erin@directory.acme.test"))
        await bob.expect(message(sender=ALICE))
        assert opens(bridge, token(text))
        await send(bob, ALICE, retract)
        await alice.expect(message(sender=BOB))
        assert opens(bridge, token(text)) is None
        assert bodies(bridge, id) == [text]

    async def test_what_is_stored_with_it(self, bob: XmppClient, alice: XmppClient, bridge: BridgeProcess) -> None:
        """Who sent it goes by the name of the face; the link ends when the configuration says."""
        await send(bob, ALICE, FILE)
        text = (await alice.expect(message(sender=BOB))).findtext("{*}body")
        columns = "tenant, title, sender, expires_at - made_at"
        (row,) = query(bridge, f"SELECT {columns} FROM link WHERE token = ?", token(text))
        assert row == ("acme", "summit.jpg", "Bob Berg", 30 * 86_400 * 1_000_000)


async def test_in_the_search(bob: XmppClient, alice: XmppClient) -> None:
    """A7: files are found by their names."""
    await send(bob, ALICE, f"<body>{URL}</body>{OOB.format('https://up.test/1/Quartalsbericht.pdf')}")
    got = await alice.expect(message(sender=BOB))
    page = await ask(alice, text="quartalsbericht")
    assert live_id(got) in page.ids
    assert TOKEN.search(page.bodies[-1] or "")
