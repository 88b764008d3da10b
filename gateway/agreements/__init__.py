"""PAP: read, check, sign and put in force the agreements that decide what is shared."""
