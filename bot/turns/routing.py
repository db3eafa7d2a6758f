"""Which address a line goes to, by which lane, when, and until when it is worth saying."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.calendar import next_loud
from flows.campaign import Campaign, StartMode
from flows.customer import Channel, Contact, Customer
from flows.effects import Purpose

# Replies leave before notices, these before reminders; broadcasts come last.
PRIORITIES = {
    Purpose.ANSWER: 0,
    Purpose.NOTICE: 1,
    Purpose.REPORT: 2,
    Purpose.REMINDER: 3,
    Purpose.INVITATION: 4,
}
BROADCAST_PRIORITY = 5
_USE_BY = {
    Purpose.REPORT: timedelta(days=10),
    Purpose.REMINDER: timedelta(days=3),
    Purpose.INVITATION: timedelta(days=10),
}
_PREFERENCE = (Channel.TELEGRAM, Channel.SMS, Channel.EMAIL)
# Invited by SMS where there is a number: a bot cannot write first in Telegram.
_FOR_INVITATIONS = (Channel.SMS, Channel.EMAIL, Channel.TELEGRAM)


@dataclass(frozen=True, slots=True)
class Lanes:
    """Which lane serves each channel; a channel that is off has none."""

    by_channel: tuple[tuple[Channel, str], ...]

    def lane(self, channel: Channel) -> str | None:
        """Name the lane of a channel; None if the channel is off."""
        return dict(self.by_channel).get(channel)


def choose(customer: Customer, purpose: Purpose, lanes: Lanes) -> Contact | None:
    """Choose one open address: the one used last, else by the channels' usual order."""
    order = _FOR_INVITATIONS if purpose is Purpose.INVITATION else _PREFERENCE
    usable = [c for c in customer.contacts if c.is_open and lanes.lane(c.address.channel)]
    if not usable:
        return None
    used = [c for c in usable if c.used_at is not None]
    if used and purpose is not Purpose.INVITATION:
        return max(used, key=lambda contact: (contact.used_at is not None, contact.used_at))
    return min(usable, key=lambda contact: order.index(contact.address.channel))


def leaves_at(purpose: Purpose, now: datetime, terms: Campaign) -> datetime:
    """Give the moment from which it may be said (programme.md section 9).

    Answers at any hour; at night only they, and before the campaign begins. Sundays and holidays
    hold what is not urgent.
    """
    if purpose is Purpose.ANSWER:
        return now
    now = max(now, terms.starts_at or now)
    rests = purpose in (Purpose.REMINDER, Purpose.INVITATION)
    rule = terms.messages
    return next_loud(now, terms.zone, rule.quiet, workdays_only=rests, land=rule.land)


def leaves_to(
    customer: Customer, purpose: Purpose, now: datetime, terms: Campaign
) -> datetime | None:
    """Give the moment from which somebody may be told; None: not while they are talking with us."""
    rule, spoke_at = terms.messages, [c.used_at for c in customer.contacts if c.used_at]
    silent_at = max(spoke_at) + rule.dialogue if spoke_at else now
    if purpose is not Purpose.REMINDER or silent_at <= now:
        return leaves_at(purpose, now, terms)
    match rule.during_dialogue:
        case StartMode.INTERRUPT:
            return leaves_at(purpose, now, terms)
        case StartMode.AFTER:
            return leaves_at(purpose, silent_at, terms)
        case StartMode.SKIP:
            return None


def use_by(purpose: Purpose, due: datetime) -> datetime | None:
    """Give the moment after which it is stale; None if it is worth saying whenever."""
    patience = _USE_BY.get(purpose)
    return due + patience if patience else None


def is_worth_twice(purpose: Purpose, channel: Channel) -> bool:
    """Tell whether a lost one hurts more than a second one (sms.md section 5): all but reminders.

    An answer that the provider does not list was asked for, and whoever died on the way to it has
    left the customer without. A letter has the same Message-ID each time, so a second one does no
    harm (section 9).
    """
    return channel is Channel.EMAIL or purpose is not Purpose.REMINDER
