"""Deep learning recommendation model (Naumov et al. 2019): dense features, categories, pairwise dot interactions."""

import torch
from torch import Tensor, nn


class Dlrm(nn.Module):
    def __init__(self, dense: int = 13, sizes: tuple[int, ...] = (400, 300, 300, 200, 200), width: int = 16) -> None:
        super().__init__()
        self.bottom = nn.Sequential(nn.Linear(dense, 64), nn.ReLU(), nn.Linear(64, width), nn.ReLU())
        self.embeddings = nn.ModuleList(nn.Embedding(size, width) for size in sizes)
        features = len(sizes) + 1
        row, column = torch.tril_indices(features, features, offset=-1)
        self.register_buffer("pairs", row * features + column)
        self.top = nn.Sequential(
            nn.Linear(width + features * (features - 1) // 2, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, dense: Tensor, categories: Tensor) -> Tensor:
        x = self.bottom(dense)
        rows = [x] + [table(categories[:, i]) for i, table in enumerate(self.embeddings)]
        t = torch.stack(rows, 1)
        dots = torch.bmm(t, t.transpose(1, 2)).flatten(1).index_select(1, self.pairs)
        return torch.sigmoid(self.top(torch.cat((x, dots), 1)))
