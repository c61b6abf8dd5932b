"""python -m unittest discover -s tests"""

import base64
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from utnet_torch import Int8Linear, Poly, export
from utnet_torch.operators import INNER_MAX, Int8LinearFunction, PolyFunction
from utnet_torch.train import GlyphNet, quantise

FIXTURES = Path(__file__).parents[1] / "fixtures"


class PolyTest(unittest.TestCase):
    def test_is_horner(self) -> None:
        x = torch.linspace(-3, 3, 50)
        y = PolyFunction.apply(x, torch.tensor([1.0, -2.0, 0.5]))
        torch.testing.assert_close(y, 1 - 2 * x + 0.5 * x * x)

    def test_gradients(self) -> None:
        x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
        c = torch.randn(4, dtype=torch.float64, requires_grad=True)
        self.assertTrue(torch.autograd.gradcheck(PolyFunction.apply, (x, c)))

    def test_needs_a_coefficient(self) -> None:
        with self.assertRaises(ValueError):
            Poly(())


class Int8LinearTest(unittest.TestCase):
    def test_is_near_the_layer_it_replaces(self) -> None:
        torch.manual_seed(1)
        linear = nn.Linear(64, 16)
        x = torch.randn(5, 2, 64)
        quantised = Int8Linear(linear, float(x.abs().max()))
        self.assertLess(float((quantised(x) - linear(x)).detach().abs().max()), 0.05)

    def test_rounds_half_to_even_saturates_and_takes_nan_as_zero(self) -> None:
        x = torch.tensor([[0.5, 1.5, 2.5, -0.5, 1e9, -torch.inf, torch.nan]])
        one = torch.ones(7)
        y = Int8LinearFunction.apply(x.T, torch.ones(1, 1, dtype=torch.int8), torch.tensor(1.0), one[:1], torch.zeros(1))
        self.assertEqual(y.flatten().tolist(), [0, 2, 2, 0, 127, -127, 0])

    def test_passes_gradients_straight_through(self) -> None:
        layer = Int8Linear(nn.Linear(3, 2), 1.0)
        x = torch.zeros(4, 3, requires_grad=True)
        layer(x).sum().backward()
        torch.testing.assert_close(x.grad[0], (layer.weight * layer.weight_scale.unsqueeze(1)).sum(0))

    def test_zero_weights_stay_finite(self) -> None:
        linear = nn.Linear(3, 2)
        nn.init.zeros_(linear.weight)
        self.assertTrue(torch.equal(Int8Linear(linear, 1.0)(torch.ones(1, 3)), linear.bias.unsqueeze(0)))

    def test_refuses_what_does_not_fit(self) -> None:
        with self.assertRaises(ValueError):
            Int8Linear(nn.Linear(INNER_MAX + 1, 1), 1.0)
        with self.assertRaises(ValueError):
            Int8Linear(nn.Linear(1, 1), 0.0)


class ExportTest(unittest.TestCase):
    def test_keeps_custom_operators_as_nodes(self) -> None:
        torch.manual_seed(2)
        model = GlyphNet().eval()
        model.act3 = Poly((0.1, 0.4, 0.2))  # parameters that are equal would share one initializer through Identity nodes
        quantise(model, torch.randn(2, 1, 14, 14))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.onnx"
            kinds = export(model, (torch.randn(2, 1, 14, 14),), path, inputs=["image"], outputs=["scores"], free={"image": {0: "batch"}})
            exported = onnx.load(path)
        self.assertEqual((kinds["ai.utnet::Poly"], kinds["ai.utnet::Int8Linear"]), (2, 1))
        self.assertEqual({o.domain: o.version for o in exported.opset_import}, {"": 17, "ai.utnet": 1})
        custom = [n for n in exported.graph.node if n.domain]
        # what a guest gets are inputs: nothing may hide in attributes
        self.assertEqual([len(n.attribute) for n in custom], [0, 0, 0])
        names = {t.name for t in exported.graph.initializer}
        self.assertTrue(all(set(n.input[1:]) <= names for n in custom))

    def test_a_plain_model_names_no_domain_of_ours(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.onnx"
            self.assertEqual(export(nn.Linear(2, 2), (torch.ones(1, 2),), path), {"Gemm": 1})
            self.assertEqual([o.domain for o in onnx.load(path).opset_import], [""])

    def test_refuses_an_old_opset(self) -> None:
        with self.assertRaises(ValueError):
            export(nn.Linear(2, 2), (torch.ones(1, 2),), "unused.onnx", opset=16)


class FixtureTest(unittest.TestCase):
    """The committed fixtures are what the operators here give."""

    def test_nodes(self) -> None:
        stored = json.loads((FIXTURES / "glyphs.json").read_text())
        functions = {"ai.utnet::Poly": PolyFunction, "ai.utnet::Int8Linear": Int8LinearFunction}
        kinds = {"f32": np.float32, "s8": np.int8}

        def value(t: dict) -> torch.Tensor:
            return torch.from_numpy(np.frombuffer(base64.b64decode(t["data"]), kinds[t["dtype"]]).reshape(t["shape"]).copy())

        self.assertEqual(len(stored["nodes"]), 3)
        for node in stored["nodes"]:
            y = functions[node["operator"]].apply(*(value(t) for t in node["inputs"]))
            self.assertTrue(torch.equal(y, value(node["outputs"][0])))


if __name__ == "__main__":
    unittest.main()
