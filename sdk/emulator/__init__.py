"""JoinQuant on this machine: clock, account, broker, data API, logbook, runner."""
