"""What people may ask of us about their data: to see it, to have it, to have it erased."""
