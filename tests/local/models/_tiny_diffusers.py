"""Tiny random pipelines in diffusers' form, made by the library's own classes: the smallest parts that each pipeline
still takes, and a tokenizer by letters."""

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTokenizer,
    Qwen2TokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
)

LETTERS = [*map(chr, range(33, 127)), *map(chr, range(161, 173)), *map(chr, range(174, 256))]
LETTERS += [chr(256 + number) for number in range(256 - len(LETTERS))]
"""One for each byte, as tokenizers of bytes write them."""
CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
WIDTH = 16
LAYERS_READ = 28
"""FLUX.2 Klein reads what the 27th layer of its encoder says."""


def make(folder: Path, kind: str) -> Path:
    """The folder, with a pipeline of that class in it."""
    torch.manual_seed(7)
    folder.mkdir(parents=True)
    pipe = {
        "StableDiffusionPipeline": _stable_diffusion,
        "ZImagePipeline": _z_image,
        "Flux2KleinPipeline": _flux_2_klein,
    }[kind](folder / "letters")
    pipe.save_pretrained(folder)
    for paper in (folder / "letters").iterdir():
        paper.unlink()
    (folder / "letters").rmdir()
    return folder


def _stable_diffusion(letters: Path) -> Any:
    ends = [f"{letter}</w>" for letter in LETTERS]
    vocabulary = _written(letters, [*LETTERS, *ends, "<|startoftext|>", "<|endoftext|>"])
    end = len(vocabulary) - 1
    words = CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        projection_dim=WIDTH,
        bos_token_id=end - 1,
        eos_token_id=end,
        pad_token_id=end,
    )
    return StableDiffusionPipeline(
        unet=UNet2DConditionModel(
            block_out_channels=(4, 8),
            attention_head_dim=4,
            norm_num_groups=2,
            layers_per_block=1,
            sample_size=32,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDTH,
        ),
        vae=_autoencoder(4),
        text_encoder=CLIPTextModel(words),
        tokenizer=CLIPTokenizer(str(letters / "vocab.json"), str(letters / "merges.txt"), model_max_length=77),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _z_image(letters: Path) -> Any:
    tokenizer, words = _qwen(letters, layers=2)
    denoiser = ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=16,
        dim=32,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=WIDTH,
        axes_dims=[8, 4, 4],
        axes_lens=[1024, 64, 64],
    )
    with torch.no_grad():  # made without a value
        denoiser.x_pad_token.fill_(1.0)
        denoiser.cap_pad_token.fill_(1.0)
    return ZImagePipeline(
        transformer=denoiser,
        vae=_autoencoder(16),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=Qwen3Model(words),
        tokenizer=tokenizer,
    )


def _flux_2_klein(letters: Path) -> Any:
    tokenizer, words = _qwen(letters, layers=LAYERS_READ)
    return Flux2KleinPipeline(
        transformer=Flux2Transformer2DModel(
            patch_size=1,
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=WIDTH,
            num_attention_heads=2,
            joint_attention_dim=3 * WIDTH,
            timestep_guidance_channels=256,
            axes_dims_rope=[4, 4, 4, 4],
            guidance_embeds=False,
        ),
        vae=AutoencoderKLFlux2(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(4, 4, 4, 4),
            layers_per_block=1,
            latent_channels=1,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=Qwen3ForCausalLM(words),
        tokenizer=tokenizer,
        is_distilled=True,
    )


def _autoencoder(channels: int) -> Any:
    return AutoencoderKL(
        block_out_channels=(4, 8, 8, 8),
        norm_num_groups=2,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=channels,
        sample_size=32,
        scaling_factor=0.3611,
        shift_factor=0.1159,
    )


def _qwen(letters: Path, layers: int) -> tuple[Any, Any]:
    """A tokenizer, and how the encoder of its letters is made."""
    vocabulary = _written(letters, [*LETTERS, "<|endoftext|>"])
    tokenizer = Qwen2TokenizerFast(str(letters / "vocab.json"), str(letters / "merges.txt"))
    tokenizer.chat_template = CHAT
    words = Qwen3Config(
        vocab_size=len(vocabulary) + 8,
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=WIDTH // 2,
    )
    return tokenizer, words


def _written(letters: Path, vocabulary: list[str]) -> list[str]:
    letters.mkdir()
    (letters / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(vocabulary)}))
    (letters / "merges.txt").write_text("#version: 0.2\n")
    return vocabulary
