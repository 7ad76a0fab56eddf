"""A tiny random pipeline, made by the runtime's own libraries: a text encoder, a denoiser, the two halves of an
autoencoder, a tokenizer by letters. It draws noise that depends on every word and on the seed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import Model, opset13
from openvino_tokenizers.build_tokenizer import build_rwkv_tokenizer

WIDTH, LETTERS, LENGTH = 8, 128, 77
TILE = 8
SLOW_SIDE, SLOW_TIMES = 1024, 8
"""A matrix and how often a slow denoiser multiplies with it: a tenth of a second or so for each step."""


def make(folder: Path, *, is_slow: bool = False, reads_pictures: bool = True) -> Path:
    """The folder, with a pipeline in it; without the half that reads pictures it only draws from words."""
    chance = np.random.default_rng(7)
    folder.mkdir(parents=True)
    about = {
        "scaling_factor": 0.18215,
        "latent_channels": 4,
        "in_channels": 3,
        "block_out_channels": [8, 8, 8, 8],
    }
    encoder = {"max_position_embeddings": LENGTH, "hidden_size": WIDTH, "num_hidden_layers": 1, "vocab_size": LETTERS}
    _save(_text_encoder(chance), folder / "text_encoder", encoder)
    _save(_denoiser(chance, is_slow), folder / "unet", {"in_channels": 4, "sample_size": 8, "time_cond_proj_dim": None})
    _save(_decoder(chance), folder / "vae_decoder", about)
    if reads_pictures:
        _save(_encoder(chance), folder / "vae_encoder", about)
    (folder / "tokenizer").mkdir()
    openvino.save_model(_tokenizer(), folder / "tokenizer" / "openvino_tokenizer.xml")
    _write(folder / "tokenizer" / "tokenizer_config.json", {})
    _write(folder / "scheduler" / "scheduler_config.json", _scheduler())
    _write(folder / "model_index.json", _index())
    return folder


def _scheduler() -> dict[str, Any]:
    return {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "clip_sample": False,
        "set_alpha_to_one": False,
        "steps_offset": 1,
        "timestep_spacing": "leading",
    }


def _index() -> dict[str, Any]:
    return {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.31.0",
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }


def _text_encoder(chance: np.random.Generator) -> Model:
    ids = _input("input_ids", [-1, LENGTH], np.int32)
    letters = opset13.clamp(ids, 0, LETTERS - 1)
    hidden = opset13.gather(_constant(chance.normal(0, 1, (LETTERS, WIDTH))), letters, _constant(0, np.int32))
    words = _named(opset13.multiply(hidden, _constant(1.0)), "last_hidden_state")
    whole = _named(opset13.reduce_mean(words, _constant([1], np.int64)), "pooler_output")
    return Model([words, whole], [ids], "text_encoder")


def _denoiser(chance: np.random.Generator, is_slow: bool) -> Model:
    sample = _input("sample", [-1, 4, -1, -1], np.float32)
    time = _input("timestep", [-1], np.int64)
    words = _input("encoder_hidden_states", [-1, LENGTH, WIDTH], np.float32)
    seen = opset13.convolution(sample, _constant(chance.normal(0, 0.2, (4, 4, 3, 3))), [1, 1], [1, 1], [1, 1], [1, 1])
    mean = opset13.reduce_mean(words, _constant([1], np.int64))
    told = opset13.matmul(mean, _constant(chance.normal(0, 3, (WIDTH, 4))), False, False)
    told = opset13.unsqueeze(told, _constant([2, 3], np.int64))
    when = opset13.multiply(opset13.sin(opset13.convert(time, np.float32)), _constant(0.1))
    total = opset13.add(opset13.add(seen, told), opset13.reshape(when, _constant([-1, 1, 1, 1], np.int64), False))
    if is_slow:
        total = opset13.add(total, _slowness(chance, sample))
    return Model([_named(opset13.tanh(total), "out_sample")], [sample, time, words], "unet")


def _slowness(chance: np.random.Generator, sample: Any) -> Any:
    """Next to nothing, after much work that depends on what was given."""
    matrix = _constant(chance.normal(0, 0.02, (SLOW_SIDE, SLOW_SIDE)))
    mean = opset13.reduce_mean(sample, _constant([0, 1, 2, 3], np.int64), False)
    product = opset13.add(matrix, mean)
    for _ in range(SLOW_TIMES):
        product = opset13.tanh(opset13.matmul(product, matrix, False, False))
    return opset13.multiply(opset13.reduce_mean(product, _constant([0, 1], np.int64)), _constant(1e-6))


def _decoder(chance: np.random.Generator) -> Model:
    latent = _input("latent_sample", [-1, 4, -1, -1], np.float32)
    colours = opset13.convolution(
        latent, _constant(chance.normal(0, 0.15, (3, 4, 1, 1))), [1, 1], [0, 0], [0, 0], [1, 1]
    )
    axes = _constant([2, 3], np.int64)
    large = opset13.interpolate(colours, _constant([TILE, TILE]), "linear_onnx", "scales", axes=axes)
    return Model([_named(opset13.tanh(large), "sample")], [latent], "vae_decoder")


def _encoder(chance: np.random.Generator) -> Model:
    picture = _input("sample", [-1, 3, -1, -1], np.float32)
    small = opset13.avg_pool(picture, [TILE, TILE], [0, 0], [0, 0], [TILE, TILE], False, "floor")
    mean = opset13.convolution(small, _constant(chance.normal(0, 1, (4, 3, 1, 1))), [1, 1], [0, 0], [0, 0], [1, 1])
    both = _named(opset13.concat([mean, opset13.multiply(mean, _constant(0.0))], 1), "latent_parameters")
    return Model([both], [picture], "vae_encoder")


def _tokenizer() -> Model:
    """A letter a token; what marks them as words to be read is added, as the runtime wants it."""
    letters = [f"{number} {chr(number)!r} 1" for number in range(32, 127)]
    plain, _ = build_rwkv_tokenizer(letters, tokenizer_output_type=openvino.Type.i32)
    (ids,) = plain.outputs
    length = opset13.shape_of(ids.get_node().input_value(0))
    marks = _named(opset13.broadcast(_constant(1, np.int32), length), "attention_mask")
    return Model(
        [ids.get_node(), opset13.result(marks)], [each.get_node() for each in plain.inputs], "openvino_tokenizer"
    )


def _constant(values: Any, kind: type = np.float32) -> Any:
    return opset13.constant(np.asarray(values, dtype=kind))


def _input(name: str, shape: list[int], kind: type) -> Any:
    return _named(opset13.parameter(shape, kind, name=name), name)


def _named(node: Any, name: str) -> Any:
    node.output(0).get_tensor().set_names({name})
    return node


def _save(model: Model, folder: Path, config: dict[str, Any]) -> None:
    folder.mkdir()
    openvino.save_model(model, folder / "openvino_model.xml", compress_to_fp16=False)
    _write(folder / "config.json", config)


def _write(file: Path, value: dict[str, Any]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(value), "utf-8")
