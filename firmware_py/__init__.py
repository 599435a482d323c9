"""The instrument: ports, ledger, schedule, modes and the link to the brain. Never imports torch."""

__version__ = "0.1.0"
