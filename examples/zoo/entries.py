"""What the zoo holds: a model, its inputs, and how it is exported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import nn

from architectures import library
from architectures.attention import Conformer, MixtureLm
from architectures.geometry import Dgcnn, Espcn, SpatialTransformer
from architectures.recommender import Dlrm
from architectures.sequence import GruKeyword, LstmTagger, Tcn, TinyTransformer
from architectures.vision import Autoencoder, UNet, Yolo


@dataclass(frozen=True)
class Input:
    name: str
    shape: tuple[int, ...]
    #: `uniform`: f32 in [-1, 1); `tokens`: s64 in [0, below); `mask`: s64, ones but for the last quarter of each row.
    fill: Literal["uniform", "tokens", "mask"] = "uniform"
    below: int = 0


@dataclass(frozen=True)
class Entry:
    name: str
    architecture: str
    build: Callable[[], nn.Module]
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    opset: int = 17
    #: `torchscript` traces, `dynamo` is torch.export.
    exporter: Literal["torchscript", "dynamo"] = "torchscript"
    #: Names of free dimensions by input: {"image": {0: "batch"}}. The classic exporter only.
    free: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    #: Batch norms stay nodes of their own; otherwise the exporter folds them into convolutions.
    keep_norms: bool = False


def image(side: int) -> Input:
    return Input("image", (1, 3, side, side))


def tokens(length: int, below: int, name: str = "tokens") -> Input:
    return Input(name, (1, length), "tokens", below)


BATCH = {0: "batch"}
TEXT = {0: "batch", 1: "length"}

ENTRIES = (
    Entry("resnet18", "ResNet-18", library.resnet18, (image(64),), ("logits",), free={"image": BATCH}),
    Entry("mobilenet-v3", "MobileNetV3-Small", library.mobilenet_v3, (image(64),), ("logits",)),
    Entry("efficientnet", "EfficientNet-B0", library.efficientnet, (image(64),), ("logits",), opset=18),
    Entry("convnext", "ConvNeXt", library.convnext, (image(64),), ("logits",), opset=20),
    Entry("yolo", "YOLOv8", Yolo, (image(64),), ("predictions",)),
    Entry("unet", "U-Net", UNet, (image(32),), ("mask",), keep_norms=True, free={"image": BATCH}),
    Entry("autoencoder", "convolutional autoencoder", Autoencoder, (image(32),), ("picture", "code"), opset=18, exporter="dynamo"),
    Entry("vit", "ViT", library.vit, (image(32),), ("logits",), opset=18, exporter="dynamo"),
    Entry("swin", "Swin Transformer", library.swin, (image(32),), ("logits",)),
    Entry(
        "bert",
        "BERT encoder",
        library.bert,
        (tokens(24, 500), Input("mask", (1, 24), "mask"), tokens(24, 2, "segments")),
        ("hidden", "pooled"),
        free={n: TEXT for n in ("tokens", "mask", "segments")},
    ),
    Entry("gpt2", "GPT-2 decoder", library.gpt2, (tokens(24, 300),), ("logits",)),
    Entry("llama", "LLaMA decoder", library.llama, (tokens(24, 300),), ("logits",), opset=20, exporter="dynamo"),
    Entry("llama-23", "LLaMA decoder", library.llama, (tokens(24, 300),), ("logits",), opset=23, exporter="dynamo"),
    Entry(
        "t5",
        "T5 encoder and decoder",
        library.t5,
        (tokens(20, 400), Input("mask", (1, 20), "mask"), tokens(12, 400, "decoder")),
        ("logits",),
    ),
    Entry(
        "whisper",
        "Whisper encoder and decoder",
        library.whisper,
        (Input("mel", (1, 40, 100)), tokens(12, 400, "decoder")),
        ("logits", "audio"),
    ),
    Entry(
        "clip",
        "CLIP text and vision",
        library.clip,
        (Input("tokens", (2, 16), "tokens", 400), image(32), Input("mask", (2, 16), "mask")),
        ("scores", "text", "picture"),
        opset=18,
        exporter="dynamo",
    ),
    Entry("lstm-tagger", "bidirectional LSTM tagger", LstmTagger, (tokens(20, 400),), ("tags",), free={"tokens": {1: "length"}}),
    Entry(
        "gru-keyword",
        "CRNN keyword spotter (GRU)",
        GruKeyword,
        (Input("mel", (1, 20, 60)), Input("state", (2, 1, 48))),
        ("keywords", "next-state"),
    ),
    Entry("tcn", "temporal convolutional network", Tcn, (Input("series", (1, 4, 64)),), ("mean", "scale"), opset=18, exporter="dynamo"),
    Entry(
        "dlrm",
        "DLRM recommender",
        Dlrm,
        (Input("dense", (4, 13)), Input("categories", (4, 5), "tokens", 200)),
        ("click",),
        free={"dense": BATCH, "categories": BATCH},
    ),
    Entry("shufflenet-v2", "ShuffleNetV2", library.shufflenet, (image(64),), ("logits",), opset=19),
    Entry("conformer", "Conformer", Conformer, (Input("mel", (1, 64, 20)),), ("letters",)),
    Entry("mixture", "mixture of experts decoder", MixtureLm, (tokens(16, 200),), ("logits",)),
    Entry("dgcnn", "DGCNN (point clouds)", Dgcnn, (Input("points", (1, 3, 48)),), ("logits",)),
    Entry(
        "spatial-transformer", "spatial transformer network", SpatialTransformer, (Input("image", (2, 1, 28, 28)),), ("scores",), opset=20
    ),
    Entry(
        "espcn",
        "ESPCN super-resolution",
        Espcn,
        (Input("image", (1, 1, 24, 24)),),
        ("picture",),
        free={"image": {0: "batch", 2: "height", 3: "width"}},
    ),
    Entry("tiny-transformer", "transformer encoder", TinyTransformer, (tokens(16, 256),), ("classes",), free={"tokens": TEXT}),
)
