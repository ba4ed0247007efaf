"""The researcher's view of formulas: objects, files, whole-panel evaluation."""
