"""Broadcasting: managers' messages to many, from the draft to the last recipient."""
