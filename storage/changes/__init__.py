"""What a turn changes: a decision is a list of these, applied all or none."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from storage.changes.books import Audit, Book, PutCredit
from storage.changes.feeds import PutIncident, SetWatermark
from storage.changes.inbox import Quarantine, Remember, Unquarantine
from storage.changes.journeys import (
    Append,
    ClearWake,
    PutContact,
    PutCustomer,
    PutJourney,
    PutViewing,
    SetWake,
)
from storage.changes.outbox import CancelQueued, Enqueue, Show
from storage.changes.people import (
    AnswerQuestion,
    AskQuestion,
    CloseRequest,
    CountUnfound,
    HoldWords,
    OpenRequest,
    ShowWords,
    TakeQuestion,
)
from storage.changes.reach import (
    CountStranger,
    MintLink,
    PutCode,
    RevokeLinks,
    SpendLink,
    Suppress,
    Unsuppress,
)
from storage.changes.rights import CloseBooks, DropHistory, Erase, KeepText

__all__ = [
    "AnswerQuestion",
    "Append",
    "AskQuestion",
    "Audit",
    "Book",
    "CancelQueued",
    "Change",
    "ClearWake",
    "CloseBooks",
    "CloseRequest",
    "CountStranger",
    "CountUnfound",
    "Decision",
    "DropHistory",
    "Enqueue",
    "Erase",
    "HoldWords",
    "KeepText",
    "MintLink",
    "OpenRequest",
    "PutCode",
    "PutContact",
    "PutCredit",
    "PutCustomer",
    "PutIncident",
    "PutJourney",
    "PutViewing",
    "Quarantine",
    "Remember",
    "RevokeLinks",
    "SetWake",
    "SetWatermark",
    "Show",
    "ShowWords",
    "SpendLink",
    "Suppress",
    "TakeQuestion",
    "Unquarantine",
    "Unsuppress",
]

T = TypeVar("T")

Change = (
    Remember
    | PutCustomer
    | PutContact
    | PutJourney
    | Append
    | SetWake
    | ClearWake
    | Enqueue
    | Show
    | CancelQueued
    | PutCredit
    | Book
    | Suppress
    | Unsuppress
    | MintLink
    | SpendLink
    | RevokeLinks
    | PutCode
    | PutViewing
    | SetWatermark
    | KeepText
    | OpenRequest
    | CloseRequest
    | AskQuestion
    | HoldWords
    | TakeQuestion
    | AnswerQuestion
    | ShowWords
    | CountUnfound
    | CountStranger
    | Quarantine
    | Unquarantine
    | Audit
    | PutIncident
    | Erase
    | CloseBooks
    | DropHistory
)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What a turn changes, and what its caller is told after the commit."""

    answer: T
    changes: tuple[Change, ...] = ()
