"""Platform download × local run → first difference, cause, verdict."""
