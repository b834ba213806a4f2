"""The process that reads formatted messages: ``python -m component.sanitiser``, one line of JSON in and one out for
each. It ends when nobody writes to it any more."""

import json
import logging
import signal
import sys
from dataclasses import asdict

from component.outgoing.rich_content import rich_content
from component.policy.classify import classify
from component.richtext.formatted import Rich
from component.xml import parse

SECONDS = 2.0
"""Of the processor, for one message. The slowest that are not too much take a tenth of it."""


def main() -> None:
    logging.disable(logging.CRITICAL)  # libraries would write what is in messages
    # Whoever stops the bridge with a signal to all of its processes must not take the reader from it while it finishes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for line in sys.stdin.buffer:
        # Ends the process from outside of Python, also in the middle of a library's C.
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = _answer(line)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _answer(line: bytes) -> object:
    try:
        request = json.loads(line)
        rich = rich_content(classify(parse(request["message"])).parts, request["hosts"])
        return _written(rich) if rich else {}
    except Exception as problem:
        return {"failed": type(problem).__name__}  # what it says may be somebody's text


def _written(rich: Rich) -> object:
    rendered = rich.rendered()
    return {**asdict(rendered), "bodies": list(rendered.bodies.items())}


if __name__ == "__main__":
    main()
