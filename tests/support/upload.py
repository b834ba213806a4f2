"""Uploading a file as clients do (XEP-0363)."""

from urllib.parse import quote

import aiohttp

from tests.support.client import XmppClient

UPLOAD = "urn:xmpp:http:upload:0"


async def upload(client: XmppClient, name: str, data: bytes) -> str:
    """Ask the server of a Work user for a slot and fill it. Where the file can be got."""
    service = "upload." + client.account.rpartition("@")[2]
    slot = await client.request(
        f"<iq type='get' to='{service}'><request xmlns='{UPLOAD}' filename='{quote(name)}' size='{len(data)}'"
        " content-type='image/jpeg'/></iq>"
    )
    put, get = (next(slot.iter(f"{{{UPLOAD}}}{way}")).get("url", "") for way in ("put", "get"))
    async with aiohttp.ClientSession() as http, http.put(put, data=data) as answer:
        assert answer.status == 201
    return get


async def download(url: str) -> bytes:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 200
        return await answer.read()


async def status(url: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status


async def redirection(url: str) -> str | None:
    """Where it is redirected to."""
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as answer:
        return answer.headers.get("Location")
