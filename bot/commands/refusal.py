"""How a command says that it cannot do what it was asked."""


class RefusedError(Exception):
    """A request failed; the message is the one line that says why."""
