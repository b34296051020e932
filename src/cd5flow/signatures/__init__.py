"""Who may sign, what was signed, and the proof of it: keys, the list of users and the ledger."""
