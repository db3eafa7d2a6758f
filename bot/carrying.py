"""The way to the operator: the charging system's client, and the worker that carries credits."""

import secrets

import structlog

from bot.carrier.bodies import Dialect, Version
from bot.carrier.crediting import Crediting
from bot.carrier.facts import Tmf677, Tmf678
from bot.carrier.paging import Lists
from bot.carrier.patience import Patience, at_once_for
from bot.carrier.tmf654 import Tmf654
from bot.carrier.transport import HttpTransport
from bot.credits.feed_watch import FeedWatch
from bot.credits.reconciler import Reconciler
from bot.fence import BehindFence
from bot.metrics import Metrics
from bot.premises import Premises
from bot.settings import Settings
from bot.turns.replayer import Replayer
from bot.workers import Worker

PER_SECOND = 20.0  # requests that an operator bears from one process
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def carrier_of(settings: Settings, per_second: float = PER_SECOND) -> Tmf654 | None:
    """Make the client of the operator's interfaces; None where no charging system is set."""
    if settings.carrier_url is None:
        return None
    token = settings.carrier_token.get_secret_value() if settings.carrier_token else ""

    def way(url: str) -> HttpTransport:
        return HttpTransport(url, token=token, per_second=per_second)

    usage, bills = settings.carrier_usage_url, settings.carrier_bill_url
    return Tmf654(
        way(settings.carrier_url),
        Dialect(Version(settings.carrier_tmf654_version)),
        Lists(),
        usage=Tmf677(way(usage)) if usage else None,
        bills=Tmf678(way(bills), Lists()) if bills else None,
    )


def read_facts_from(carrier: Tmf654 | None, premises: Premises) -> None:
    """Let the operator tell customers what is left, and of their bills where it shows any."""
    premises.facts.source = carrier
    premises.facts.has_bills = carrier is not None and carrier.has_bills


def crediting_of(premises: Premises, carrier: Tmf654) -> Crediting:
    """Make the worker between the ledger and the operator."""
    return Crediting(
        premises.store,
        premises.credits,
        carrier,
        premises.clock,
        alarm=_alarm,
        patience=Patience(at_once=at_once_for(PER_SECOND)),
    )


def operator_workers(
    premises: Premises, carrier: Tmf654 | None, metrics: Metrics
) -> tuple[Worker, ...]:
    """Make everything that works on what the operator reports and books."""
    store, clock = premises.store, premises.clock
    always: tuple[Worker, ...] = (
        Replayer(store, premises.reports, clock),
        FeedWatch(store, clock, metrics),
    )
    if carrier is None:
        return always
    return (*always, BehindFence(crediting_of(premises, carrier), store))


def reconciler_of(premises: Premises, carrier: Tmf654) -> Reconciler:
    """Make the daily comparison with the operator's list; in the sandbox people ask for it."""
    return Reconciler(premises.store, carrier, premises.clock, secrets.token_hex(4))


def _alarm(words: str) -> None:
    log.error("carrier_alarm", words=words)
