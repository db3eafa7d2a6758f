"""The invoices that tests of the film know."""

from datetime import date

from messages.film.invoice import Invoice, Item, Part, itemised
from messages.film.storyboard import Speaker

SPEAKER = Speaker("Nordlicht Mobil", "030 23125 100", "https://portal.nordlicht.example", "1")
BILLED, DUE = date(2026, 11, 3), date(2026, 11, 17)

PLAIN = Invoice(
    BILLED,
    2756,
    starts_on=date(2026, 10, 1),
    ends_on=date(2026, 10, 31),
    items=(
        Item("Tarif Nordlicht M", Part.BASE, 2499),
        Item("Option Ausland", Part.EXTRA, 499),
        Item("Anrufe <ins> Ausland & zurück", Part.EXTRA, 58),
        Item("Treuerabatt", Part.DISCOUNT, -300),
    ),
    previous_cents=3108,
    due_on=DUE,
)
TOTAL_ONLY = Invoice(BILLED, 2499)
IN_CREDIT = Invoice(BILLED, -530, previous_cents=1999, due_on=DUE)


def with_fifty_lines() -> Invoice:
    """Make a bill with fifty lines, each with an amount of its own."""
    lines = [Item(f"Gespräch {n}", Part.EXTRA, 7 + 13 * n) for n in range(48)]
    items = [Item("Tarif", Part.BASE, 3999), *lines, Item("Treue", Part.DISCOUNT, -500)]
    total = sum(item.cents for item in items)
    return Invoice(BILLED, total, items=itemised(items, total))
