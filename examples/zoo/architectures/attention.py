"""Attention with convolutions, and with experts."""

import torch
from torch import Tensor, nn


class ConformerBlock(nn.Module):
    """Half a feed-forward, attention, a gated depthwise convolution, half a feed-forward (Gulati et al. 2020)."""

    def __init__(self, width: int, heads: int, kernel: int = 7) -> None:
        super().__init__()
        self.feed1, self.feed2 = self.feed(width), self.feed(width)
        self.norm_attention, self.attention = nn.LayerNorm(width), nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm_conv = nn.LayerNorm(width)
        self.conv = nn.Sequential(
            nn.Conv1d(width, 2 * width, 1), nn.GLU(1), nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width),
            nn.GroupNorm(1, width), nn.SiLU(), nn.Conv1d(width, width, 1),
        )  # fmt: skip
        self.norm = nn.LayerNorm(width)

    @staticmethod
    def feed(width: int) -> nn.Sequential:
        return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.SiLU(), nn.Linear(3 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + 0.5 * self.feed1(x)
        y = self.norm_attention(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.conv(self.norm_conv(x).transpose(1, 2)).transpose(1, 2)
        return self.norm(x + 0.5 * self.feed2(x))


class Conformer(nn.Module):
    """Mel frames to letters: subsampled by four, two blocks, log probabilities for CTC."""

    def __init__(self, mels: int = 20, width: int = 32, letters: int = 29) -> None:
        super().__init__()
        self.subsample = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 8, 3, 2), nn.ReLU())
        self.project = nn.Linear(8 * 4, width)
        self.blocks = nn.Sequential(ConformerBlock(width, 4), ConformerBlock(width, 4))
        self.letters = nn.Linear(width, letters)

    def forward(self, mel: Tensor) -> Tensor:
        x = self.subsample(mel.unsqueeze(1))  # batch, 8, time, bands
        x = self.project(x.transpose(1, 2).flatten(2))
        return self.letters(self.blocks(x)).log_softmax(-1)


class Experts(nn.Module):
    """Mixture of experts (Mixtral's form): the two best of four per token, weights by softmax over those two."""

    def __init__(self, width: int, experts: int = 4) -> None:
        super().__init__()
        self.gate = nn.Linear(width, experts, bias=False)
        self.up = nn.Parameter(torch.randn(experts, width, 2 * width) * width**-0.5)
        self.down = nn.Parameter(torch.randn(experts, 2 * width, width) * (2 * width) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        best, which = self.gate(x).topk(2, dim=-1)
        weight = torch.zeros_like(self.gate(x)).scatter(-1, which, best.softmax(-1))
        each = torch.einsum("btw,ewh->beth", x, self.up)
        each = torch.einsum("beth,ehw->betw", nn.functional.silu(each), self.down)
        return (each * weight.permute(0, 2, 1).unsqueeze(-1)).sum(1)


class MixtureLm(nn.Module):
    """Decoder of two layers: causal attention, then experts."""

    def __init__(self, words: int = 200, width: int = 32, heads: int = 4, longest: int = 32) -> None:
        super().__init__()
        self.tokens = nn.Embedding(words, width)
        self.positions = nn.Parameter(torch.randn(longest, width) * 0.1)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.attentions = nn.ModuleList(nn.MultiheadAttention(width, heads, batch_first=True) for _ in range(2))
        self.experts = nn.ModuleList(Experts(width) for _ in range(2))
        self.out = nn.Linear(width, words)

    def forward(self, tokens: Tensor) -> Tensor:
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.positions[:length]
        mask = torch.full((length, length), float("-inf")).triu(1)
        for i, (attention, experts) in enumerate(zip(self.attentions, self.experts, strict=True)):
            y = self.norms[2 * i](x)
            x = x + attention(y, y, y, attn_mask=mask, need_weights=False)[0]
            x = x + experts(self.norms[2 * i + 1](x))
        return self.out(x)
