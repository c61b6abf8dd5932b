"""Operators of the domain `ai.utnet`: no ONNX runtime has them; utnet runs each as a WebAssembly guest.

What a guest gets are the node's inputs, in order, and nothing else. So parameters are inputs, not attributes: a trained
tensor becomes an initializer of the file.

Both round in one order only, and take nothing but multiplications, additions and a division of single floats:
what torch computes here, the guest computes bit for bit.
"""

import torch
from torch import Tensor, nn

DOMAIN = "ai.utnet"
#: Greatest inner side of `Int8Linear`: sums of that many products of two int8 fit in 32 bits.
INNER_MAX = 131_072


class PolyFunction(torch.autograd.Function):
    """`ai.utnet::Poly(x, coefficients)`: c0 + x (c1 + x (c2 + ...)), from the last coefficient inwards, rounded after each step."""

    @staticmethod
    def forward(ctx, x: Tensor, coefficients: Tensor) -> Tensor:
        ctx.save_for_backward(x, coefficients)
        y = torch.ones_like(x) * coefficients[-1]
        for c in reversed(coefficients[:-1].unbind()):
            y = y * x
            y = y + c
        return y

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, coefficients = ctx.saved_tensors
        slope, power, by_coefficient = torch.zeros_like(x), torch.ones_like(x), []
        for i in range(len(coefficients)):
            by_coefficient.append((grad * power).sum())
            if i + 1 < len(coefficients):
                slope = slope + (i + 1) * coefficients[i + 1] * power
            power = power * x
        return grad * slope, torch.stack(by_coefficient)

    @staticmethod
    def symbolic(g, x, coefficients):
        return g.op(f"{DOMAIN}::Poly", x, coefficients).setType(x.type())


class Poly(nn.Module):
    """A polynomial with trained coefficients as an activation; it starts near SiLU."""

    def __init__(self, coefficients: tuple[float, ...] = (0.0, 0.5, 0.22, 0.0)) -> None:
        super().__init__()
        if not coefficients:
            raise ValueError("a polynomial has at least one coefficient")
        self.coefficients = nn.Parameter(torch.tensor(coefficients))

    def forward(self, x: Tensor) -> Tensor:
        return PolyFunction.apply(x, self.coefficients)


class Int8LinearFunction(torch.autograd.Function):
    """`ai.utnet::Int8Linear(x, weight, x_scale, weight_scale, bias)`.

    x f32 [.., k], weight int8 [n, k], x_scale f32 [], weight_scale and bias f32 [n]. x / x_scale is rounded half to even and held
    within -127 to 127 (NaN is 0); products are summed as integers; the sum as a float times (x_scale * weight_scale), plus the bias.
    """

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, x_scale: Tensor, weight_scale: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(weight, weight_scale)
        q = torch.nan_to_num(x / x_scale, nan=0.0).round().clamp(-127, 127).to(torch.int32)
        y = (q @ weight.to(torch.int32).T).to(torch.float32) * (x_scale * weight_scale)
        return y + bias

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Straight through: as if nothing had been rounded."""
        weight, weight_scale = ctx.saved_tensors
        return grad @ (weight * weight_scale.unsqueeze(1)), None, None, None, grad.flatten(0, -2).sum(0)

    @staticmethod
    def symbolic(g, x, weight, x_scale, weight_scale, bias):
        sizes = x.type().sizes()
        kind = x.type().with_sizes([*sizes[:-1], weight.type().sizes()[0]]) if sizes is not None else x.type()
        return g.op(f"{DOMAIN}::Int8Linear", x, weight, x_scale, weight_scale, bias).setType(kind)


class Int8Linear(nn.Module):
    """A trained linear layer in int8: one scale for what comes in, one for each row of weights."""

    def __init__(self, linear: nn.Linear, largest: float) -> None:
        """`largest`: the greatest magnitude of inputs to expect; what is beyond saturates."""
        super().__init__()
        if linear.in_features > INNER_MAX:
            raise ValueError(f"the inner side is {linear.in_features}, at most {INNER_MAX} fit")
        if not largest > 0:
            raise ValueError("the greatest magnitude must be more than 0")
        weight = linear.weight.detach()
        scale = weight.abs().amax(1).clamp_min(torch.finfo(torch.float32).tiny * 128) / 127
        self.register_buffer("weight", (weight / scale.unsqueeze(1)).round().clamp(-127, 127).to(torch.int8))
        self.register_buffer("x_scale", torch.tensor(largest / 127))
        self.register_buffer("weight_scale", scale)
        bias = torch.zeros(linear.out_features) if linear.bias is None else linear.bias.detach().clone()
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        return Int8LinearFunction.apply(x, self.weight, self.x_scale, self.weight_scale, self.bias)
