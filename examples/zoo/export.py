"""Writes models/*.onnx and zoo.json: narrow models of known architectures, seeded random weights, one file each.

    python export.py [--check] [NAME ...]

`--check` writes nothing and exits 1 where the bytes would change. The same versions (requirements.txt) on the same kind of
processor give the same bytes.
"""

import argparse
import hashlib
import json
import math
import re
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxscript
import torch
import torchvision
import transformers
from torch import nn

from entries import ENTRIES, Entry, Input

HERE = Path(__file__).parent
SEED = 20260
LARGEST = 2_000_000
PROBES = 24


def fill(given: Input, seed: int) -> torch.Tensor:
    """Values that any language makes alike: s = s * 1103515245 + 12345 mod 2^32, u = s / 2^32."""
    count = math.prod(given.shape)
    if given.fill == "mask":
        length = given.shape[-1]
        return (torch.arange(count) % length < length - length // 4).long().reshape(given.shape)
    s, values = seed, np.empty(count)
    for i in range(count):
        s = (s * 1103515245 + 12345) % 2**32
        values[i] = s / 2**32
    if given.fill == "tokens":
        return torch.from_numpy(np.floor(values * given.below).astype(np.int64)).reshape(given.shape)
    return torch.from_numpy((2 * values - 1).astype(np.float32)).reshape(given.shape)


def settle(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    """Makes a random model behave like a trained one: no layer that starts at nearly nothing, batch statistics of what really passes."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d):
                spread = module.weight[0].numel() ** -0.5
                if module.weight.std() < spread / 2:
                    module.weight.normal_(0, spread)
            if "norm" in type(module).__name__.lower() and getattr(module, "weight", None) is not None:
                module.weight.uniform_(0.5, 1.5)
                if getattr(module, "bias", None) is not None:
                    module.bias.normal_(0, 0.1)
        norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
        if norms:
            for norm in norms:
                norm.momentum = 1.0
                norm.train()
            model(*(torch.rand((8, *x.shape[1:])) * 2 - 1 for x in inputs))
            model.eval()


def export(entry: Entry, path: Path) -> tuple[torch.Tensor, ...]:
    """Builds and exports one model; gives what torch computes of the inputs that `fill` makes."""
    torch.manual_seed(SEED)
    model = entry.build().eval()
    inputs = tuple(fill(given, i + 1) for i, given in enumerate(entry.inputs))
    settle(model, inputs)
    names = {"input_names": [i.name for i in entry.inputs], "output_names": list(entry.outputs)}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        if entry.exporter == "dynamo":
            torch.onnx.export(
                model, inputs, path, dynamo=True, opset_version=entry.opset, external_data=False, optimize=True, verbose=False, **names
            )
        else:
            free = {name: dict(axes) for name, axes in entry.free.items()}
            kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if entry.keep_norms else {}
            torch.onnx.export(model, inputs, str(path), dynamo=False, opset_version=entry.opset, dynamic_axes=free, **kept, **names)
        outputs = model(*inputs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def plain(path: Path) -> onnx.ModelProto:
    """Drops what the exporter says of its own run (stack traces, source lines): bytes that depend on where the script stands."""
    model = onnx.load(path)
    model.doc_string = ""
    del model.metadata_props[:]
    graphs = [model.graph, *model.functions]
    while graphs:
        graph = graphs.pop()
        graph.doc_string = ""
        del graph.metadata_props[:]
        for value in [*graph.value_info, *getattr(graph, "input", []), *getattr(graph, "output", []), *getattr(graph, "initializer", [])]:
            if hasattr(value, "doc_string"):
                value.doc_string = ""
                del value.metadata_props[:]
        for node in graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
            graphs += [a.g for a in node.attribute if a.HasField("g")]
    onnx.checker.check_model(model, full_check=True)
    return model


def operators(model: onnx.ModelProto) -> dict[str, int]:
    """Nodes by operator, those of subgraphs too; weights that stand as Constant nodes are not counted."""
    count: Counter[str] = Counter()
    graphs = [model.graph]
    while graphs:
        for node in graphs.pop().node:
            if node.op_type != "Constant":
                count[f"{node.domain}::{node.op_type}" if node.domain else node.op_type] += 1
            graphs += [a.g for a in node.attribute if a.HasField("g")]
    return dict(sorted(count.items(), key=lambda kind: (-kind[1], kind[0])))


def probe(name: str, value: torch.Tensor) -> dict[str, object]:
    """An output as torch computes it: its size, and elements at even distances."""
    flat = value.detach().flatten().double()
    if not torch.isfinite(flat).all():
        raise ValueError(f"output {name} is not finite")
    at = [i * flat.numel() // PROBES for i in range(PROBES)] if flat.numel() > PROBES else list(range(flat.numel()))
    return {
        "name": name,
        "shape": list(value.shape),
        "largest": float(f"{flat.abs().max():.6g}"),
        "at": at,
        "values": [float(f"{flat[i]:.7g}") for i in at],
    }


def describe(entry: Entry, model: onnx.ModelProto, data: bytes, outputs: tuple[torch.Tensor, ...]) -> dict[str, object]:
    kinds = operators(model)
    return {
        "name": entry.name,
        "architecture": entry.architecture,
        "exporter": entry.exporter,
        "opset": entry.opset,
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "inputs": [
            {"name": i.name, "dtype": "f32" if i.fill == "uniform" else "s64", "shape": list(i.shape), "fill": i.fill}
            | ({"below": i.below} if i.fill == "tokens" else {})
            | ({"free": {str(axis): side for axis, side in entry.free[i.name].items()}} if i.name in entry.free else {})
            for i in entry.inputs
        ],
        "outputs": [probe(name, value) for name, value in zip(entry.outputs, outputs, strict=True)],
        "nodes": sum(kinds.values()),
        "operators": kinds,
    }


def make(entry: Entry) -> tuple[bytes, dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        outputs = export(entry, path)
        model = plain(path)
    data = model.SerializeToString(deterministic=True)
    if len(data) > LARGEST:
        raise ValueError(f"{entry.name} has {len(data)} bytes, more than {LARGEST}")
    opset = next(o.version for o in model.opset_import if o.domain == "")
    if opset != entry.opset:
        raise ValueError(f"{entry.name} has opset {opset}, not {entry.opset}")
    return data, describe(entry, model, data, outputs)


def text(zoo: dict[str, object]) -> str:
    """JSON with lists of numbers on one line."""
    return (
        re.sub(r"\[[-\d.e,\s]+\]", lambda m: re.sub(r"\s+", " ", m[0]).replace("[ ", "[").replace(" ]", "]"), json.dumps(zoo, indent=2))
        + "\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    wrong = set(args.names) - {e.name for e in ENTRIES}
    if wrong:
        parser.error(f"there is no {', '.join(sorted(wrong))}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.backends.mha.set_fastpath_enabled(False)  # one fused operator that no exporter knows
    transformers.logging.set_verbosity_error()
    index = HERE / "zoo.json"
    known = {m["name"]: m for m in json.loads(index.read_text())["models"]} if index.exists() else {}
    changed = []
    for entry in ENTRIES:
        if args.names and entry.name not in args.names:
            continue
        data, described = make(entry)
        path = HERE / "models" / f"{entry.name}.onnx"
        same = path.exists() and path.read_bytes() == data
        if not same:
            changed.append(entry.name)
        print(f"{entry.name:18} {len(data):8} bytes, {described['nodes']:4} nodes{'' if same else ', changed'}", flush=True)
        if not args.check:
            path.write_bytes(data)
            known[entry.name] = described
    if args.check:
        return 1 if changed else 0
    versions = {m.__name__: m.__version__.partition("+")[0] for m in (torch, torchvision, transformers, onnx, onnxscript, np)}
    zoo = {"seed": SEED, "versions": versions, "models": [known[e.name] for e in ENTRIES if e.name in known]}
    index.write_text(text(zoo))
    return 0


if __name__ == "__main__":
    sys.exit(main())
