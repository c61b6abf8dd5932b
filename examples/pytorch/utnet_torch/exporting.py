"""Export with the settings that utnet wants: one file, traced, weights as initializers, nothing of the exporting machine in it."""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from .operators import DOMAIN

OPSET = 17


def export(
    model: nn.Module,
    args: tuple[Tensor, ...],
    path: str | PathLike[str],
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    free: Mapping[str, Mapping[int, str]] | None = None,
    opset: int = OPSET,
) -> dict[str, int]:
    """Writes `model` to `path`; gives how many nodes of each operator the file has, `ai.utnet::Poly` among them.

    `args` are example inputs, `free` names dimensions that may differ from theirs: `{"image": {0: "batch"}}`.
    Raises ValueError for an opset below 17 and for a model that would need a second file.
    """
    if opset < OPSET:
        raise ValueError(f"the opset is {opset}, at least {OPSET} is needed")
    path = Path(path)
    was_training = model.training
    model.eval()
    try:
        torch.onnx.export(
            model, args, str(path), dynamo=False, opset_version=opset, input_names=list(inputs), output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in (free or {}).items()}, custom_opsets={DOMAIN: 1},
        )  # fmt: skip
    finally:
        model.train(was_training)
    exported = onnx.load(path, load_external_data=False)
    if any(t.external_data for t in exported.graph.initializer):
        raise ValueError("the model is too large for one file")
    for node in exported.graph.node:
        node.doc_string = ""
    if not any(node.domain == DOMAIN for node in exported.graph.node):
        used = [o for o in exported.opset_import if o.domain != DOMAIN]
        del exported.opset_import[:]
        exported.opset_import.extend(used)
    onnx.checker.check_model(exported)
    path.write_bytes(exported.SerializeToString(deterministic=True))
    kinds: dict[str, int] = {}
    for node in exported.graph.node:
        kind = f"{node.domain}::{node.op_type}" if node.domain else node.op_type
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds
