"""The command *Reload*: configuration and directories are read again (D1, D4)."""

import asyncio

from component.background_tasks import BackgroundTasks
from component.config.problems import LoadError
from component.model import Party, Tenant
from component.services.command_framework import CommandRun, Done, Outcome
from component.store.api import Store

from ..reloading import Reload
from ..reloading import ReloadError as Refused
from .audit_entry import audit_entry

ELSEWHERE = "Something outside of your directory is wrong. deskbridge's log says what."
MOST_LINES = 20


class ReloadFiles:
    """Any tenant's operator may reload: faulty files change nothing, and other tenants' files are read as their
    operators left them. Errors in those are not shown."""

    node = "reload"
    name = "Reload"

    def __init__(self, store: Store, reload: Reload, tasks: BackgroundTasks) -> None:
        self._store = store
        self._reload = reload
        self._tasks = tasks

    def may_run(self, party: Party) -> bool:
        return party.is_operator

    async def step(self, run: CommandRun) -> Outcome:
        await self._store.submit(audit_entry(run.party, "operator.reload"))
        # Once begun it is finished, even if whoever asked for it has gone.
        problem = await asyncio.shield(self._tasks.start(self._reload(), "a reload"))
        if problem is None:
            return Done("The configuration and the directories were read again.")
        return Done("\n".join(["Nothing was changed.", *_told(problem, run.party.tenant)]), "error")


def _told(problem: LoadError | Refused, tenant: Tenant) -> list[str]:
    """The errors that the operator of this tenant can mend, by file name and line, and a note if there are others."""
    if isinstance(problem, Refused):
        return [str(problem)]
    own = [one for one in problem.problems if one.place.file == tenant.directory]
    lines = [str(one).replace(f"{tenant.directory.parent}/", "") for one in own[:MOST_LINES]]
    return lines + ([ELSEWHERE] if len(own) < len(problem.problems) else [])
