"""One bridge for all scripts of this folder, with a directory that has titles and a picture, and an operator."""

import base64
from collections.abc import AsyncIterator

import pytest

from tests.integration.messages.conftest import ACCOUNTS, STRANGER, bystander, log_in, reconfigure
from tests.support.bridge import PEOPLE, BridgeProcess
from tests.support.log_ins import alice, bob, carol, contacts_are_there, dan, erin, lena, sue
from tests.support.server import TestServer

__all__ = ["alice", "bob", "bystander", "carol", "dan", "erin", "lena", "log_in", "reconfigure", "sue"]

OPERATORS = ["sue@work.acme.test"]
SUPPORT = "mailto:help@acme.test"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""One pixel."""

TITLES = {"Alice Ames": "Sales agent", "Bob Berg": "Warehouse", "Sue Shah": "Head of sales", "Dan Diaz": "Technician"}


@pytest.fixture(scope="package")
async def bridge(ejabberd: TestServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BridgeProcess]:
    """A running deskbridge, known to everybody's roster."""
    await ejabberd.register(*ACCOUNTS, STRANGER)
    process = Organisation(tmp_path_factory.mktemp("bridge"), ejabberd.settings)
    async with process:
        await contacts_are_there(ejabberd, ACCOUNTS)
        yield process
    await forget_contacts(ejabberd)


async def forget_contacts(ejabberd: TestServer) -> None:
    """Subscriptions outlive the bridge, and shall not be seen by scripts elsewhere."""
    async with ejabberd.api() as api:
        for account in ACCOUNTS:
            for contact in await api.roster(account):
                await api.delete_contact(account, contact)


class Organisation(BridgeProcess):
    """With more in its files."""

    def write_config(self, **changes: object) -> None:
        super().write_config(**{"operators": OPERATORS, "support_addresses": [SUPPORT], **changes})

    def write_people(self, tenant: str, text: str) -> None:
        (self.folder / "alice.png").write_bytes(PICTURE)
        super().write_people(tenant, with_titles(text))


def with_titles(text: str = PEOPLE) -> str:
    for name, title in TITLES.items():
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\ntitle = "{title}"\n')
    return text.replace('agent = "alice"\n', 'agent = "alice"\nphoto = "alice.png"\n')
