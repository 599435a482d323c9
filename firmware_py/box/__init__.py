"""The box as an appliance: what it tells systemd, what it watches over, how it is installed."""
