"""Pictures to learn from, drawn here: the ten digits of a seven-segment display, shifted, dimmed and noisy."""

import torch
from torch import Tensor

SIDE = 14
#: Segments a to g of each digit.
DIGITS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
#: Row, column, height and width of each segment.
SEGMENTS = {
    "a": (0, 1, 1, 4),
    "b": (1, 5, 3, 1),
    "c": (5, 5, 3, 1),
    "d": (8, 1, 1, 4),
    "e": (5, 0, 3, 1),
    "f": (1, 0, 3, 1),
    "g": (4, 1, 1, 4),
}


def draw(digit: int) -> Tensor:
    glyph = torch.zeros(9, 6)
    for segment in DIGITS[digit]:
        row, column, height, width = SEGMENTS[segment]
        glyph[row : row + height, column : column + width] = 1
    return glyph


def pictures(count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Images f32 [count, 1, 14, 14] and their digits, int64 [count]."""
    digits = torch.randint(10, (count,), generator=random)
    images = torch.zeros(count, 1, SIDE, SIDE)
    for image, digit in zip(images, digits.tolist(), strict=True):
        row = int(torch.randint(SIDE - 9 + 1, (), generator=random))
        column = int(torch.randint(SIDE - 6 + 1, (), generator=random))
        image[0, row : row + 9, column : column + 6] = draw(digit) * (0.5 + 0.5 * torch.rand((), generator=random))
    return images + 0.15 * torch.randn(images.shape, generator=random), digits
