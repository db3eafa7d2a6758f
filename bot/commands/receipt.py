"""`receipt`: tells whether the receipt of a consent is genuine."""

from pathlib import Path

from bot.commands.refusal import RefusedError
from bot.turns.consent_receipt import UnfitReceiptError, check_receipt

_MOST_BYTES = 1_000_000  # a receipt has about two thousand


def check(file: Path, public_key: str) -> str:
    """Check a receipt against a key; gives what it says, raises RefusedError if it does not fit."""
    try:
        text = file.read_bytes()[:_MOST_BYTES].decode("utf-8")
        check_receipt(text, public_key)
    except OSError as error:
        raise RefusedError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RefusedError(f"{file}: is not text in UTF-8") from None
    except UnfitReceiptError as error:
        raise RefusedError(f"{file}: {error}") from None
    facts = text.partition("\n\n")[0].partition("\n---")[0]
    return f"This receipt is genuine, not a character of it was altered.\n{facts}"
