"""The search for formulas: policy network, learning loop, run directories."""
