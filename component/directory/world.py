"""All tenants with their directories at one moment, found by address.

A ``World`` is never changed. A reload makes a new one, and the bridge replaces one reference.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from component.model import Directory, Party, Side, Tenant

from .people_index import Finder


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Look-ups take constant time and expect addresses as ejabberd sends them, or as ``normalise`` returns them. Each
    party is one object."""

    tenants: tuple[Tenant, ...]
    _directories: Mapping[str, Directory]
    _parties: Mapping[tuple[str, Side], tuple[Party, ...]]
    _finders: Mapping[tuple[str, Side], Finder]
    _accounts: Mapping[str, Party]
    _faces: Mapping[str, Party]
    _account_hosts: Mapping[str, tuple[Tenant, Side]]
    _face_hosts: Mapping[str, tuple[Tenant, Side]]

    @classmethod
    def of(cls, directories: Iterable[tuple[Tenant, Directory]]) -> Self:
        """The world of these tenants, whose ids and hosts are distinct."""
        pairs = tuple(directories)
        parties = {
            (tenant.id, side): members
            for tenant, directory in pairs
            for side, members in _parties(tenant, directory).items()
        }
        everybody = [party for members in parties.values() for party in members]
        roles = [(tenant, side) for tenant, _ in pairs for side in Side]
        return cls(
            tenants=tuple(tenant for tenant, _ in pairs),
            _directories={tenant.id: directory for tenant, directory in pairs},
            _parties=parties,
            _finders={
                (tenant.id, side): Finder.of(parties[tenant.id, side], directory)
                for tenant, directory in pairs
                for side in Side
            },
            _accounts={party.account: party for party in everybody},
            _faces={party.face: party for party in everybody},
            _account_hosts={tenant.account_host(side): (tenant, side) for tenant, side in roles},
            _face_hosts={tenant.face_host(side): (tenant, side) for tenant, side in roles},
        )

    def account(self, bare: str) -> Party | None:
        """The party with this bare account."""
        return self._accounts.get(bare)

    def face(self, bare: str) -> Party | None:
        """The party with this bare face."""
        return self._faces.get(bare)

    def everybody(self) -> Collection[Party]:
        """All parties of all tenants."""
        return self._accounts.values()

    def face_of_account(self, account: str) -> str | None:
        """The face of a bare account of any tenant, also of somebody who has left the directory."""
        local, _, host = account.rpartition("@")
        found = self._account_hosts.get(host)
        return f"{local}@{found[0].face_host(found[1])}" if found and local else None

    def account_of_face(self, face: str) -> str | None:
        """The bare account behind a bare face of any tenant, also of somebody who has left the directory."""
        local, _, host = face.rpartition("@")
        found = self._face_hosts.get(host)
        return f"{local}@{found[0].account_host(found[1])}" if found and local else None

    def tenant_of_account_host(self, host: str) -> Tenant | None:
        found = self._account_hosts.get(host)
        return found and found[0]

    def tenant_of_component_host(self, host: str) -> Tenant | None:
        found = self._face_hosts.get(host)
        return found and found[0]

    def side_of(self, host: str) -> Side | None:
        """Whose accounts, or whose faces, live on this host."""
        found = self._account_hosts.get(host) or self._face_hosts.get(host)
        return found and found[1]

    def directory(self, tenant: Tenant) -> Directory:
        """Raises KeyError for an unknown tenant."""
        return self._directories[tenant.id]

    def parties(self, tenant: Tenant, side: Side) -> tuple[Party, ...]:
        """Everybody of a tenant with that licence, in the order of the files; KeyError as ``directory``."""
        return self._parties[tenant.id, side]

    def finder(self, tenant: Tenant, side: Side) -> Finder:
        """The search index of a tenant's people with that licence; KeyError as ``directory``."""
        return self._finders[tenant.id, side]


def _parties(tenant: Tenant, directory: Directory) -> dict[Side, tuple[Party, ...]]:
    roles = [Party(tenant, side, person) for side in Side for person in directory.people if person.local_part(side)]
    named = Counter(party.name.casefold() for party in roles)
    told_apart = [
        party if named[party.name.casefold()] == 1 else Party(tenant, party.side, party.person, has_namesake=True)
        for party in roles
    ]
    return {side: tuple(party for party in told_apart if party.side is side) for side in Side}
