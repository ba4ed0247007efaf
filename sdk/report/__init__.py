"""From a run directory to a page: the readers of the platform's files, and `report.html`."""
