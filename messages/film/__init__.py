"""The film that explains an invoice: its storyboard, frames, captions and transcript."""
