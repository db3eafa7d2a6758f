"""The film that explains an invoice: its storyboard, its frames, its captions and its transcript."""
