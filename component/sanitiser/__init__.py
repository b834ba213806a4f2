"""A separate process reads formatted messages (C10), so that nobody else waits, whatever is in them (R2).

Python cannot cancel a running function, not even in a thread, but a process can be killed. This one kills itself when a
message takes more CPU than any that people write. It ends with this process, however that ends.
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
"""Until there has to be an answer, including the start of the process. The process itself gives up much earlier; this
limit is for a stopped process or an overloaded machine."""

DOUBTED_SECONDS = 600.0
"""How long the second process reads a sender's messages after one that failed."""

LONGEST_ANSWER = 16 * 1024 * 1024

_READ = RICH | {Feature.BODY, Feature.FALLBACK}
"""The parts of a message that are needed."""


class GaveUp(Exception):
    """Reading failed; the text says why, for operators."""


class Sanitiser:
    """One process reads everybody's formatted messages, in order of arrival. Each sender has one there at a time, so
    senders take turns.

    After a failure a second process reads that sender's messages for a while, so that nobody else waits for the next
    one.
    """

    def __init__(self) -> None:
        self._usual = Worker()
        self._apart = Worker()
        self._doubted: dict[str, float] = {}

    async def read(self, account: str, parts: Sequence[Part], hosts: Collection[str]) -> Rendered | None:
        """The formatted content of a message of ``account`` with these children; None if none is of use.

        Links that name an account on one of ``hosts`` lose their target (AD2).
        """
        read = [part for feature, part in parts if feature in _READ]
        if is_deeper(read, DEEPEST + 2):  # <html> and its <body> are two more levels
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
    """A process that reads one message after the other. It starts with the first one, and again after it has ended."""

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
                # The next caller must not get the answer to this request.
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
    """Without our secret, which is not needed there."""
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
