"""The commands, a module each: they ask the house, and show what it answers."""
