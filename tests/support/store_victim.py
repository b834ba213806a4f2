"""Writes messages until it is killed, and prints the id of each one that was acknowledged.

Run as ``python -m tests.support.store_victim FOLDER``.
"""

import asyncio
import sys
from itertools import count
from pathlib import Path

from component.store.api import Store
from tests.support.store import joined, message, url


async def main(folder: Path) -> None:
    store = await Store.open(url(folder))
    chat = joined(store)
    await store.submit(chat)
    in_flight = asyncio.Semaphore(100)
    for number in count():
        await in_flight.acquire()
        sent = message(store, chat, body=f"number {number}")
        done = store.submit(sent)
        done.add_done_callback(lambda _, id=sent.id: print(id, flush=True))
        done.add_done_callback(lambda _: in_flight.release())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
