"""What Work users' archives in ejabberd have of ours. Only the guard module can tell (R3, A5)."""

import asyncio
import logging
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from component.model import Tenant
from component.xep.guard import address, archived, life, question

from ..state.state import State
from ..stream.iqs import Iqs

log = logging.getLogger(__name__)

AT_A_TIME = 16
"""Archives that are looked into."""

CLOCKS_US = 60_000_000
"""So much ejabberd's clock may be behind ours."""


class WorkArchives:
    """Asks ejabberd. What was found counts until ``begin`` is called."""

    def __init__(self, state: State, iqs: Iqs) -> None:
        self._state = state
        self._iqs = iqs
        self._found: dict[str, frozenset[str]] = {}
        self._asked: set[str] = set()
        self._can_tell = False

    async def begin(self) -> str | None:
        """Forget what was found. What no two starts of ejabberd have in common; None if it does not say."""
        self._found.clear()
        self._asked.clear()
        tenant = self._state.world.tenants[0]
        answer = await self._ask(tenant)
        told = life(answer) if answer is not None else None
        self._can_tell = told is not None
        if told is None:
            log.warning(
                "the guard module of %s does not say what archives have, so Work users may get messages of the last "
                "seconds twice: compile ejabberd/mod_desk_guard.erl of this version, and restart ejabberd",
                tenant.desk_host,
            )
        return told

    async def look(self, since: Mapping[str, int]) -> None:
        """Find out what the archives of these Work accounts have since times in us. Once for each account."""
        new = [account for account in since if account not in self._asked and self._can_tell]
        self._asked.update(new)
        several = asyncio.Semaphore(AT_A_TIME)

        async def look(account: str) -> None:
            party = self._state.world.account(account)
            if party is not None:
                async with several:
                    answer = await self._ask(party.tenant, account, max(0, since[account] - CLOCKS_US))
                found = archived(answer) if answer is not None else None
                if found is not None:
                    self._found[account] = found

        await asyncio.gather(*map(look, new))

    def has(self, account: str, id: str) -> bool:
        """Whether the account's archive is known to have the message with that id."""
        return id in self._found.get(account, ())

    async def _ask(self, tenant: Tenant, account: str = "", since: int = 0) -> Element | None:
        """The answer, if there is one."""
        try:
            return await self._iqs.get(tenant.service, address(tenant.desk_host), question(account, since))
        except TimeoutError:
            return None
