"""A repaired formula becomes model.onnx, one readable strategy.py and a manifest that says what was verified."""
