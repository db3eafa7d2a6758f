"""Settings: what is read, what stops the start, and that no secret is ever shown."""

import stat
from pathlib import Path

import pytest

from bot.setting_values import LogLevel, Manager, PostgresServer, Role, SqliteFile, TelegramMode
from bot.settings import Settings, UnusableSettingsError, load_settings, secret_key

SECRET = "geheim-geheim-geheim"  # noqa: S105 - the one that must never be shown
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC0123456789",
    "TWILIO_AUTH_TOKEN": SECRET,
    "TWILIO_FROM": "+4915735980000",
}
TELEGRAM = {"TELEGRAM_BOT_TOKEN": f"4711:{SECRET}"}
EMAIL = {"SMTP_URL": f"smtps://bot:{SECRET}@mail.example", "EMAIL_FROM": "bot@nordlicht.example"}
PUBLIC = {"PUBLIC_URL": "https://bot.example"}


@pytest.fixture(autouse=True)
def empty_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every test in a folder without `.env`, with none of our variables set."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def load(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_without_any_setting_it_is_the_sandbox_on_sqlite() -> None:
    settings = load_settings()

    assert settings.is_sandbox
    assert settings.database == SqliteFile(Path("data/bot.db"))
    assert settings.reached_at == "http://127.0.0.1:8080"
    assert not any((settings.has_sms, settings.has_telegram, settings.has_email))


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        TWILIO
        | TELEGRAM
        | EMAIL
        | {
            "DATABASE_URL": f"postgresql://bot:{SECRET}@db.example/bot",
            "PUBLIC_URL": "https://bot.example/programme/",
            "HOST": "::",
            "PORT": "9090",
            "CAMPAIGN": "mine.toml",
            "TWILIO_AUTH_TOKEN_SECONDARY": SECRET,
            "TWILIO_MESSAGING_SERVICE_SID": "MG0123",
            "TWILIO_API_BASE_URL": "http://127.0.0.1:9001/",
            "TELEGRAM_MODE": "webhook",
            "TELEGRAM_WEBHOOK_SECRET": SECRET,
            "TELEGRAM_API_BASE_URL": "http://127.0.0.1:9002",
            "TELEGRAM_MANAGERS": "9001:manager, 9002:approver,",
            "EVENTS_SECRET": "whsec_Z2VoZWlt  whsec_Z2VoZWlt",
            "EVENTS_TOKEN": SECRET,
            "CARRIER_URL": "https://tmf.example/prepay/v4/",
            "CARRIER_TOKEN": SECRET,
            "CARRIER_TMF654_VERSION": "4.1",
            "CARRIER_USAGE_URL": "https://tmf.example/usage",
            "CARRIER_BILL_URL": "https://tmf.example/bill",
            "LOG_LEVEL": "debug",
            "SECRET_KEY": SECRET,
        },
    )

    assert isinstance(settings.database, PostgresServer)
    assert settings.public_url == settings.reached_at == "https://bot.example/programme"
    assert (settings.host, settings.port, settings.campaign) == ("::", 9090, Path("mine.toml"))
    assert settings.twilio_api_base_url == "http://127.0.0.1:9001"
    assert settings.telegram_mode is TelegramMode.WEBHOOK
    assert settings.telegram_managers == (Manager(9001, Role.MANAGER), Manager(9002, Role.APPROVER))
    assert [secret.get_secret_value() for secret in settings.events_secret] == [
        "whsec_Z2VoZWlt",
        "whsec_Z2VoZWlt",
    ]
    assert settings.carrier_url == "https://tmf.example/prepay/v4"
    assert settings.carrier_tmf654_version == "4.1"
    assert settings.log_level is LogLevel.DEBUG
    assert settings.has_sms
    assert settings.has_telegram
    assert settings.has_email
    assert not settings.is_sandbox
    assert SECRET not in repr(settings)


def test_the_environment_has_precedence_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=9000\nHOST=localhost\nUNKNOWN=1\n", encoding="utf-8-sig")

    settings = load(monkeypatch, {"PORT": "9001"})

    assert (settings.host, settings.port) == ("localhost", 9001)


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, {"PORT": "", "CAMPAIGN": "", "TWILIO_AUTH_TOKEN": ""})

    assert settings.port == 8080
    assert settings.campaign is None
    assert settings.is_sandbox


def test_settings_are_never_changed() -> None:
    settings = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


@pytest.mark.parametrize("credentials", [TWILIO, TELEGRAM, EMAIL], ids=["sms", "telegram", "email"])
def test_a_real_channel_needs_a_public_address(
    credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnusableSettingsError, match=r"^PUBLIC_URL: "):
        load(monkeypatch, credentials)

    assert not load(monkeypatch, credentials | PUBLIC).is_sandbox


WRONG = [
    ("PORT", "many"),
    ("PORT", "65536"),
    ("LOG_LEVEL", "loud"),
    ("DATABASE_URL", f"mysql://bot:{SECRET}@db"),
    ("DATABASE_URL", "sqlite:///"),
    ("PUBLIC_URL", "bot.example"),
    ("PUBLIC_URL", f"https://bot:{SECRET}@bot.example"),
    ("PUBLIC_URL", f"https://[{SECRET}"),
    ("TWILIO_ACCOUNT_SID", SECRET),
    ("TWILIO_FROM", "call me, maybe"),
    ("TWILIO_API_BASE_URL", "https://api.example/2010-04-01"),
    ("TELEGRAM_BOT_TOKEN", SECRET),
    ("TELEGRAM_MODE", "pigeon"),
    ("TELEGRAM_WEBHOOK_SECRET", f"{SECRET}!"),
    ("TELEGRAM_MANAGERS", "9001:boss"),
    ("TELEGRAM_MANAGERS", "mona:manager"),
    ("TELEGRAM_MANAGERS", "9001:manager,9001:viewer"),
    ("EVENTS_SECRET", SECRET),
    ("EVENTS_SECRET", f"whsec_Z2VoZWlt whsec_{SECRET}!"),
    ("EVENTS_TOKEN", "two words"),
    ("CARRIER_URL", "ftp://tmf.example"),
    ("CARRIER_TMF654_VERSION", "5.0"),
    ("SMTP_URL", f"http://bot:{SECRET}@mail.example"),
    ("SMTP_URL", f"smtp://bot:{SECRET}@mail.example:99999"),
    ("EMAIL_FROM", "nobody"),
    ("SECRET_KEY", "geheim"),
]
TORN = [
    ("TWILIO_AUTH_TOKEN", {"TWILIO_ACCOUNT_SID": "AC0123"} | PUBLIC),
    ("TWILIO_ACCOUNT_SID", {"TWILIO_AUTH_TOKEN": SECRET} | PUBLIC),
    (
        "TWILIO_MESSAGING_SERVICE_SID",
        {"TWILIO_ACCOUNT_SID": "AC0123", "TWILIO_AUTH_TOKEN": SECRET} | PUBLIC,
    ),
    ("TELEGRAM_WEBHOOK_SECRET", TELEGRAM | PUBLIC | {"TELEGRAM_MODE": "webhook"}),
    ("EMAIL_FROM", {"SMTP_URL": EMAIL["SMTP_URL"]} | PUBLIC),
]


@pytest.mark.parametrize(
    ("name", "variables"), [(name, {name: value}) for name, value in WRONG] + TORN
)
def test_a_wrong_setting_is_named_in_one_line_without_its_secret(
    name: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnusableSettingsError) as caught:
        load(monkeypatch, variables)

    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert "\n" not in message
    assert "geheim" not in message


def test_a_file_of_settings_in_another_encoding_stops_the_start() -> None:
    Path(".env").write_bytes("CAMPAIGN=träume.toml\n".encode("cp1252"))

    with pytest.raises(UnusableSettingsError, match=r"^\.env: cannot be read"):
        load_settings()


def test_the_key_is_the_one_that_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(monkeypatch, {"SECRET_KEY": SECRET})

    assert secret_key(settings, tmp_path / "secret.key") == SECRET.encode()
    assert not (tmp_path / "secret.key").exists()


def test_a_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"

    first, second = secret_key(load_settings(), path), secret_key(load_settings(), path)

    assert first == second
    assert len(first) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_lost_key_is_not_replaced_silently(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_text("\n")

    with pytest.raises(UnusableSettingsError, match=r"^SECRET_KEY: .*restore"):
        secret_key(load_settings(), path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(UnusableSettingsError, match=r"^SECRET_KEY: "):
        secret_key(load_settings(), tmp_path / "data" / "secret.key")
