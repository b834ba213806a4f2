"""ejabberd's HTTP API, as far as deskbridge needs it: rosters, and who has a session.

Versions after 23.01 have a version of the API at the end of the path (``/api/COMMAND/v1``). The first call shows which
kind ejabberd is.
"""

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from component import certificates
from component.model import RosterItem

# aiohttp uses frozen lists; the compiled ones load the C++ library, 1 MB.
os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
with certificates.unread():
    import aiohttp

TIMEOUT_SECONDS = 10.0
OK, BAD_REQUEST, CONFLICT, INTERNAL_ERROR = 200, 400, 409, 500
RETRY_PAUSES = (0.1, 0.5)
"""Seconds between attempts after an internal error: right after its start ejabberd is still opening its database. All
commands used here may be repeated."""

API_VERSION = "v1"
NOT_NUMBERED = "Missing command name"
"""The answer of 23.01 to a path with a version."""


class EjabberdApiError(Exception):
    """A call failed. The text says which command, where, why, and what to do; never an account's secrets.

    ``status`` is the HTTP status of a refusal, ``None`` if ejabberd did not answer.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class EjabberdApi:
    """An open connection pool to ``api_url`` (without trailing slash); use as ``async with``.

    Accounts and contacts are bare addresses, normalised. Every method raises ``EjabberdApiError``, also if ``may_call``
    says no.
    """

    def __init__(
        self, api_url: str, timeout: float = TIMEOUT_SECONDS, may_call: Callable[[], bool] = lambda: True
    ) -> None:
        self._may_call = may_call
        self._url = api_url.rstrip("/")
        self._numbered = True
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        secure = urlsplit(self._url).scheme == "https"
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context() if secure else True)
        self._http = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def add_contact(
        self,
        account: str,
        contact: str,
        name: str = "",
        groups: Sequence[str] = (),
        subscription: str = "both",
    ) -> None:
        """Put ``contact`` into ``account``'s roster, or change it there.

        ``subscription`` is ``none``, ``from``, ``to`` or ``both``; ejabberd asks neither side for consent. Names of
        groups must not contain ``;``.
        """
        item = {**_pair(account, contact), "nick": name, "subs": subscription}
        older = {**item, "group": ";".join(groups)}
        _expect_ok(await self.call("add_rosteritem", {**item, "groups": list(groups)}, older), "add_rosteritem")

    async def delete_contact(self, account: str, contact: str) -> None:
        """Take ``contact`` out of ``account``'s roster; nothing happens if it is not there."""
        _expect_ok(await self.call("delete_rosteritem", _pair(account, contact)), "delete_rosteritem")

    async def contacts(self, account: str) -> dict[str, RosterItem]:
        """The whole roster of ``account``, by bare address; empty if there is no such account."""
        user, host = _split(account)
        found: dict[str, RosterItem] = {}
        for item in await self.call("get_roster", {"user": user, "server": host}):
            # 23.01 lists a contact once for each of its groups, or with an empty group.
            groups = frozenset(item.get("groups", ())) | {item.get("group", "")} - {""}
            if before := found.get(item["jid"]):
                groups |= before.groups
            pending = item["pending"] if "pending" in item else item["ask"]  # its name in 23.01
            found[item["jid"]] = RosterItem(item["nick"], groups, item["subscription"], pending == "subscribe")
        return found

    async def roster(self, account: str) -> dict[str, str]:
        """The contacts of ``account``: bare address -> subscription."""
        return {address: item.subscription for address, item in (await self.contacts(account)).items()}

    async def sessions(self, account: str) -> set[str]:
        """The resources with which ``account`` is connected now; empty if logged out or unknown."""
        user, host = _split(account)
        return set(await self.call("user_resources", {"user": user, "host": host}))

    async def connected(self, host: str) -> dict[str, set[str]]:
        """Who of a virtual host is connected now, available or not: bare address -> resources."""
        found: dict[str, set[str]] = {}
        for client in await self.call("connected_users_vhost", {"host": host}):
            account, _, resource = client.partition("/")
            found.setdefault(account, set()).add(resource)
        return found

    async def register(self, account: str, password: str) -> bool:
        """Make an account; ``False`` if it is there already, whatever its password. For demonstrations and tests:
        the command is closed to deskbridge otherwise."""
        user, host = _split(account)
        try:
            await self.call("register", {"user": user, "host": host, "password": password})
        except EjabberdApiError as error:
            if error.status != CONFLICT:
                raise
            return False
        return True

    async def call(self, command: str, arguments: dict[str, Any], older: dict[str, Any] | None = None) -> Any:
        """The decoded JSON answer to one command; ``older`` is what 23.01 calls the arguments, if that differs."""
        for pause in (*RETRY_PAUSES, None):
            status, answer = await self._ask(command, arguments, older or arguments)
            if status != INTERNAL_ERROR or pause is None:
                break
            await asyncio.sleep(pause)
        if status != OK:
            raise EjabberdApiError(self._refusal(command, status), status)
        return answer

    async def _ask(self, command: str, arguments: dict[str, Any], older: dict[str, Any]) -> tuple[int, Any]:
        if self._numbered:
            status, answer = await self._post(f"{command}/{API_VERSION}", arguments)
            self._numbered = not (status == BAD_REQUEST and NOT_NUMBERED in str(answer))
        if not self._numbered:
            status, answer = await self._post(command, older)
            self._numbered = status == BAD_REQUEST  # it may have been upgraded
        return status, answer

    async def _post(self, path: str, arguments: dict[str, Any]) -> tuple[int, Any]:
        if self._http is None:
            raise RuntimeError("EjabberdApi is used outside of 'async with'")
        if not self._may_call():
            raise EjabberdApiError(f"ejabberd was not asked for {path}: another process may have taken over")
        try:
            async with self._http.post(f"{self._url}/{path}", json=arguments) as response:
                return response.status, await response.json(content_type=None)
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise EjabberdApiError(self._failure(path, error)) from error

    def _refusal(self, command: str, status: int) -> str:
        advice = {
            401: "allow the command to deskbridge in ejabberd's api_permissions",
            403: "allow the command to deskbridge in ejabberd's api_permissions",
            404: "load mod_admin_extra in ejabberd, and check the path of [ejabberd] api_url",
        }.get(status, "see ejabberd's log")
        return f"ejabberd refused {command} at {self._url} with HTTP status {status}: {advice}"

    def _failure(self, path: str, error: Exception) -> str:
        reason = str(error) or type(error).__name__
        return (
            f"ejabberd did not answer {path} at {self._url} ({reason}): check that ejabberd runs and that "
            "[ejabberd] api_url is the address of its mod_http_api listener"
        )


def _split(address: str) -> tuple[str, str]:
    """Local part (empty for a bare host) and host."""
    user, _, host = address.rpartition("@")
    return user, host


def _pair(account: str, contact: str) -> dict[str, str]:
    localuser, localhost = _split(account)
    user, host = _split(contact)
    return {"localuser": localuser, "localhost": localhost, "user": user, "host": host}


def _expect_ok(answer: object, command: str) -> None:
    """Commands of ejabberd's type rescode answer 0 for success."""
    if answer != 0:
        raise EjabberdApiError(f"ejabberd could not do {command}: see ejabberd's log")
