"""The ground floor: the one numeric and textual definition, in code that runs on JoinQuant's Python 3.6."""
