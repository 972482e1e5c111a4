"""A folder that cannot be used is refused in one line that names the file and what is wrong with it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.generator.families.drawing import DrawingModel
from services.generator.families.interface import Wish
from services.generator.families.opening import open_model
from services.generator.folder import FolderError
from services.generator.providers import Execution
from tests.unit.generator.families_folders import FIXTURES, copied, opened, rewrite

Breaking = Callable[[Path], object]


def setting(file: str, **values: Any) -> Breaking:
    """Sets keys of a file; ... takes one out."""
    return lambda folder: rewrite(folder / file, **values)


def without(file: str) -> Breaking:
    return lambda folder: (folder / file).unlink()


def holding(file: str, content: bytes) -> Breaking:
    return lambda folder: (folder / file).write_bytes(content)


def cut(file: str, size: int) -> Breaking:
    return lambda folder: (folder / file).write_bytes((folder / file).read_bytes()[:size])


def taken_from(other: str, file: str, of: str = "") -> Breaking:
    return lambda folder: (folder / file).write_bytes((FIXTURES / other / (of or file)).read_bytes())


INDEX, SCHEDULER = "model_index.json", "scheduler/scheduler_config.json"
UNET, DECODER, TOKENS = "unet/config.json", "vae_decoder/config.json", "tokenizer/tokenizer_config.json"
BAD: list[tuple[str, Breaking, str]] = [
    ("sd1", without(INDEX), "model_index.json is missing"),
    ("sd1", holding(INDEX, b"{"), "model_index.json cannot be read: "),
    (
        "sd1",
        setting(INDEX, _class_name="KandinskyPipeline"),
        "model_index.json: _class_name must be one of Stable",
    ),
    ("sd1", setting(INDEX, _class_name=...), "model_index.json: _class_name must name a pipeline, not null"),
    ("sd1", setting(INDEX, fournil=3), "model_index.json: fournil must be an object, not 3"),
    ("sd1", setting(INDEX, fournil={"name": "A b"}), "model_index.json: fournil: name must be small letters"),
    (
        "sd1",
        setting(INDEX, fournil={"width": 20}),
        "model_index.json: fournil: width must be a whole multiple of 8",
    ),
    ("sd1", setting(INDEX, fournil={"default_steps": 0}), "model_index.json: fournil: default_steps must be 1 to"),
    ("lcm", setting(INDEX, fournil={"default_steps": 80}), "scheduler/scheduler_config.json: original_inference"),
    ("sd1", setting(INDEX, fournil={"default_guidance": 99}), "model_index.json: fournil: default_guidance must"),
    ("sd1", without(SCHEDULER), "scheduler/scheduler_config.json is missing"),
    ("sd1", setting(SCHEDULER, _class_name="HeunScheduler"), "scheduler/scheduler_config.json: _class_name must"),
    ("sd1", setting(SCHEDULER, thresholding=True), "scheduler/scheduler_config.json: thresholding must be"),
    ("sd3", setting(SCHEDULER, use_karras_sigmas=True), "scheduler/scheduler_config.json: use_karras_sigmas"),
    ("sd1", without("unet/model.onnx"), "unet/model.onnx is missing"),
    ("flux", without("transformer/model.onnx"), "transformer/model.onnx is missing"),
    ("sd1", without("vae_decoder/model.onnx"), "vae_decoder/model.onnx is missing"),
    ("sdxl", without("text_encoder_2/model.onnx"), "text_encoder_2/model.onnx is missing"),
    ("sd3", without("text_encoder_3/model.onnx"), "text_encoder_3/model.onnx is missing"),
    ("sdxl", without("unet/model.onnx_data"), "unet/model.onnx_data is missing: unet/model.onnx has its weights"),
    ("sdxl", cut("unet/model.onnx_data", 100), "unet/model.onnx cannot be loaded: "),
    ("sd1", holding("unet/model.onnx", b"not a model"), "unet/model.onnx is not an ONNX model: "),
    ("sd1", holding("unet/model.onnx", b""), "unet/model.onnx is not an ONNX model: it holds 0 graphs"),
    ("sd1", cut("unet/model.onnx", 50_000), "unet/model.onnx is not an ONNX model: a field is cut off"),
    ("sd1", cut("text_encoder/model.onnx", 50_000), "text_encoder/model.onnx is not an ONNX model: "),
    ("sd1", taken_from("sd1", "unet/model.onnx", "vae_decoder/model.onnx"), "unet/model.onnx: input timestep is"),
    ("sd1", taken_from("lcm", "unet/model.onnx"), "unet/model.onnx: inputs must be ['encoder_hidden_states', "),
    ("sd1", taken_from("sd2", "unet/model.onnx"), "unet/model.onnx: input encoder_hidden_states is tensor(float)"),
    (
        "sdxl",
        taken_from("sd1", "text_encoder_2/model.onnx", "text_encoder/model.onnx"),
        "text_encoder_2/model.onnx",
    ),
    ("sdxl", taken_from("sd1", "text_encoder/model.onnx"), "text_encoder/model.onnx: outputs hidden_states.0 and"),
    (
        "sd1",
        taken_from("sd1", "vae_decoder/model.onnx", "vae_encoder/model.onnx"),
        "vae_decoder/model.onnx: inputs",
    ),
    ("sd1", taken_from("lcm", "vae_decoder/model.onnx"), "vae_decoder/model.onnx answers (1, 3, 32, 32) to (1, 4"),
    ("sd1", setting(UNET, in_channels=9), "unet/config.json: in_channels must be 4, not 9"),
    ("sd1", setting(UNET, block_out_channels=4), "unet/config.json: block_out_channels must be a list of 1 to 6"),
    ("sd1", setting(UNET, sample_size=[8, 8]), "unet/config.json: sample_size must be a number"),
    ("sd1", setting(UNET, sample_size=9), "unet/config.json: sample_size must be a whole multiple of 2, not 9"),
    ("lcm", setting(UNET, time_cond_proj_dim=None), "unet/config.json: time_cond_proj_dim must be a number"),
    ("sdxl", setting(UNET, addition_embed_type="text"), "unet/config.json: addition_embed_type must be"),
    ("sdxl", setting(INDEX, force_zeros_for_empty_prompt=1), "model_index.json: force_zeros_for_empty_prompt"),
    (
        "flux",
        setting("transformer/config.json", in_channels=16),
        "transformer/config.json: in_channels must be 64",
    ),
    ("flux", setting("transformer/config.json", guidance_embeds=3), "transformer/config.json: guidance_embeds"),
    ("flux", setting("transformer/config.json", guidance_embeds=False), "transformer/model.onnx: inputs must be"),
    ("sd1", without(DECODER), "vae_decoder/config.json is missing"),
    ("sd1", setting(DECODER, scaling_factor="big"), "vae_decoder/config.json: scaling_factor must be a number"),
    ("sd1", setting(DECODER, latents_mean=[1]), "vae_decoder/config.json: latents_mean must be null, not [1]"),
    ("sd1", without("tokenizer/tokenizer_config.json"), "tokenizer/tokenizer_config.json is missing"),
    ("sd1", setting(TOKENS, pad_token="<none>"), "tokenizer/tokenizer_config.json: pad_token must be a token of"),
    ("sd1", setting(TOKENS, model_max_length=1e30), "tokenizer/tokenizer_config.json: model_max_length must be 2"),
    ("sd1", setting(TOKENS, model_max_length=99), "text_encoder/model.onnx does not run: "),
    (
        "sd3",
        setting("transformer/config.json", joint_attention_dim=8),
        "text_encoder and its companions do not fit",
    ),
    (
        "sd3",
        setting("transformer/config.json", joint_attention_dim=30),
        "text_encoder and its companions do not fit",
    ),
    (
        "sdxl",
        setting("tokenizer_2/tokenizer_config.json", model_max_length=40),
        "text_encoder and its companions do",
    ),
    ("sd3", without("tokenizer_3/tokenizer.json"), "tokenizer_3/tokenizer.json is missing, and so are vocab.json"),
    ("sd1", holding("tokenizer/tokenizer.json", b"{}"), "tokenizer/tokenizer.json cannot be read: "),
]


@pytest.mark.parametrize(("name", "breaking", "line"), BAD, ids=[f"{bad[0]}: {bad[2][:60]}" for bad in BAD])
def test_one_line_says_what_is_wrong(name: str, breaking: Breaking, line: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path)
    breaking(folder)
    with pytest.raises(FolderError, match=f"^{re.escape(line)}") as caught:
        open_model(folder, execution=Execution(1), most_rows=2)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(("name", "shape"), [("sd1", (2, 4, 9, 8)), ("flux", (2, 3, 64))])
def test_answers_of_another_shape_are_found_in_warming_up(
    name: str, shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_model(copied(name, tmp_path), execution=Execution(1), most_rows=2)
    assert isinstance(model, DrawingModel)
    monkeypatch.setattr(model.denoiser, "run", lambda *_: [np.zeros(shape, np.float32)])
    with pytest.raises(FolderError, match=rf"^\w+/model.onnx answers {re.escape(str(shape))} to 1 latents of "):
        model.warm_up()


def test_names_of_optimum_mean_the_same(tmp_path: Path) -> None:
    folder = copied("sd2", tmp_path)
    rewrite(folder / INDEX, _class_name="ORTStableDiffusionPipeline")
    assert opened(folder).facts.family == "StableDiffusionPipeline"


def test_the_owners_wishes_are_facts(tmp_path: Path) -> None:
    wishes = {"name": "my-own", "default_steps": 7, "default_guidance": 2.5, "width": 24, "height": 16}
    facts = opened(copied("sd2", tmp_path, **wishes)).facts
    assert (facts.name, facts.default_steps, facts.default_guidance) == ("my-own", 7, 2.5)
    assert (facts.width, facts.height) == (24, 16)


def test_wide_pictures_have_at_most_the_pixels_of_a_square(tmp_path: Path) -> None:
    folder = copied("sdxl", tmp_path, width=1536, height=512)
    rewrite(folder / UNET, sample_size=512)
    model = opened(folder)
    assert (model.facts.width, model.facts.largest, model.facts.most_pixels) == (1536, 1536, 1024**2)
    conditioning = model.encode("a boat", None)
    assert model.start(Wish(1, 2, 1.0, 1536, 512), 0, conditioning).x.shape == (4, 256, 768)
    with pytest.raises(ValueError, match="height times width must be at most 1048576, not 1572864"):
        model.start(Wish(1, 2, 1.0, 1536, 1024), 0, conditioning)
    rewrite(folder / INDEX, fournil={"width": 1536, "height": 1024})
    with pytest.raises(FolderError, match="fournil: width times height must be at most 1048576, not 1536"):
        open_model(folder, execution=Execution(1), most_rows=2)


def test_stable_diffusion_3_draws_without_t5(tmp_path: Path) -> None:
    folder = copied("sd3", tmp_path)
    for file in [*(folder / "text_encoder_3").iterdir(), *(folder / "tokenizer_3").iterdir()]:
        file.unlink()
    rewrite(folder / INDEX, text_encoder_3=[None, None], tokenizer_3=[None, None])
    model = opened(folder)
    text = model.encode("a boat", None).asked
    assert text.tokens.shape == (77 + 77, 24)
    assert not text.tokens[77:].any()
    model.warm_up()
