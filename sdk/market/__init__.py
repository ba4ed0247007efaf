"""Market data: the Parquet bundle, panels read from it, the calendar, checks and a made market."""
