"""Formatted messages (C10) are read by a process of their own, so that nobody else waits, whatever is in them (R2).

Python gives up no function that runs, in no thread either; a process can be ended. This one ends itself when a message
takes more of the processor's time than any that people write, and with this process, however that ends.
"""

import asyncio
import json
import logging
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection, Sequence
from contextlib import suppress

from component.policy.classify import Part
from component.policy.features import RICH, Feature
from component.processes import command, environment
from component.richtext.rendered import Rendered
from component.richtext.tree import DEEPEST, is_deeper
from component.xml import serialise

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Until an answer has to be there, the start of the process included. The process itself gives up much earlier; this is
for one that is stopped, or gets no time from a machine that has none."""

DOUBTED_SECONDS = 600.0
"""How long the messages of a sender are read apart from those of others, after one that was given up."""

LONGEST_ANSWER = 16 * 1024 * 1024

_READ = RICH | {Feature.BODY, Feature.FALLBACK}
"""What the reading needs of a message."""


class GaveUp(Exception):
    """Reading was given up; says why, in words for operators."""


class Sanitiser:
    """One process reads everybody's formatted messages, in the order in which they come. Each sender has one at a time
    (`Intake`), so they take turns.

    Whoever had one given up is read by a second process for a while: others do not wait for their next one.
    """

    def __init__(self) -> None:
        self._usual = Worker()
        self._apart = Worker()
        self._doubted: dict[str, float] = {}

    async def read(self, account: str, parts: Sequence[Part], hosts: Collection[str]) -> Rendered | None:
        """The formatted content of a message of ``account`` with these children; None if none is of use.

        Links that name an account on one of ``hosts`` lead nowhere (AD2).
        """
        read = [part for feature, part in parts if feature in _READ]
        if is_deeper(read, DEEPEST + 2):  # <html> and its <body> come on top
            return None
        request = {"message": f"<message>{''.join(map(serialise, read))}</message>", "hosts": list(hosts)}
        worker = self._apart if self._is_doubted(account) else self._usual
        try:
            return await worker.ask(request)
        except GaveUp as problem:
            log.warning("gave up reading a formatted message from %s: %s", account, problem)
            self._doubted[account] = time.monotonic() + DOUBTED_SECONDS
            return None

    async def close(self) -> None:
        await self._usual.end()
        await self._apart.end()

    def _is_doubted(self, account: str) -> bool:
        now = time.monotonic()
        self._doubted = {name: until for name, until in self._doubted.items() if until > now}
        return account in self._doubted


class Worker:
    """A process that reads one message after the other. It is started with the first, and anew when it has ended."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def ask(self, request: object) -> Rendered | None:
        """Raises ``GaveUp``."""
        line = json.dumps(request).encode() + b"\n"
        async with self._turn:
            try:
                async with asyncio.timeout(SECONDS):
                    answer = await self._answer(line)
            except TimeoutError:
                await self.end()
                raise GaveUp(f"there was no answer for {SECONDS:.0f} s") from None
            except OSError as problem:
                await self.end()
                raise GaveUp(str(problem)) from problem
            except BaseException:
                # Whoever asks next must not get the answer to this.
                await self.end()
                raise
            if not answer.endswith(b"\n"):
                raise GaveUp(_why(await self.end()))
        return _rendered(json.loads(answer))

    async def end(self) -> int:
        """End the process, if there is one; its return code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with suppress(ProcessLookupError):
            process.kill()
        return await process.wait()

    async def _answer(self, line: bytes) -> bytes:
        """A line, or less if the process ended."""
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *command(__name__), stdin=PIPE, stdout=PIPE, env=_environment(), limit=LONGEST_ANSWER
            )
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None and writer is not None, "pipes were asked for"
        writer.write(line)
        await writer.drain()
        return await reader.readline()


def _environment() -> dict[str, str]:
    """Without our secret, which is of no use there."""
    return {name: value for name, value in environment().items() if not name.startswith("DESKBRIDGE_")}


def _why(code: int) -> str:
    return "it took too long" if code == -signal.SIGPROF else f"the process that reads ended with {code}"


def _rendered(answer: dict[str, object]) -> Rendered | None:
    match answer:
        case {"bodies": list(bodies), "page": str(page), "xhtml": str(xhtml)}:
            return Rendered({language: text for language, text in bodies}, page, xhtml)
        case {"failed": str(problem)}:
            raise GaveUp(f"the reader failed with {problem}")
    return None
