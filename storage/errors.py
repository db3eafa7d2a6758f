"""What can go wrong with the database, by what it means for the caller."""


class StorageError(Exception):
    """The database cannot be used."""

    def __str__(self) -> str:
        return super().__str__() or self.__doc__ or ""


class OverloadedError(StorageError):
    """Too many turns are waiting; try again in a moment."""


class ClosedError(StorageError):
    """The store is closed."""


class NewerDatabaseError(StorageError):
    """The database was written by a newer version of this program."""


class AddressTakenError(StorageError):
    """One of these addresses is another customer's already."""


class UnbalancedError(StorageError):
    """The entries of a ledger transaction must add up to zero."""
