"""The office: where managers work by chat."""
