"""How fast the archive is read, and how little its size matters: `python -m benchmarks.archive [--large] [--folder DIR]`.

Archives of 10 thousand and 1 million messages, with `--large` of 10 million too (8 GB, a few minutes), are filled behind
the store's back, each with the same 200 chats of ten agents, so that a chat has from 50 to 50,000 messages. Then each
query is asked of one archive after the other, turn by turn, so that whatever else the machine does hits them alike.
Times are those of `await store.history(...)` with nothing else under way. The last column compares the 99th percentiles
of the largest archive and of the smallest.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from component.store.history import Filters, Slice, View
from component.store.store import Store

AGENTS = 10
CHATS = 200
BEGAN = 1_700_000_000_000_000
SECOND = 1_000_000
WITHDRAWN = 1_000
"""One message of so many came back undelivered."""

# Message n is in chat n % 200, which is one of agent n % 10. Its words are as frequent as their numbers say.
_FILL = (
    f"""
    INSERT INTO account (id, jid)
    SELECT value + 1, CASE WHEN value < {AGENTS} THEN 'agent' || value || '@cc.acme.test'
        ELSE 'work' || (value - {AGENTS}) || '@work.acme.test' END
    FROM generate_series
    """,
)
