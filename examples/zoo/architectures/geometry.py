"""Points and warped pictures."""

import torch
from torch import Tensor, nn


class Dgcnn(nn.Module):
    """Dynamic graph CNN (Wang et al. 2019): edges to the nearest neighbours in feature space, the greatest answer of each neighbourhood."""

    def __init__(self, neighbours: int = 6, classes: int = 8) -> None:
        super().__init__()
        self.k = neighbours
        self.conv1 = nn.Sequential(nn.Conv2d(6, 16, 1, bias=False), nn.BatchNorm2d(16), nn.LeakyReLU(0.2))
        self.conv2 = nn.Sequential(nn.Conv2d(32, 32, 1, bias=False), nn.BatchNorm2d(32), nn.LeakyReLU(0.2))
        self.out = nn.Linear(96, classes)

    def edges(self, x: Tensor) -> Tensor:
        """Features f32 [b, c, n] give [b, 2c, n, k]: to each neighbour the difference, and the point itself."""
        batch, c, n = x.shape
        square = (x * x).sum(1, keepdim=True)
        closeness = 2 * x.transpose(1, 2) @ x - square - square.transpose(1, 2)
        nearest = closeness.topk(self.k, dim=-1).indices.reshape(batch, 1, n * self.k).expand(batch, c, n * self.k)
        there = torch.gather(x, 2, nearest).reshape(batch, c, n, self.k)
        here = x.unsqueeze(3).expand(batch, c, n, self.k)
        return torch.cat((there - here, here), 1)

    def forward(self, points: Tensor) -> Tensor:
        a = self.conv1(self.edges(points)).amax(3)
        b = self.conv2(self.edges(a)).amax(3)
        x = torch.cat((a, b), 1)
        return self.out(torch.cat((x.amax(2), x.mean(2)), 1))


class SpatialTransformer(nn.Module):
    """Spatial transformer network (Jaderberg et al. 2015): a picture is sampled along the affine map that a small network finds."""

    def __init__(self, side: int = 28, classes: int = 10) -> None:
        super().__init__()
        self.localisation = nn.Sequential(nn.Conv2d(1, 8, 7), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(8, 10, 5), nn.MaxPool2d(2), nn.ReLU())
        self.map = nn.Sequential(nn.Linear(10 * 3 * 3, 32), nn.ReLU(), nn.Linear(32, 6))
        line = (torch.arange(side) + 0.5) * 2 / side - 1
        y, x = torch.meshgrid(line, line, indexing="ij")
        self.register_buffer("grid", torch.stack((x, y, torch.ones_like(x)), -1).reshape(-1, 3))
        self.features = nn.Sequential(nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU())
        self.out = nn.Linear(20 * 4 * 4, classes)

    def forward(self, image: Tensor) -> Tensor:
        side = image.shape[-1]
        theta = self.map(self.localisation(image).flatten(1)).reshape(-1, 2, 3) * 0.1 + torch.eye(2, 3)
        grid = (self.grid @ theta.transpose(1, 2)).reshape(-1, side, side, 2)
        warped = nn.functional.grid_sample(image, grid, align_corners=False)
        return self.out(self.features(warped).flatten(1)).log_softmax(-1)


class Espcn(nn.Module):
    """Sub-pixel super-resolution (Shi et al. 2016): three times the sides, from channels to space."""

    def __init__(self, scale: int = 3) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 24, 5, padding=2), nn.Conv2d(24, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, scale * scale, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.tanh(self.conv2(torch.tanh(self.conv1(image))))
        return self.shuffle(self.conv3(x)).clamp(0, 1)
