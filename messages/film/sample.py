"""The sample bill, for the general film and for whoever has no bill that could be read."""

from datetime import date

from messages.film.invoice import Invoice, Item, Part

# The names are keys of [sample] in each language's film.toml.
SAMPLE = Invoice(
    billed_on=date(2026, 10, 3),
    cents=3234,
    starts_on=date(2026, 9, 1),
    ends_on=date(2026, 9, 30),
    items=(
        Item("base", Part.BASE, 2499),
        Item("option", Part.EXTRA, 499),
        Item("calls", Part.EXTRA, 387),
        Item("service", Part.EXTRA, 149),
        Item("loyalty", Part.DISCOUNT, -300),
    ),
    previous_cents=2698,
    due_on=date(2026, 10, 17),
    is_sample=True,
)
