"""The command *Log level*: how much goes into the log, until the next start (D4, O4)."""

import logging

from component.model import Party
from component.services.command_framework import Ask, CommandRun, Done, Outcome
from component.store.api import Store
from component.xep.forms import Field, Form, choice

from .audit_entry import audit_entry

LEVEL = "level"
LEVELS = (
    ("debug", "Everything"),
    ("info", "What happens"),
    ("warning", "What may be wrong"),
    ("error", "What is wrong"),
)


class LogLevel:
    """Of the whole process. No level writes what people say to each other."""

    node = "log-level"
    name = "Log level"

    def __init__(self, store: Store) -> None:
        self._store = store

    def may_run(self, party: Party) -> bool:
        return party.is_operator

    async def step(self, run: CommandRun) -> Outcome:
        if not run.step:
            now = logging.getLevelName(logging.getLogger().level).lower()
            chosen = now if now in dict(LEVELS) else ""
            return Ask(Form("Log level", "How much goes into the log, until the next start?", (_field(chosen),)))
        level = run.value(LEVEL)
        if level not in dict(LEVELS):
            return Ask(Form("Log level", "", (_field(""),)), problem="There is no such level. Choose one of these.")
        await self._store.submit(audit_entry(run.party, "operator.log-level", level))
        logging.getLogger().setLevel(level.upper())
        return Done(f"The log level is {level} now.")


def _field(chosen: str) -> Field:
    return choice(LEVEL, "Level", LEVELS, chosen)
