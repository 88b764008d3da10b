"""What people say about their own records: consents and directory opt-outs, by command, API or file."""
