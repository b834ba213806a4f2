"""Requests to agents' own accounts, which ejabberd delegates to deskbridge (XEP-0355): clients look for history
there."""

import logging
from collections.abc import Callable
from functools import partial
from xml.etree.ElementTree import Element

from component.jid import normalise
from component.model import Party, Side, Tenant
from component.policy.reasons import Reason
from component.services import disco
from component.services.archive_answers import Question
from component.services.capabilities import INFO
from component.xep.mam import MAM_NS
from component.xep.namespace_delegation import answer, bare_node, delegated_request, host_node, result
from component.xep.privileged_entity import in_the_name_of_an_account
from component.xep.stanza_errors import refusal
from component.xml import attribute, serialise

from ..state.state import State
from ..stream.grants import Grants
from ..throttled_log import ThrottledLog
from .archive_queries import ArchiveQueries

log = logging.getLogger(__name__)

OFFERED = {host_node(MAM_NS): (), bare_node(MAM_NS): disco.ARCHIVE_FEATURES}
"""Node -> features. Accounts have archives; their server has none of its own."""


class Delegation:
    """Answers the requests that a desk host forwards. ``send`` takes stanza text."""

    def __init__(self, state: State, grants: Grants, archives: ArchiveQueries, send: Callable[[str], None]) -> None:
        self._state = state
        self._grants = grants
        self._archives = archives
        self._send = send
        self._trouble = ThrottledLog(log, logging.ERROR)

    def receive_delegated(self, iq: Element) -> bool:
        """Handle this iq of type get or set if it is a delegated one; returns whether it is.

        It has to come from a tenant's own desk host, and to the tenant's service (R1, AD4); Work users' archives are
        ejabberd's.
        """
        tenant = self._state.world.tenant_of_account_host(iq.get("from", ""))
        if tenant is None or iq.get("from") != tenant.desk_host or iq.get("to") != tenant.service:
            return False
        match iq.get("type"), delegated_request(iq), iq.find(INFO):
            case "set", Element() as request, _:
                self._request(iq, request, tenant)
                return True
            case "get", _, Element() as query if query.get("node") in OFFERED:
                node = query.get("node", "")
                self._send(result(iq, serialise(disco.nested_info(node, OFFERED[node]))))
                return True
        return False

    def _request(self, iq: Element, request: Element, tenant: Tenant) -> None:
        """One client's request to an account."""
        asker = self._asker(request, tenant)
        namespace = self._grants.outgoing(tenant.desk_host)
        if asker is None or not len(request):
            log.info("refused a request from %s to %s by rule A6", request.get("from"), request.get("to"))
            self._send(answer(iq, refusal(request, Reason.NOT_YOUR_ARCHIVE)))
        elif namespace is None:
            self._trouble("%s does not grant deskbridge to send messages (mod_privilege)", tenant.desk_host)
            self._send(answer(iq, refusal(request, Reason.HISTORY_UNAVAILABLE)))
        else:
            request.attrib.setdefault("to", asker.account)
            question = Question(request.get("type", ""), request[0], asker, archive=asker.account)
            as_result = partial(_as_result, asker, request.get("from", ""), namespace)
            self._archives.ask(question, request, as_result, partial(answer, iq))

    def _asker(self, request: Element, tenant: Tenant) -> Party | None:
        """The agent who asks their own account; None for anybody who asks another one."""
        sender = normalise(request.get("from", ""))
        account = normalise(request.get("to", sender[0] if sender else ""))
        if sender is None or account != (sender[0], ""):
            return None
        party = self._state.world.account(sender[0])
        return party if party and party.side is Side.AGENT and party.tenant is tenant else None


def _as_result(asker: Party, client: str, namespace: str, text: str) -> str:
    """A ``<result/>`` as a message from the asker's bare account to the client that asked (XEP-0313 §4.2)."""
    tenant = asker.tenant
    message = f'<message from="{attribute(asker.account)}" to="{attribute(client)}">{text}</message>'
    return in_the_name_of_an_account(message, tenant.service, tenant.desk_host, namespace)
