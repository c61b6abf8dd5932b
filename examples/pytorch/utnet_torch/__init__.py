"""PyTorch models for utnet: `export` writes the ONNX file, `Poly` and `Int8Linear` are operators that run there as guests."""

from .exporting import export
from .operators import DOMAIN, Int8Linear, Poly

__all__ = ["DOMAIN", "Int8Linear", "Poly", "export"]
