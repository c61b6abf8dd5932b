"""Detection, segmentation and reconstruction of pictures."""

import torch
from torch import Tensor, nn


class ConvSiLU(nn.Module):
    """Convolution, batch norm, SiLU: the unit that all of YOLOv8 is made of."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(c_out, eps=1e-3)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, c: int, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = ConvSiLU(c, c, 3)
        self.cv2 = ConvSiLU(c, c, 3)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y = self.cv2(self.cv1(x))
        return x + y if self.shortcut else y


class C2f(nn.Module):
    """Cross-stage partial block with two convolutions, every intermediate kept."""

    def __init__(self, c_in: int, c_out: int, n: int, shortcut: bool) -> None:
        super().__init__()
        self.c = c_out // 2
        self.cv1 = ConvSiLU(c_in, 2 * self.c)
        self.cv2 = ConvSiLU((2 + n) * self.c, c_out)
        self.m = nn.ModuleList(Bottleneck(self.c, shortcut) for _ in range(n))

    def forward(self, x: Tensor) -> Tensor:
        y = list(self.cv1(x).split((self.c, self.c), 1))
        for block in self.m:
            y.append(block(y[-1]))
        return self.cv2(torch.cat(y, 1))


class SPPF(nn.Module):
    """Spatial pyramid pooling, fast: three max pools in a row, all of them kept."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.cv1 = ConvSiLU(c, c // 2)
        self.cv2 = ConvSiLU(c * 2, c)
        self.m = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        y = [self.cv1(x)]
        for _ in range(3):
            y.append(self.m(y[-1]))
        return self.cv2(torch.cat(y, 1))


class Detect(nn.Module):
    """Anchor-free head: distances as distributions over 16 bins (DFL), decoded to boxes against the grid of each stride."""

    BINS = 16
    STRIDES = (8, 16, 32)

    def __init__(self, channels: tuple[int, int, int], classes: int, side: int) -> None:
        super().__init__()
        c2, c3 = 16, 16
        self.cv2 = nn.ModuleList(nn.Sequential(ConvSiLU(c, c2, 3), ConvSiLU(c2, c2, 3), nn.Conv2d(c2, 4 * self.BINS, 1)) for c in channels)
        self.cv3 = nn.ModuleList(nn.Sequential(ConvSiLU(c, c3, 3), ConvSiLU(c3, c3, 3), nn.Conv2d(c3, classes, 1)) for c in channels)
        grids, strides = [], []
        for stride in self.STRIDES:
            n = side // stride
            y, x = torch.meshgrid(torch.arange(n) + 0.5, torch.arange(n) + 0.5, indexing="ij")
            grids.append(torch.stack((x, y), 0).reshape(2, -1))
            strides.append(torch.full((1, n * n), float(stride)))
        self.register_buffer("anchors", torch.cat(grids, 1))
        self.register_buffer("strides", torch.cat(strides, 1))
        self.register_buffer("bins", torch.arange(self.BINS, dtype=torch.float32).reshape(1, self.BINS, 1, 1))

    def forward(self, features: list[Tensor]) -> Tensor:
        boxes = torch.cat([self.cv2[i](f).flatten(2) for i, f in enumerate(features)], 2)
        scores = torch.cat([self.cv3[i](f).flatten(2) for i, f in enumerate(features)], 2)
        batch, _, n = boxes.shape
        d = (boxes.reshape(batch, 4, self.BINS, n).transpose(1, 2).softmax(1) * self.bins).sum(1)
        low, high = self.anchors - d[:, :2], self.anchors + d[:, 2:]
        return torch.cat(((low + high) / 2 * self.strides, (high - low) * self.strides, scores.sigmoid()), 1)


class Yolo(nn.Module):
    """YOLOv8 at a quarter of the width of its `n`: backbone, path aggregation neck, decoupled head."""

    def __init__(self, classes: int = 8, side: int = 64) -> None:
        super().__init__()
        a, b, c, d, e = 8, 16, 24, 32, 48
        self.stem = nn.Sequential(ConvSiLU(3, a, 3, 2), ConvSiLU(a, b, 3, 2), C2f(b, b, 1, True))
        self.p3 = nn.Sequential(ConvSiLU(b, c, 3, 2), C2f(c, c, 2, True))
        self.p4 = nn.Sequential(ConvSiLU(c, d, 3, 2), C2f(d, d, 2, True))
        self.p5 = nn.Sequential(ConvSiLU(d, e, 3, 2), C2f(e, e, 1, True), SPPF(e))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.n4 = C2f(e + d, d, 1, False)
        self.n3 = C2f(d + c, c, 1, False)
        self.down3, self.m4 = ConvSiLU(c, c, 3, 2), C2f(c + d, d, 1, False)
        self.down4, self.m5 = ConvSiLU(d, d, 3, 2), C2f(d + e, e, 1, False)
        self.detect = Detect((c, d, e), classes, side)

    def forward(self, image: Tensor) -> Tensor:
        p3 = self.p3(self.stem(image))
        p4 = self.p4(p3)
        p5 = self.p5(p4)
        n4 = self.n4(torch.cat((self.up(p5), p4), 1))
        n3 = self.n3(torch.cat((self.up(n4), p3), 1))
        m4 = self.m4(torch.cat((self.down3(n3), n4), 1))
        m5 = self.m5(torch.cat((self.down4(m4), p5), 1))
        return self.detect([n3, m4, m5])


class DoubleConv(nn.Sequential):
    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
            nn.Conv2d(c_out, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True),
        )  # fmt: skip


class UNet(nn.Module):
    """Encoder and decoder with skips; one stage goes up by bilinear interpolation, the others by transposed convolution."""

    def __init__(self, classes: int = 3, width: int = 8) -> None:
        super().__init__()
        w = width
        self.inc = DoubleConv(3, w)
        self.down1, self.down2, self.down3 = DoubleConv(w, 2 * w), DoubleConv(2 * w, 4 * w), DoubleConv(4 * w, 8 * w)
        self.pool = nn.MaxPool2d(2)
        self.up3, self.dec3 = nn.ConvTranspose2d(8 * w, 4 * w, 2, 2), DoubleConv(8 * w, 4 * w)
        self.up2, self.dec2 = nn.ConvTranspose2d(4 * w, 2 * w, 2, 2), DoubleConv(4 * w, 2 * w)
        self.up1, self.dec1 = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), DoubleConv(3 * w, w)
        self.outc = nn.Conv2d(w, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        a = self.inc(image)
        b = self.down1(self.pool(a))
        c = self.down2(self.pool(b))
        d = self.down3(self.pool(c))
        c = self.dec3(torch.cat((c, self.up3(d)), 1))
        b = self.dec2(torch.cat((b, self.up2(c)), 1))
        a = self.dec1(torch.cat((a, self.up1(b)), 1))
        return self.outc(a).softmax(1)


class Autoencoder(nn.Module):
    """Convolutional autoencoder with a dense bottleneck and instance norm; gives the picture and its code."""

    def __init__(self, code: int = 32) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 12, 3, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(12, 24, 3, 2, 1), nn.InstanceNorm2d(24, affine=True), nn.LeakyReLU(0.2),
            nn.Conv2d(24, 32, 3, 2, 1), nn.PReLU(32),
        )  # fmt: skip
        self.squeeze = nn.Linear(32 * 4 * 4, code)
        self.expand = nn.Linear(code, 32 * 4 * 4)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(32, 24, 3, 2, 1, output_padding=1), nn.ELU(),
            nn.ConvTranspose2d(24, 12, 4, 2, 1), nn.GroupNorm(3, 12), nn.ReLU(),
            nn.ConvTranspose2d(12, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        code = self.squeeze(self.encoder(image).flatten(1))
        return self.decoder(self.expand(code).reshape(-1, 32, 4, 4)), code
