"""The campaign file: the shipped one is the default, and a wrong one is refused with its place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path

import pytest

from bot.campaigns import UnusableCampaignError, fingerprint, load_campaign, load_topics
from flows.broadcast_rule import BroadcastRule
from flows.campaign import (
    CallPolicy,
    Calls,
    Campaign,
    Inactivity,
    Invitations,
    Messages,
    Retention,
    Steps,
    Streak,
)
from messages.topics import shipped
from tests.cast import TERMS

SMALL = """
name = "small"
version = "1"
[operator]
brand = "Nordlicht Mobil"
hotline = "030 23125 100"
portal_url = "https://portal.nordlicht.example"
film_url = "https://portal.nordlicht.example/film"
app_url = "https://app.nordlicht.example"
terms_url = "https://www.nordlicht.example/terms"
[steps.rewards]
app = 250
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_writes_the_defaults_out() -> None:
    campaign = load_campaign()

    assert campaign.steps == Steps({"registration": 600, "video": 600, "app": 600, "streak": 1800})
    assert campaign.streak == Streak()
    assert campaign.invitations == Invitations()
    assert campaign.inactivity == Inactivity()
    assert campaign.messages == Messages()
    reasons = {"counted_reasons": frozenset[str](), "exempt_reasons": frozenset[str]()}
    assert replace(campaign.calls, **reasons) == Calls()  # type: ignore[arg-type]
    assert (campaign.holdout_percent, campaign.approval_above) == (0, 0)


def test_the_shipped_file_names_every_setting() -> None:
    text = files("flows").joinpath("campaign.toml").read_text(encoding="utf-8")

    written_out = {line.lstrip("# ").partition(" = ")[0] for line in text.splitlines()}

    below = (Steps, Streak, Invitations, Calls, Inactivity, Messages, BroadcastRule, Retention)
    for table in (*below, Campaign):
        tables = {"operator", "steps", "streak", "invitations", "calls", "inactivity", "messages"}
        tables |= {"help", "retention", "broadcasts"}
        names = set(table.__dataclass_fields__) - tables - {"rewards", "requires"}
        assert names <= written_out


@pytest.mark.parametrize(
    "reason",
    [
        "fault",
        "complaint",
        "cancellation",
        "loss",
        "theft",
        "sim_lock",
        "fraud",
        "data_protection",
        "accessibility",
        "operator_error",
        "emergency",
        "stoerung",
        "beschwerde",
        "kuendigung",
    ],
)
def test_what_the_law_protects_never_costs_anything(reason: str) -> None:
    assert reason in load_campaign().calls.exempt_reasons


def test_another_operator_writes_only_what_differs(tmp_path: Path) -> None:
    text = SMALL.replace('version = "1"', 'version = "1"\nends_at = 2028-01-01T00:00:00+01:00')

    campaign = load_campaign(written(tmp_path, text + '[streak]\non_call = "end"\n'))

    assert campaign.tasks == ("app",)
    assert not campaign.has_streak
    assert campaign.streak.on_call is CallPolicy.END
    assert campaign.ends_at == datetime(2028, 1, 1, tzinfo=timezone(timedelta(hours=1)))


def test_the_steps_keep_the_order_of_the_file(tmp_path: Path) -> None:
    campaign = load_campaign(written(tmp_path, SMALL + "video = 1\nregistration = 2\n"))

    assert campaign.tasks == ("app", "video", "registration")


WRONG = [
    ("name =", "name", "is not TOML"),
    ('name = "small"', 'title = "small"', "title: there is no such setting"),
    ('name = "small"', "", "name: is required"),
    ('name = "small"', 'name = ""', "name: must not be empty"),
    ('name = "small"', 'name = "small"\nbudget = 1', "budget: there is no such setting"),
    ('brand = "Nordlicht Mobil"', "", "operator.brand: is required"),
    ('brand = "Nordlicht Mobil"', "brand = 1", "operator.brand: must be a valid string"),
    ('"https://app.nordlicht.example"', '"app"', "operator.app_url: must be an address"),
    ("[operator]", "[operator]\ncolour = 1", "operator.colour: there is no such setting"),
    ("app = 250", "", "steps.rewards: at least one step"),
    ("app = 250", "app = 0.25", "steps.rewards.app: must be a valid integer"),
    ("app = 250", 'app = "250"', "steps.rewards.app: must be a valid integer"),
    ("app = 250", "app = 0", "steps.rewards.app: must be a whole number of MB above 0"),
    (
        "app = 250",
        "appp = 250",
        "steps.rewards.appp: there is no such step; there are registration",
    ),
    (
        "app = 250",
        "app = 250\n[steps.requires]\napp = 'app'",
        "steps.requires.app: waits for itself",
    ),
    (
        "app = 250",
        "app = 1\nstreak = 1\n[steps.requires]\napp = 'streak'",
        "steps.requires.app: both must be of registration, video, app",
    ),
    ("app = 250", "app = 250\n[streak]\nmonths = 0", "streak.months: must be at least 1"),
    ("app = 250", "app = 250\n[streak]\nmonths = 20000", "streak.months: must not be above 10000"),
    (
        "app = 250",
        "app = 250\n[streak]\non_call = 'shout'",
        "streak.on_call: must be 'restart', 'forfeit' or 'end'",
    ),
    (
        "app = 250",
        "app = 250\n[steps]\nreminder_days = [3, 'x']",
        "steps.reminder_days.1: must be a valid integer",
    ),
    (
        "app = 250",
        "app = 250\n[messages]\nzone = 'Mars/Olympus'",
        "messages.zone: must be one like Europe/Berlin",
    ),
    ("app = 250", "app = 250\n[messages]\nland = 'XX'", "messages.land: must be of BB, BE"),
    ("app = 250", "app = 250\n[messages]\nlanguages = []", "messages.languages: must not be empty"),
    (
        "app = 250",
        "app = 250\n[messages]\nsms_cents_per_segment = nan",
        "messages.sms_cents_per_segment: must be a number from 0 on",
    ),
    (
        "app = 250",
        "app = 250\n[calls]\nminimum_s = -1",
        "calls.minimum_s: must be a number from 0 on",
    ),
    (
        "app = 250",
        "app = 250\n[calls]\ncounted_reasons=['x']\nexempt_reasons=['x']",
        "calls: both counted and exempt",
    ),
    ('version = "1"', 'version = "1"\nends_at = 2028-01-01T00:00:00', "ends_at: needs a zone"),
    ('version = "1"', 'version = "1"\nends_at = 2028-01-01', "ends_at: must be a moment"),
    ('version = "1"', 'version = "1"\nholdout_percent = 100', "holdout_percent: must lie in"),
    ('version = "1"', 'version = "1"\nstreak = 9', "streak: must be a table"),
]


@pytest.mark.parametrize(
    ("old", "new", "expected"), WRONG, ids=[new or f"without {old}" for old, new, _ in WRONG]
)
def test_a_wrong_file_is_refused_in_one_line_with_its_place(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    path = written(tmp_path, SMALL.replace(old, new))

    with pytest.raises(UnusableCampaignError) as caught:
        load_campaign(path)

    assert str(caught.value).startswith(f"{path}: {expected}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"\xff\xfe", "is not text in UTF-8"), (b"a = " + b"[" * 100_000, "is not TOML")],
    ids=["utf-16", "bottomless"],
)
def test_what_is_no_toml_is_refused(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)

    with pytest.raises(UnusableCampaignError, match=expected):
        load_campaign(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableCampaignError, match=r"gone\.toml: cannot be read \(No such file"):
        load_campaign(tmp_path / "gone.toml")


def test_equal_terms_have_equal_fingerprints_whatever_the_order_of_reasons() -> None:
    one, other = (
        replace(TERMS, calls=Calls(counted_reasons=frozenset(reasons)))
        for reasons in (("a", "b", "c"), ("c", "b", "a"))
    )

    assert fingerprint(one) == fingerprint(other)


def test_a_moment_is_the_same_term_in_every_zone() -> None:
    noon = datetime(2028, 1, 1, 11, tzinfo=UTC)
    berlin = noon.astimezone(timezone(timedelta(hours=1)))

    assert fingerprint(replace(TERMS, ends_at=noon)) == fingerprint(replace(TERMS, ends_at=berlin))


@pytest.mark.parametrize(
    "changed",
    [
        replace(TERMS, version="2"),
        replace(TERMS, steps=replace(TERMS.steps, rewards={**TERMS.steps.rewards, "app": 1})),
        replace(TERMS, streak=Streak(on_call=CallPolicy.FORFEIT)),
        replace(TERMS, ends_at=datetime(2028, 1, 1, tzinfo=UTC)),
    ],
)
def test_other_terms_have_another_fingerprint(changed: Campaign) -> None:
    assert fingerprint(changed) != fingerprint(TERMS)


def test_links_prices_and_limits_may_change_without_changing_the_terms() -> None:
    moved = replace(
        TERMS,
        operator=replace(TERMS.operator, app_url="https://new.example"),
        messages=Messages(sms_cents_per_segment=9),
        budget_megabytes=1,
        holdout_percent=10,
    )

    assert fingerprint(moved) == fingerprint(TERMS)


# --- The operator's own topics --------------------------------------------------------------------

OWN = """
[glasfaser]
title = "Glasfaser"
phrases = ["Glasfaser", "wann kommt Glasfaser", "FTTH"]
sms = "{link} {hotline}"
telegram = "{link} {hotline}"
"""


def with_topics(tmp_path: Path, topics: str) -> Path:
    (tmp_path / "own" / "de").mkdir(parents=True)
    (tmp_path / "own" / "de" / "topics.toml").write_text(topics, "utf-8")
    return written(tmp_path, f'{SMALL}\n[help]\ntopics = "own"\n')


def test_own_topics_lie_beside_the_campaign_file(tmp_path: Path) -> None:
    campaign = load_campaign(with_topics(tmp_path, OWN))

    topics = load_topics(campaign)

    assert topics.find("gibt es glasfaser", "de")[0].topic == "glasfaser"
    assert topics.find("wo ist meine rechnung", "de")[0].topic == "bill"
    assert load_topics(load_campaign(written(tmp_path, SMALL))).ids == shipped().ids


@pytest.mark.parametrize("topics", ["[bill]\ntitel = 1", "[[["], ids=["a wrong key", "no TOML"])
def test_own_topics_that_cannot_be_read_are_named(topics: str, tmp_path: Path) -> None:
    campaign = load_campaign(with_topics(tmp_path, topics))

    with pytest.raises(UnusableCampaignError, match=r"help\.topics: .*topics\.toml"):
        load_topics(campaign)


def test_a_folder_of_topics_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, f'{SMALL}\n[help]\ntopics = "nowhere"\n')

    with pytest.raises(UnusableCampaignError, match=r"help\.topics: there is no folder"):
        load_campaign(path)
