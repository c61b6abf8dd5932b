"""Trains a small picture classifier, exports it with two custom operators inside, and writes what it answers.

    python -m utnet_torch.train FOLDER

FOLDER/glyphs.onnx is the model. FOLDER/glyphs.json has inputs with torch's outputs, for the model and for each custom node alone;
data is base64 of little-endian bytes. Seeded: the same versions on the same kind of processor write the same files.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from .exporting import export
from .glyphs import SIDE, pictures
from .operators import DOMAIN, Int8Linear, Poly

SEED = 4
DTYPES = {torch.float32: ("f32", "<f4"), torch.int8: ("s8", "<i1"), torch.int64: ("s64", "<i8")}


class GlyphNet(nn.Module):
    """Two convolutions, the first under a trained polynomial, and two linear layers, of which the wide one turns int8 after training."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1, self.act1 = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), Poly()
        self.conv2, self.act2 = nn.Conv2d(8, 16, 3, padding=1), nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        side = SIDE // 4
        self.wide: nn.Module = nn.Linear(16 * side * side, 32)
        self.act3 = Poly()
        self.out = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool(self.act1(self.norm1(self.conv1(image))))
        x = self.pool(self.act2(self.conv2(x)))
        return self.out(self.act3(self.wide(x.flatten(1)))).softmax(-1)


def train(model: GlyphNet, images: Tensor, digits: Tensor, random: torch.Generator) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(12):
        for batch in torch.randperm(len(images), generator=random).split(64):
            loss = nn.functional.nll_loss(torch.log(model(images[batch]) + 1e-9), digits[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    model.eval()


def quantise(model: GlyphNet, images: Tensor) -> None:
    """The wide layer in int8; the scale of its inputs is what `images` make of them at most."""
    largest = 0.0

    def watch(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
        nonlocal largest
        largest = max(largest, float(given[0].abs().max()))

    assert isinstance(model.wide, nn.Linear)
    hook = model.wide.register_forward_pre_hook(watch)
    with torch.no_grad():
        model(images)
    hook.remove()
    model.wide = Int8Linear(model.wide, largest)


def tensor(name: str, value: Tensor) -> dict[str, object]:
    dtype, kind = DTYPES[value.dtype]
    data = value.detach().numpy().astype(kind).tobytes()
    return {"name": name, "dtype": dtype, "shape": list(value.shape), "data": base64.b64encode(data).decode()}


def answers(model: GlyphNet, images: Tensor) -> dict[str, object]:
    """Inputs and outputs of the model, and of each custom operator within that run."""
    nodes: list[dict[str, object]] = []

    def record(module: nn.Module, given: tuple[Tensor, ...], y: Tensor) -> None:
        if isinstance(module, Poly):
            inputs = {"x": given[0], "coefficients": module.coefficients}
        else:
            assert isinstance(module, Int8Linear)
            inputs = {
                "x": given[0],
                "weight": module.weight,
                "x_scale": module.x_scale,
                "weight_scale": module.weight_scale,
                "bias": module.bias,
            }
        operator = f"{DOMAIN}::{type(module).__name__}"
        nodes.append({"operator": operator, "inputs": [tensor(n, v) for n, v in inputs.items()], "outputs": [tensor("y", y)]})

    hooks = [m.register_forward_hook(record) for m in model.modules() if isinstance(m, Poly | Int8Linear)]
    with torch.no_grad():
        scores = model(images)
    for hook in hooks:
        hook.remove()
    return {"inputs": [tensor("image", images)], "outputs": [tensor("scores", scores)], "nodes": nodes}


def accuracy(model: nn.Module, images: Tensor, digits: Tensor) -> float:
    with torch.no_grad():
        return float((model(images).argmax(1) == digits).float().mean())


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    random = torch.Generator().manual_seed(SEED)
    images, digits = pictures(3000, random)
    held_images, held_digits = pictures(500, random)
    model = GlyphNet()
    before = accuracy(model.eval(), held_images, held_digits)
    train(model, images, digits, random)
    trained = accuracy(model, held_images, held_digits)
    quantise(model, images)
    after = accuracy(model, held_images, held_digits)
    folder.mkdir(parents=True, exist_ok=True)
    shown = held_images[:3]
    kinds = export(
        model, (shown,), folder / "glyphs.onnx", inputs=["image"], outputs=["scores"], free={"image": {0: "batch"}, "scores": {0: "batch"}}
    )
    about = {
        "seed": SEED,
        "versions": {m.__name__: m.__version__.partition("+")[0] for m in (torch, np)},
        "accuracy": {name: round(share, 4) for name, share in (("untrained", before), ("trained", trained), ("int8", after))},
        "digits": held_digits[:3].tolist(),
        "operators": kinds,
    }
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in (about | answers(model, shown)).items()]
    (folder / "glyphs.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{folder / 'glyphs.onnx'}: {before:.3f} right before training, {trained:.3f} after, {after:.3f} in int8; {kinds}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m utnet_torch.train FOLDER")
    main(Path(sys.argv[1]))
