"""Clients beside the page's: poezio's library, which believes no certificate but what it is told to, as Dino does."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import aiohttp
import pytest
from slixmpp import JID, ClientXMPP

from component.ejabberd.site import LOOPBACK
from tests.clients.browser.conftest import Visit
from tests.support.demo import ALICE, BOB, DemoProcess

pytestmark = pytest.mark.long

SECONDS = 120.0
ALICES_FACE, BOBS_FACE = "alice@agents.acme.test", "bob@directory.acme.test"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture"


@asynccontextmanager
async def logged_in(demonstration: DemoProcess, account: str) -> AsyncIterator[ClientXMPP]:
    client = ClientXMPP(account, "demo")
    client.ca_certs = demonstration.certificate
    client.enable_plaintext = client.enable_direct_tls = False
    client.register_plugin("xep_0363")
    ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    client.add_event_handler("session_start", ready.set_result)
    client.connect(LOOPBACK, demonstration.ports.client)
    await asyncio.wait_for(ready, SECONDS)
    client.send_presence()
    try:
        yield client
    finally:
        await client.disconnect()


async def test_they_log_in_and_upload_by_the_certificate_of_the_demonstration(demonstration: DemoProcess) -> None:
    """RFC 6120 §13.7.2, XEP-0363 §4: it is for the hosts, and for the address of uploads, which has TLS; C5: what is
    there reaches the agent by a link."""
    context = ssl.create_default_context(cafile=str(demonstration.certificate))
    async with (
        logged_in(demonstration, BOB) as bob,
        logged_in(demonstration, ALICE) as alice,
        aiohttp.ClientSession() as http,
    ):
        slot = await bob.plugin["xep_0363"].request_slot(
            JID("upload.work.acme.test"), "plan.png", len(PICTURE), "image/png"
        )
        put, get = slot["http_upload_slot"]["put"]["url"], slot["http_upload_slot"]["get"]["url"]
        assert put.startswith("https://") and get.startswith("https://")
        async with http.put(put, data=PICTURE, ssl=context) as response:
            assert response.status == 201
        message: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        alice.add_event_handler("message", lambda stanza: message.done() or message.set_result(stanza))
        file = bob.make_message(ALICES_FACE, get, mtype="chat")
        file.append(_oob(get))
        file.send()
        line = (await asyncio.wait_for(message, SECONDS))["body"]
        assert line.startswith(f"plan.png ({len(PICTURE)} bytes): http://")
        async with http.get(line.rpartition(" ")[2]) as response:
            assert await response.read() == PICTURE


async def test_the_page_and_they_see_the_same_uploads(visit: Visit, demonstration: DemoProcess) -> None:
    """The browser does not know the certificate, and shows pictures all the same; what it sends has the address that
    others want."""
    demo = await visit()
    await demo.log_in()
    async with logged_in(demonstration, BOB) as bob:
        await demo.left.open_chat("Alice Ames")
        await demo.right.open_chat("Bob Berg")
        copied: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        bob.register_plugin("xep_0280")

        def note(stanza: Any) -> None:
            if not copied.done() and "jabber:x:oob" in str(stanza):
                copied.set_result(str(stanza))

        bob.add_event_handler("carbon_sent", note)
        await bob.plugin["xep_0280"].enable()
        await demo.press("file", "Send a file as Bob")
        uploads = f"https://127.0.0.1:{demonstration.ports.uploads}/upload/"
        found = re.search(r"https?://[^<]*hours\.txt", await asyncio.wait_for(copied, SECONDS))
        assert found is not None and found[0].startswith(uploads)
        await demo.left.reads(found[0].replace(uploads, f"http://127.0.0.1:{demonstration.ports.web}/upload/"))
    await demo.right.reads("hours.txt (")
    assert not demo.page.problems


def _oob(url: str) -> Element:
    return fromstring(f"<x xmlns='jabber:x:oob'><url>{url}</url></x>")
