"""The premises: an open store, the terms, and every kind of turn, for server and commands."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.broadcasting.broadcasts import Broadcasts
from bot.campaigns import load_campaign, load_topics
from bot.clock import VirtualClock
from bot.credits.credit_book import TurnedCredits
from bot.credits.decisions import Decisions
from bot.credits.live_facts import LiveFacts
from bot.credits.sealing import seal_acts
from bot.inviting.estimate import ComposedEstimate
from bot.keeping import open_store
from bot.keys import TOKEN_BYTES, Keys
from bot.rights.codes import Codes
from bot.rights.data_rights import DataRights
from bot.setting_values import SqliteFile
from bot.settings import Settings
from bot.terms import Terms, keep_terms
from bot.turns.conversations import Conversations
from bot.turns.house import BotName, House
from bot.turns.intake import TurnedReports
from bot.turns.routing import Lanes
from bot.turns.turn import Turns
from flows.customer import Channel
from messages.wording import Wordbook
from storage.store import Store

TELEGRAM_PER_S = 28.0
EMAIL_PER_S = 10.0  # what a mail server of one's own bears without being asked
_OFFSET = "clock.offset_s"


@dataclass(slots=True)
class Bell:
    """Rings whoever works in the background; nobody listens while a command runs."""

    listener: Callable[[], None] = lambda: None

    def ring(self) -> None:
        """Say that there may be something to do."""
        self.listener()


@dataclass(frozen=True, slots=True)
class Premises:
    """Everything that answers events, over one open store."""

    store: Store
    house: House
    turns: Turns
    conversations: Conversations
    credits: TurnedCredits
    reports: TurnedReports
    decisions: Decisions
    broadcasts: Broadcasts
    estimate: ComposedEstimate
    bell: Bell
    facts: LiveFacts
    codes: Codes
    rights: DataRights
    rates: Mapping[Channel, float]

    @property
    def terms(self) -> Terms:
        """The terms in force and those that customers are pinned to."""
        return self.house.terms

    @property
    def keys(self) -> Keys:
        """What needs SECRET_KEY."""
        return self.house.keys

    @property
    def clock(self) -> Callable[[], datetime]:
        """Tell the time."""
        return self.house.clock


@asynccontextmanager
async def open_premises(
    settings: Settings,
    real: Callable[[], datetime],
    ask_bot_name: Callable[[Store], Awaitable[str | None]],
) -> AsyncIterator[Premises]:
    """Open the store and put everything together over it; closes the store at the end.

    Raises UnusableSettingsError, UnusableCampaignError, ChangedTermsError or StorageError.
    """
    campaign = load_campaign(settings.campaign)
    store, key = await open_store(settings)
    try:
        house = House(
            terms=await keep_terms(store, campaign),
            wordbook=Wordbook.load(campaign, topics=load_topics(campaign)),
            lanes=lanes_of(settings),
            keys=Keys(key, lambda: secrets.token_urlsafe(TOKEN_BYTES)),
            clock=await clock_of(settings, store, real),
            public_url=settings.reached_at,
            telegram_bot=BotName(await ask_bot_name(store)),
        )
        await seal_acts(store, house.keys)
        yield _over(store, house, rates_of(settings))
        await seal_acts(store, house.keys)
    finally:
        await store.close()


def _over(store: Store, house: House, rates: Mapping[Channel, float]) -> Premises:
    bell = Bell()
    facts = LiveFacts(store, house.clock)
    return Premises(
        store=store,
        house=house,
        turns=Turns(store, house, bell.ring),
        conversations=Conversations(store, house, bell.ring, facts),
        credits=TurnedCredits(store, house, bell.ring),
        reports=TurnedReports(store, house, bell.ring),
        decisions=Decisions(store, house, bell.ring),
        broadcasts=Broadcasts(store.broadcasts, store, house, rates, bell.ring),
        estimate=ComposedEstimate(house, rates[Channel.SMS]),
        bell=bell,
        facts=facts,
        codes=Codes(store, house, bell.ring),
        rights=DataRights(store, house, bell.ring),
        rates=rates,
    )


def rates_of(settings: Settings) -> Mapping[Channel, float]:
    """Say how much each channel may emit in a second over all nodes, SMS in segments."""
    return {
        Channel.SMS: settings.twilio_segments_per_s,
        Channel.TELEGRAM: settings.telegram_paid_per_s or TELEGRAM_PER_S,
        Channel.EMAIL: EMAIL_PER_S,
    }


def lanes_of(settings: Settings) -> Lanes:
    """Name the lane of each channel that is on; in the sandbox all that have phones are."""
    on = {
        Channel.SMS: settings.has_sms or settings.is_sandbox,
        Channel.TELEGRAM: settings.has_telegram or settings.is_sandbox,
        Channel.EMAIL: settings.has_email,
    }
    return Lanes(tuple((channel, channel.value) for channel, is_on in on.items() if is_on))


async def clock_of(
    settings: Settings, store: Store, real: Callable[[], datetime]
) -> Callable[[], datetime]:
    """Give the real clock, or in the sandbox the virtual one where it was left."""
    if not settings.is_sandbox:
        return real
    kept = await store.get(_OFFSET)
    return VirtualClock(real, timedelta(seconds=float(kept)) if kept else timedelta())


async def keep_offset(store: Store, offset: timedelta) -> None:
    """Keep how far the virtual clock is ahead, for commands beside it and for the next start."""
    await store.put(_OFFSET, str(offset.total_seconds()))


def file_beside(settings: Settings, name: str) -> Path:
    """Name a file that lies beside the embedded database; a server's nodes have `data`."""
    database = settings.database
    folder = database.path.parent if isinstance(database, SqliteFile) else Path("data")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / name
