"""The instrument: ports, ledger, schedule, modes and the link to the brain. Never imports torch."""
