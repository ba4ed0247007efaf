"""From scores to figures: portfolios, rewards, the statistics of a run."""
