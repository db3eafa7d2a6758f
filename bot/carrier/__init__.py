"""The operator's side: credits are booked there, and what happens there is reported to us."""
