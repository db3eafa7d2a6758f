"""`doctor`: what stands in the way of a good start, and how each fault is mended."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot import fence
from bot.campaigns import UnusableCampaignError
from bot.commands.lint import lint
from bot.commands.probes import Fault, all_of
from bot.commands.showing import as_json, facts
from bot.keeping import open_store
from bot.setting_values import PostgresServer, Role, SqliteFile
from bot.settings import Settings, UnusableSettingsError, load_settings
from messages.topics import UnusableTopicsError
from messages.wording import WordingError
from storage.errors import StorageError
from storage.sqlite.inspection import inspect

_MOST_SHOWN = 5  # faults of the wording; `lint` shows all


@dataclass(slots=True)
class Diagnosis:
    """What was found; advice is no fault."""

    faults: list[Fault] = field(default_factory=list)
    advice: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether nothing stands in the way."""
        return not self.faults


def diagnose() -> Diagnosis:
    """Look at everything; nothing is changed, and no secret is shown."""
    found = Diagnosis()
    try:
        settings = load_settings()
    except UnusableSettingsError as error:
        mend = "correct it in the environment or .env; .env.example says what each setting is"
        found.faults.append(Fault(str(error), mend))
        return found
    found.faults.extend(_of_wording(settings))
    found.faults.extend(asyncio.run(_outside(settings)))
    if not settings.is_sandbox:
        found.faults.extend(_of_operator(settings))
        found.advice.extend(_advice(settings))
    return found


async def _outside(settings: Settings) -> list[Fault]:
    faults = await _of_database(settings)
    return faults if settings.is_sandbox else [*faults, *await all_of(settings)]


async def _of_database(settings: Settings) -> list[Fault]:
    match settings.database:
        case SqliteFile(path):
            return list(_of_file(path)) if path.exists() else []  # `serve` will make it
        case PostgresServer():
            return await _of_server(settings)


def _of_file(path: Path) -> Iterator[Fault]:
    try:
        seen = inspect(path)
    except StorageError as error:
        yield Fault(str(error), "see that DATABASE_URL names a database of this bot")
        return
    if seen.fault is not None:
        yield Fault(f"{path} is damaged: {seen.fault}", "stop the bot, and restore a backup")
    if seen.version > seen.latest:
        yield Fault(
            f"{path} has version {seen.version}, this program knows {seen.latest}",
            "use the newer program",
        )
    if seen.stamp is not None:
        yield _fenced(seen.stamp)


def _fenced(said: str) -> Fault:
    mend = "if it is the only one from now on: statthotline unfence --reason TEXT"
    return Fault(f"the database may not send: {said}", mend)


async def _of_server(settings: Settings) -> list[Fault]:
    try:
        store, _ = await open_store(settings)
    except (StorageError, UnusableSettingsError) as error:
        return [Fault(str(error), "see that DATABASE_URL is right; `migrate` prepares a database")]
    try:
        said = await fence.standing(store)
    finally:
        await store.close()
    return [_fenced(said)] if said else []


def _of_wording(settings: Settings) -> Iterator[Fault]:
    try:
        findings = lint(settings.campaign)
    except (UnusableCampaignError, UnusableTopicsError, WordingError) as error:
        yield Fault(str(error), "correct the campaign file that CAMPAIGN names, or its wording")
        return
    for fault in findings.faults[:_MOST_SHOWN]:
        yield Fault(str(fault), "`lint` shows every line, and what each rule wants")


def _of_operator(settings: Settings) -> Iterator[Fault]:
    if settings.carrier_url is None:
        yield Fault(
            "no charging system: credits stay earned, and nobody is told of any",
            "set CARRIER_URL and CARRIER_TOKEN",
        )
    if not settings.events_secret and settings.events_token is None:
        yield Fault(
            "nobody can report anything: /events and /tmf answer 401",
            "agree on EVENTS_SECRET (whsec_…) with the operator",
        )


def _advice(settings: Settings) -> Iterator[Fault]:
    if settings.secret_key is None:
        yield Fault(
            "SECRET_KEY is kept beside the database",
            "set it, so that a restored database still knows who said STOP",
        )
    roles = {manager.role for manager in settings.telegram_managers}
    if Role.APPROVER not in roles or len(settings.telegram_managers) < 2:  # noqa: PLR2004 - four eyes
        yield Fault(
            "nobody can approve what somebody else drafts",
            "name at least two in TELEGRAM_MANAGERS, one of them an approver",
        )
    if settings.has_sms and settings.twilio_messaging_service_sid:
        yield Fault(
            "a messaging service's webhook cannot be read here",
            f"see in the console that it is {settings.reached_at}/sms/inbound",
        )


def show_json(found: Diagnosis) -> None:
    """Write the findings for programs (design 1.10)."""
    listed = [{"what": f.what, "mend": f.mend} for f in found.faults]
    advice = [{"what": f.what, "mend": f.mend} for f in found.advice]
    as_json({"ok": found.ok, "faults": listed, "advice": advice})


def show(found: Diagnosis) -> None:
    """Write the findings for people."""
    title = "Nothing stands in the way." if found.ok else "This stands in the way:"
    facts(title, [(f"✗ {fault.what}", fault.mend) for fault in found.faults])
    if found.advice:
        facts("Advice:", [(f"  {advice.what}", advice.mend) for advice in found.advice])
