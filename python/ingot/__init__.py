"""Ingot's compiled models from Python: `ingot.model` drives them, `ingot.backend` compiles and drives ONNX models."""
