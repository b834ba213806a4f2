"""Where the Work hosts' uploads are (XEP-0363): ejabberd is asked after each connect, as its address is in its own
configuration and not in ours."""

import logging
from xml.etree.ElementTree import Element

from component.model import Tenant
from component.services.abilities import INFO_NS
from component.services.disco import ITEMS_NS
from component.web.uploads import Uploads

from .state import State
from .stream.iqs import Iqs

log = logging.getLogger(__name__)

UPLOAD_NS = "urn:xmpp:http:upload:0"
NAME, SIZE = "deskbridge", 1
"""Of the slot that is asked for, and never filled: ejabberd forgets it after some minutes."""


class UploadServices:
    """Tells ``uploads`` what it learns."""

    def __init__(self, state: State, iqs: Iqs, uploads: Uploads) -> None:
        self._state = state
        self._iqs = iqs
        self._uploads = uploads

    async def learn(self) -> None:
        """Ask the Work host of every tenant that has Work users' files to pass on."""
        for tenant in self._state.world.tenants:
            if tenant.mode.joined:
                await self._learn(tenant)

    async def _learn(self, tenant: Tenant) -> None:
        try:
            for service in await self._services(tenant):
                await self._ask_for_slot(tenant, service)
        except TimeoutError:
            log.warning("%s did not say where its uploads are, so links to files lead straight there", tenant.work_host)

    async def _services(self, tenant: Tenant) -> list[str]:
        """The addresses of the tenant's upload services (XEP-0363 §3)."""
        items = await self._iqs.get(tenant.service, tenant.work_host, f'<query xmlns="{ITEMS_NS}"/>')
        found = []
        for item in items.iterfind(f"{{{ITEMS_NS}}}query/{{{ITEMS_NS}}}item"):
            address = item.get("jid", "")
            # Those of other hosts may be anybody's, and would say where to fetch from.
            if address.endswith(f".{tenant.work_host}"):
                info = await self._iqs.get(tenant.service, address, f'<query xmlns="{INFO_NS}"/>')
                if any(part.get("var") == UPLOAD_NS for part in info.iter(f"{{{INFO_NS}}}feature")):
                    found.append(address)
        return found

    async def _ask_for_slot(self, tenant: Tenant, service: str) -> None:
        request = f'<request xmlns="{UPLOAD_NS}" filename="{NAME}" size="{SIZE}"/>'
        slot: Element = await self._iqs.get(tenant.service, service, request)
        get = slot.find(f"{{{UPLOAD_NS}}}slot/{{{UPLOAD_NS}}}get")
        if get is None:
            log.warning(
                "%s gives %s no slot, so links to files lead straight to it and show a digest of the sender's account: "
                "let the option `access` of mod_http_upload allow %s",
                service, tenant.service, tenant.service,
            )  # fmt: skip
        else:
            log.info("files of %s are at %s", service, self._uploads.learn(service, get.get("url", "")))
