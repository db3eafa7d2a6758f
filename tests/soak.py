"""How often what repeats is repeated: `make test` once, `make soak` SOAK times as often."""

import os

SOAK = int(os.environ.get("SOAK", "1"))  # noqa: TID251  the one count, handed in by make
