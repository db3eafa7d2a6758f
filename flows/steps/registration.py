"""Registering for the self-service portal."""

from flows.campaign import Campaign, PreExisting
from flows.events import Event, PortalRegistered, PortalUsed
from flows.steps.step import Step


def _is_shown_by(event: Event, terms: Campaign) -> bool:
    """Who uses the portal is registered: those who were before the invitation are credited so."""
    if isinstance(event, PortalUsed):
        return terms.steps.pre_existing is PreExisting.CREDIT
    return isinstance(event, PortalRegistered)


REGISTRATION = Step("registration", _is_shown_by)
