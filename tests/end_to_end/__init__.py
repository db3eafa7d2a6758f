"""The bot as whole processes, seen from outside: the sandbox by its doors, the rest by fakes."""
