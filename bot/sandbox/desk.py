"""What the sandbox' doors ask the house: who the customers are, and what the operator reports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from bot.card import flags, flags_of, next_of
from bot.carrier import feed
from bot.carrier.cloudevents import digest_of
from bot.carrier.happenings import PREFIX, UnreadableError, happening, in_utc
from bot.channels.channel import Attachment, FileUnavailableError, Inbound
from bot.commands.acting import SANDBOX
from bot.managing import managers_of
from bot.office.managers import PATIENCE_S
from bot.premises import Premises
from bot.web.simulator_desk import (
    CreditShown,
    Document,
    Manager,
    NextShown,
    Person,
    Reason,
    Report,
    Standing,
    StreakShown,
)
from bot.web.simulator_reports import UnusableReportError
from flows.customer import Channel, Contact
from flows.journey import Journey
from flows.standing import state_of, step_of
from flows.steps.streak import window
from storage.reading import CustomerRow, Dossier
from storage.rights import ERASED

SOURCE = "simulator"


@dataclass(frozen=True, slots=True)
class SandboxReports:
    """Takes the operator's events as the real door would."""

    premises: Premises

    async def happened(self, report: Report) -> feed.Taken:
        """Let a report take effect, once. Raises UnusableReportError for data that say nothing."""
        kind = f"{PREFIX}{report.type}.v1"
        try:
            what = happening(kind, report.data, in_utc(report.at, "time"))
        except UnreadableError as error:
            raise UnusableReportError(str(error)) from error
        digest = digest_of(kind, report.customer, report.at, report.data)
        told = feed.Report(SOURCE, report.id, kind, report.customer, report.at, what, digest)
        return await self.premises.reports.happened(told)


@dataclass(frozen=True, slots=True)
class SandboxPeople:
    """Knows the customers."""

    premises: Premises

    async def customers(self) -> Sequence[Person]:
        """List all of them by number; whoever was erased is nobody any more."""
        rows: list[CustomerRow] = []
        while page := await self.premises.store.customers(rows[-1].number if rows else ""):
            rows.extend(page)
        return [_person(row) for row in rows if not row.number.startswith(ERASED)]

    async def standing(self, customer: str) -> Standing | None:
        """Tell where one stands and why; None if nobody has this number."""
        dossier = await self.premises.store.dossier(customer)
        if dossier is None or dossier.memory.customer is None:
            return None
        return self._standing(dossier, dossier.memory.journey)

    def _standing(self, dossier: Dossier, journey: Journey | None) -> Standing:
        memory, terms = dossier.memory, self.premises.terms.of(journey)
        known = memory.customer
        assert known is not None  # noqa: S101 - standing() looks first
        due = next_of(dossier)
        return Standing(
            customer=known.number,
            phone=_phone(known.contacts),
            language=journey.language if journey else known.language,
            state=state_of(journey, terms).value if journey else "",
            step=step_of(journey, terms) if journey else "",
            flags=flags(known.contacts, journey),
            rewards=tuple(terms.steps.rewards.items()),
            credits=tuple(CreditShown(c.step, c.megabytes, c.state.value) for c in memory.credits),
            streak=self._streak(journey),
            next=NextShown(due[1], due[0]) if due else None,
            why=tuple(Reason(r.at, r.kind, str(r.n), r.effects) for r in dossier.journal),
        )

    def _streak(self, journey: Journey | None) -> StreakShown:
        terms = self.premises.terms.of(journey)
        span = window(journey, terms) if journey else None
        if journey is None or span is None:
            return StreakShown(terms.streak.months)
        return StreakShown(terms.streak.months, journey.months_told, span.start, span.end)


@dataclass(frozen=True, slots=True)
class SandboxFiles:
    """Holds what managers have sent, as a provider does; a restart forgets it."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def keep(self, name: str, content: bytes) -> Attachment:
        """Take a file."""
        ref = f"file{len(self.kept)}"
        self.kept[ref] = content
        return Attachment(ref, name, len(content))

    async def read(self, attachment: Attachment) -> bytes:
        """Give a file. Raises FileUnavailableError for one that is forgotten."""
        if attachment.ref not in self.kept:
            raise FileUnavailableError
        return self.kept[attachment.ref]


@dataclass(frozen=True, slots=True)
class SandboxManagers:
    """The managers of the sandbox, on the real managers' chat."""

    premises: Premises
    files: SandboxFiles = field(default_factory=SandboxFiles)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def roster(self) -> Sequence[Manager]:
        """List the managers."""
        return tuple(
            Manager(id_, name, SANDBOX[id_].value)
            for id_, name in ((9001, "Mona"), (9002, "Otto"), (9003, "Vera"))
        )

    async def heard(self, inbound: Inbound, document: Document | None) -> None:
        """Answer what a manager wrote, tapped or sent."""
        if document is not None:
            kept = self.files.keep(document.name, document.text.encode())
            inbound = structs.replace(inbound, attachment=kept)
        roles = {str(id_): role for id_, role in SANDBOX.items()}
        named = {str(manager.id): manager.name for manager in self.roster()}
        inbound = structs.replace(inbound, sender=named.get(inbound.address.value, ""))
        managers = replace(managers_of(self.premises, roles, self.files), under_way=self.under_way)
        await managers.heard(inbound, PATIENCE_S)


def _person(row: CustomerRow) -> Person:
    named = flags_of(row.contacts, is_silent=row.is_silent, is_accessible=row.is_accessible)
    return Person(row.number, _phone(row.contacts), row.language, row.state, row.step, named)


def _phone(contacts: tuple[Contact, ...]) -> str:
    phones = (c.address.value for c in contacts if c.address.channel is Channel.SMS)
    return next(phones, "")
