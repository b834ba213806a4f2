"""Asks ejabberd for the address of each Work host's uploads (XEP-0363), which only ejabberd's configuration has."""

import logging

from component.model import Tenant
from component.web.uploads import Uploads

from ..state.state import State
from ..stream.iqs import Iqs

log = logging.getLogger(__name__)

UPLOAD_NS = "urn:xmpp:http:upload:0"
SLOT = f'<request xmlns="{UPLOAD_NS}" filename="deskbridge" size="1"/>'
"""An upload slot that is never used; ejabberd forgets it after some minutes."""

RESOURCE = "slots"
"""The service ignores it. Without one, ejabberd 24.10 to 24.12 drop what a privileged component asks a bare host."""


class UploadServices:
    """Passes the addresses to ``uploads``. The services are called ``upload.WORK_HOST``, which is ejabberd's
    default."""

    def __init__(self, state: State, iqs: Iqs, uploads: Uploads) -> None:
        self._state = state
        self._iqs = iqs
        self._uploads = uploads

    async def learn(self) -> None:
        """Ask for every tenant in whose mode files of Work users are delivered."""
        for tenant in self._state.world.tenants:
            if tenant.mode.joined:
                await self._learn(tenant)

    async def _learn(self, tenant: Tenant) -> None:
        service = f"upload.{tenant.work_host}"
        try:
            answer = await self._iqs.get(tenant.service, f"{service}/{RESOURCE}", SLOT)
        except TimeoutError:
            log.warning("%s does not answer, so links to files redirect to the uploads", service)
            return
        get = answer.find(f"{{{UPLOAD_NS}}}slot/{{{UPLOAD_NS}}}get")
        if get is None:
            log.warning(
                "%s does not tell %s the address of its uploads, so links to files redirect there and show a hash of "
                "the sender's account (does mod_http_upload run, and does its option `access` allow %s, as "
                "`deskbridge ejabberd-config` prints it?)",
                service, tenant.service, tenant.service,
            )  # fmt: skip
        else:
            log.info("files of %s are fetched from %s", service, self._uploads.learn(service, get.get("url", "")))
