"""Architectures as torchvision and transformers have them, in narrow configurations; tensors in, tensors out."""

from collections.abc import Callable

import transformers as hf
from torch import Tensor, nn
from torchvision import models as tv
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.efficientnet import MBConvConfig


class Call(nn.Module):
    """A library's model under a plain signature: `call` names its arguments and picks the tensors out of what it returns."""

    def __init__(self, model: nn.Module, call: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.model = model
        self.call = call

    def forward(self, *tensors: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.call(self.model, *tensors)


def resnet18() -> nn.Module:
    config = hf.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 32, 64], depths=[2, 2, 2, 2], layer_type="basic", num_labels=10)
    return Call(hf.ResNetForImageClassification(config), lambda m, image: m(image).logits)


def mobilenet_v3() -> nn.Module:
    return tv.mobilenet_v3_small(width_mult=0.35, num_classes=10)


def efficientnet() -> nn.Module:
    """The seven stages of B0 at a quarter of its width, one block each where B0 has up to four."""
    stages = [
        (1, 3, 1, 32, 16),
        (6, 3, 2, 16, 24),
        (6, 5, 2, 24, 40),
        (6, 3, 2, 40, 80),
        (6, 5, 1, 80, 112),
        (6, 5, 2, 112, 192),
        (6, 3, 1, 192, 320),
    ]
    blocks = [
        MBConvConfig(ratio, kernel, stride, c_in, c_out, 2 if stride == 1 and ratio == 6 else 1, 0.25, 0.5)
        for ratio, kernel, stride, c_in, c_out in stages
    ]
    return tv.EfficientNet(blocks, dropout=0.0, num_classes=10, last_channel=128)


def convnext() -> nn.Module:
    return tv.ConvNeXt(
        [CNBlockConfig(16, 32, 2), CNBlockConfig(32, 64, 2), CNBlockConfig(64, 80, 2), CNBlockConfig(80, None, 1)],
        layer_scale=0.5,
        num_classes=10,
    )


def vit() -> nn.Module:
    return tv.VisionTransformer(image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=64, mlp_dim=192, num_classes=10)


def swin() -> nn.Module:
    return tv.SwinTransformer(patch_size=[4, 4], embed_dim=24, depths=[2, 2], num_heads=[2, 4], window_size=[4, 4], num_classes=10)


def shufflenet() -> nn.Module:
    return tv.ShuffleNetV2([2, 3, 2], [8, 16, 32, 48, 96], num_classes=10)


def bert() -> nn.Module:
    config = hf.BertConfig(
        vocab_size=500,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=192,
        max_position_embeddings=64,
        initializer_range=0.12,
        attn_implementation="eager",
    )

    def call(m: nn.Module, tokens: Tensor, mask: Tensor, segments: Tensor) -> tuple[Tensor, ...]:
        out = m(input_ids=tokens, attention_mask=mask, token_type_ids=segments)
        return out.last_hidden_state, out.pooler_output

    return Call(hf.BertModel(config), call)


def gpt2() -> nn.Module:
    config = hf.GPT2Config(
        vocab_size=300, n_positions=64, n_embd=64, n_layer=3, n_head=4, initializer_range=0.12, use_cache=False, attn_implementation="eager"
    )
    return Call(hf.GPT2LMHeadModel(config), lambda m, tokens: m(input_ids=tokens).logits)


def llama() -> nn.Module:
    config = hf.LlamaConfig(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=160,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        initializer_range=0.12,
        use_cache=False,
        attn_implementation="eager",
    )
    return Call(hf.LlamaForCausalLM(config), lambda m, tokens: m(input_ids=tokens).logits)


def t5() -> nn.Module:
    config = hf.T5Config(
        vocab_size=400,
        d_model=48,
        d_kv=12,
        d_ff=96,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        use_cache=False,
        pad_token_id=0,
        decoder_start_token_id=0,
        attn_implementation="eager",
    )

    def call(m: nn.Module, tokens: Tensor, mask: Tensor, decoder: Tensor) -> Tensor:
        return m(input_ids=tokens, attention_mask=mask, decoder_input_ids=decoder).logits

    return Call(hf.T5ForConditionalGeneration(config), call)


def whisper() -> nn.Module:
    config = hf.WhisperConfig(
        vocab_size=400,
        num_mel_bins=40,
        d_model=48,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=144,
        decoder_ffn_dim=144,
        max_source_positions=50,
        max_target_positions=32,
        init_std=0.12,
        use_cache=False,
        pad_token_id=1,
        bos_token_id=2,
        eos_token_id=3,
        decoder_start_token_id=2,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        attn_implementation="eager",
    )

    def call(m: nn.Module, mel: Tensor, decoder: Tensor) -> tuple[Tensor, ...]:
        out = m(input_features=mel, decoder_input_ids=decoder)
        return out.logits, out.encoder_last_hidden_state

    return Call(hf.WhisperForConditionalGeneration(config), call)


def clip() -> nn.Module:
    text = {
        "vocab_size": 400,
        "hidden_size": 48,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 24,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
        "initializer_factor": 6.0,
    }
    vision = {
        "hidden_size": 48,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 8,
        "initializer_factor": 6.0,
    }
    config = hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=32, initializer_factor=6.0, attn_implementation="eager")

    def call(m: nn.Module, tokens: Tensor, image: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        out = m(input_ids=tokens, pixel_values=image, attention_mask=mask)
        return out.logits_per_image, out.text_embeds, out.image_embeds

    return Call(hf.CLIPModel(config), call)
