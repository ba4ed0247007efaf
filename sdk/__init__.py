"""What a researcher imports. Importing this package loads neither torch nor onnx."""

__version__ = "0.1.0"
