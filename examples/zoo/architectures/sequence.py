"""Sequences without attention, and the tiny transformer."""

import torch
from torch import Tensor, nn


class LstmTagger(nn.Module):
    """Embedding, two bidirectional LSTM layers, a tag per token."""

    def __init__(self, words: int = 400, tags: int = 9) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 32)
        self.lstm = nn.LSTM(32, 40, num_layers=2, bidirectional=True, batch_first=True)
        self.tag = nn.Linear(80, tags)

    def forward(self, tokens: Tensor) -> Tensor:
        hidden, _ = self.lstm(self.embedding(tokens))
        return self.tag(hidden).log_softmax(-1)


class GruKeyword(nn.Module):
    """CRNN keyword spotter: a strided convolution over mel bands, two GRU layers, attention over time; state in, state out."""

    def __init__(self, mels: int = 20, keywords: int = 6) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, (5, 8), (2, 4))
        self.gru = nn.GRU(8 * 8, 48, num_layers=2, batch_first=True)
        self.score = nn.Linear(48, 1)
        self.out = nn.Linear(48, keywords)

    def forward(self, mel: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.conv(mel.unsqueeze(1)))  # batch, 8, bands, time
        x = x.permute(0, 3, 1, 2).flatten(2)
        hidden, state = self.gru(x, state)
        weight = self.score(hidden).softmax(1)
        return self.out((hidden * weight).sum(1)).softmax(-1), state


class TemporalBlock(nn.Module):
    """Two dilated causal convolutions and a residual (Bai, Kolter, Koltun 2018)."""

    def __init__(self, c_in: int, c_out: int, kernel: int, dilation: int) -> None:
        super().__init__()
        pad = (kernel - 1) * dilation
        self.net = nn.Sequential(
            nn.ConstantPad1d((pad, 0), 0.0), nn.Conv1d(c_in, c_out, kernel, dilation=dilation), nn.ReLU(),
            nn.ConstantPad1d((pad, 0), 0.0), nn.Conv1d(c_out, c_out, kernel, dilation=dilation), nn.ReLU(),
        )  # fmt: skip
        self.downsample = nn.Conv1d(c_in, c_out, 1) if c_in != c_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.net(x) + self.downsample(x))


class Tcn(nn.Module):
    """Temporal convolutional forecaster: dilations 1 to 16, the next 12 values and a scale that is positive."""

    def __init__(self, channels: int = 4, width: int = 32, horizon: int = 12) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(TemporalBlock(channels if i == 0 else width, width, 3, 2**i) for i in range(5)))
        self.mean = nn.Linear(width, horizon)
        self.scale = nn.Linear(width, horizon)

    def forward(self, series: Tensor) -> tuple[Tensor, Tensor]:
        last = self.blocks(series)[:, :, -1]
        return self.mean(last), nn.functional.softplus(self.scale(last))


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class TinyTransformer(nn.Module):
    """Token and position embeddings, two pre-norm layers, one class of the mean. Positions are a range, as exporters see them."""

    def __init__(self, words: int = 256, longest: int = 64, width: int = 48, heads: int = 4, classes: int = 8) -> None:
        super().__init__()
        self.tokens = nn.Embedding(words, width)
        self.positions = nn.Embedding(longest, width)
        self.layers = nn.Sequential(Layer(width, heads), Layer(width, heads))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        at = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.layers(self.tokens(tokens) + self.positions(at))
        return self.head(self.norm(x).mean(1)).softmax(-1)
