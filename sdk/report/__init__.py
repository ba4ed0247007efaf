"""HTML pages made from a run directory."""
