"""Every family through the whole mesh: listed with what it takes, and drawn as it was asked."""

import base64
import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from fournil.client import Fournil, FournilError
from fournil.edge.v1 import edge_pb2
from tests.e2e.conftest import REPO, SupervisedMesh

pytestmark = pytest.mark.e2e
FAMILIES = {
    "flux": "FluxPipeline",
    "lcm": "LatentConsistencyModelPipeline",
    "sd1": "StableDiffusionPipeline",
    "sd2": "StableDiffusionPipeline",
    "sd3": "StableDiffusion3Pipeline",
    "sdxl": "StableDiffusionXLPipeline",
}
STEPS = (3, 5)


@pytest.fixture(scope="module")
def full_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedMesh]:
    """A mesh with the shipped model and one small folder of every family."""
    models = tmp_path_factory.mktemp("models")
    for shelf in (REPO / "models" / "weights", REPO / "tests" / "fixtures" / "pipelines"):
        for folder in shelf.iterdir():
            if folder.is_dir():
                (models / folder.name).symlink_to(folder)
    supervised = SupervisedMesh(tmp_path_factory.mktemp("mesh"), models)
    try:
        supervised.start()
        yield supervised
    finally:
        supervised.stop()


@pytest.fixture
def client(full_mesh: SupervisedMesh) -> Iterator[Fournil]:
    with full_mesh.client(full_mesh.new_key("paid")) as client:
        yield client


def picture(size: tuple[int, int] = (80, 60)) -> bytes:
    """Red above blue."""
    image = Image.new("RGB", size, (30, 60, 200))
    image.paste((200, 40, 30), (0, 0, size[0], size[1] // 2))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def drawn(client: Fournil, prompt: str, **fields: Any) -> tuple[edge_pb2.Job, Image.Image]:
    """The ended job and its picture."""
    job = client.draw(prompt, **fields)
    assert [event.WhichOneof("event") for event in client.watch(job.id)][-1] == "completed"
    with Image.open(io.BytesIO(client.image(job.id, 0))) as image:
        image.load()
    return client.job(job.id), image


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of a level."""
    return float(np.abs(np.asarray(one.convert("RGB"), int) - np.asarray(other.convert("RGB"), int)).mean())


def test_models_are_listed_with_what_they_take(full_mesh: SupervisedMesh, client: Fournil) -> None:
    models = {model.name: model for model in client.models()}
    assert {name: models[name].family for name in FAMILIES} == FAMILIES
    assert {name for name, model in models.items() if model.square} == {"fournil-mini"}
    assert not models["flux"].takes_negative and models["sdxl"].takes_negative
    shown = httpx.get(f"{full_mesh.local.page}/v1/models").json()["data"]
    assert {entry["id"]: entry["takes_negative"] for entry in shown} == {
        name: model.takes_negative for name, model in models.items()
    }
    command = [sys.executable, "-m", "fournil.cli", "--target", full_mesh.local.target, "--lang", "fr", "models"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = printed.stdout.splitlines()
    for name, family in FAMILIES.items():
        first = lines.index(f"{name}  {family.removesuffix('Pipeline')}")
        takes = (models[name].takes_guidance, models[name].takes_negative, models[name].takes_image)
        assert lines[first + 2].count("✓") == sum(takes)


def test_every_family_is_drawn_at_mixed_steps_at_once(client: Fournil) -> None:
    models = {model.name: model for model in client.models()}

    def one(wish: tuple[str, int]) -> tuple[edge_pb2.Job, Image.Image]:
        name, steps = wish
        unit, smallest = models[name].unit, models[name].smallest
        size = f"{smallest + 2 * unit}x{smallest + unit}"
        return drawn(client, "un crabe à côté d'une barque", model=name, steps=steps, size=size, seed=steps)

    wishes = [(name, steps) for name in FAMILIES for steps in STEPS]
    with ThreadPoolExecutor(len(wishes)) as callers:
        ended = list(callers.map(one, wishes))
    for (name, steps), (job, image) in zip(wishes, ended, strict=True):
        assert (job.model, job.steps, job.charged) == (name, steps, 1)
        width, height = map(int, job.size.split("x"))
        assert image.size == (width, height) and width != height
    assert len({image.tobytes() for _, image in ended}) == len(wishes)


def test_a_negative_prompt_and_guidance_change_the_picture(client: Fournil) -> None:
    wish = {"model": "sd2", "steps": 4, "seed": 3, "guidance": 6.0}
    plain, against = drawn(client, "a boat", **wish), drawn(client, "a boat", negative_prompt="a crab", **wish)
    assert (against[0].negative_prompt, against[0].guidance) == ("a crab", 6.0)
    assert plain[0].negative_prompt == ""
    assert difference(plain[1], against[1]) > 0
    assert difference(plain[1], drawn(client, "a boat", **{**wish, "guidance": 2.0})[1]) > 0


@pytest.mark.parametrize(
    "fields", [{"model": "fournil-mini"}, {"model": "flux"}, {"model": "sd1", "guidance": 1.0}]
)
def test_what_a_model_does_not_take_is_refused_before_the_line(client: Fournil, fields: dict[str, Any]) -> None:
    with pytest.raises(FournilError) as refused:
        client.draw("a boat", negative_prompt="a crab", **fields)
    assert (refused.value.reason, refused.value.metadata["field"]) == ("INVALID_ARGUMENT", "negative_prompt")
    assert client.allowance().held == 0


def test_little_strength_keeps_the_picture_and_much_does_not(client: Fournil) -> None:
    """With the model that ships, whose pictures are resampled from 96 pixels."""
    source = picture((96, 96))
    with Image.open(io.BytesIO(source)) as wanted:
        wish = {"model": "fournil-mini", "size": "96x96", "steps": 20, "seed": 1, "image": source}
        little, much = (drawn(client, "a red apple", strength=strength, **wish) for strength in (0.05, 1.0))
        assert little[0].strength == pytest.approx(0.05)
        assert difference(little[1], wanted) < 30 < difference(much[1], wanted)


def masks(size: tuple[int, int]) -> dict[str, bytes]:
    """The left half is drawn anew: transparent where there is an alpha channel, else white."""
    grey = Image.new("L", size)
    grey.paste(255, (0, 0, size[0] // 2, size[1]))
    holed = Image.new("RGBA", size, (30, 60, 200, 255))
    holed.putalpha(grey.point(lambda level: 255 - level))
    made = {}
    for name, image in {"one channel": grey, "alpha": holed}.items():
        stream = io.BytesIO()
        image.save(stream, "PNG")
        made[name] = stream.getvalue()
    return made


SEAM = 8
"""Pixels; wider than it is."""


@pytest.mark.parametrize("name", ["fournil-mini", *FAMILIES])
def test_outside_of_a_mask_a_picture_stays_as_it_was_sent_to_the_bit(client: Fournil, name: str) -> None:
    """Two jobs at once, so that their rows and another's share calls."""
    size = (128, 128) if name == "fournil-mini" else (64, 32)
    source, given = picture(size), masks(size)
    wish = {"model": name, "size": "x".join(map(str, size)), "steps": 4, "seed": 3, "image": source}
    wishes = [{**wish, "mask": mask} for mask in given.values()] + [{"model": name, "steps": 3}]
    with ThreadPoolExecutor(len(wishes)) as callers:
        (one, image), (_, other), _ = callers.map(lambda fields: drawn(client, "a red apple", **fields), wishes)
    assert (one.masked, one.strength, one.charged) == (True, pytest.approx(1.0), 1)
    with Image.open(io.BytesIO(source)) as sent:
        kept, half = np.asarray(sent), size[0] // 2
    for drawn_over in (np.asarray(image), np.asarray(other)):
        assert np.array_equal(drawn_over[:, half + SEAM :], kept[:, half + SEAM :])
        assert (drawn_over[:, :half] != kept[:, :half]).any(axis=2).mean() > 0.9
    # In company a row of the fixtures' very narrow networks may round otherwise: one level of 255.
    assert np.abs(np.asarray(image, int) - np.asarray(other, int)).max() <= 1, "both masks say the same"


def test_a_picture_to_start_from_over_rest_in_any_format(full_mesh: SupervisedMesh) -> None:
    headers = {"authorization": f"Bearer {full_mesh.new_key('paid')}"}
    body = {
        "prompt": "a boat", "model": "sd1", "size": "128x64", "steps": 4, "strength": 0.5,
        "image": base64.b64encode(picture()).decode(), "output_format": "webp", "output_compression": 80,
    }  # fmt: skip
    with httpx.Client(base_url=full_mesh.local.page, headers=headers, timeout=60) as web:
        job = web.post("/v1/jobs", json=body).raise_for_status().json()
        assert (job["strength"], job["output_format"]) == (0.5, "webp")
        events = web.get(f"/v1/jobs/{job['id']}/events").text
        assert "event: completed" in events
        # Half of four steps are drawn.
        assert '"steps": 2' in events
        (image,) = web.get(f"/v1/jobs/{job['id']}").json()["images"]
        answer = web.get(image["url"])
        assert answer.headers["content-type"] == "image/webp"
        with Image.open(io.BytesIO(answer.content)) as opened:
            assert (opened.format, opened.size) == ("WEBP", (128, 64))
        for wrong in ("not base64!", base64.b64encode(b"no picture").decode()):
            refused = web.post("/v1/jobs", json={**body, "image": wrong}, headers={"accept-language": "fr"})
            assert refused.status_code == 400 and refused.json()["metadata"]["field"] == "image"


def test_a_mask_over_rest_is_taken_with_its_picture_or_refused_by_name(full_mesh: SupervisedMesh) -> None:
    headers = {"authorization": f"Bearer {full_mesh.new_key('paid')}", "accept-language": "fr"}
    mask, empty = masks((80, 60))["alpha"], io.BytesIO()
    Image.new("RGBA", (80, 60), (0, 0, 0, 255)).save(empty, "PNG")
    body = {
        "prompt": "a boat", "model": "sd1", "size": "128x64", "steps": 4,
        "image": base64.b64encode(picture()).decode(), "mask": base64.b64encode(mask).decode(),
    }  # fmt: skip
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"mask": "not base64!"}, "base64"),
        ({"mask": body["image"]}, "canal"),
        ({"mask": base64.b64encode(b"no picture").decode()}, "lisible"),
        ({"mask": base64.b64encode(masks((60, 80))["alpha"]).decode()}, "la taille de l’image, 80x60"),
        ({"mask": base64.b64encode(empty.getvalue()).decode()}, "quelque chose à dessiner"),
        ({"mask": base64.b64encode(bytes(2 * 2**20 + 1)).decode()}, "octets"),
        ({"image": None}, "il faut une image avec"),
    ]
    with httpx.Client(base_url=full_mesh.local.page, headers=headers, timeout=60) as web:
        for change, words in wrong:
            for more in ({}, {"validate_only": True}):
                refused = web.post("/v1/jobs", json={**body, **change, **more})
                assert (refused.status_code, refused.json()["metadata"]["field"]) == (400, "mask"), refused.text
                assert words in refused.json()["detail"], refused.text
        assert web.get("/v1/jobs").json()["jobs"] == []
        job = web.post("/v1/jobs", json=body, headers={"prefer": "wait=30"}).raise_for_status().json()
        assert (job["state"], job["masked"], job["strength"]) == ("committed", True, 1.0)
        assert web.delete(f"/v1/jobs/{job['id']}").status_code == 204
        assert web.get(job["images"][0]["url"]).status_code == 404


def test_the_command_line_starts_from_a_file_and_writes_by_its_suffix(
    full_mesh: SupervisedMesh, tmp_path: Path
) -> None:
    (tmp_path / "source.png").write_bytes(picture())
    key = full_mesh.new_key("paid")
    command = [
        sys.executable,
        "-m",
        "fournil.cli",
        "--target",
        full_mesh.local.target,
        "--key",
        key,
        "draw",
        "a boat",
    ]
    options = ["--model", "sdxl", "--steps", "4", "--negative", "a crab", "--guidance", "5"]
    start = ["--image", str(tmp_path / "source.png"), "--strength", "0.5", "-o", str(tmp_path / "boat.jpg")]
    subprocess.run([*command, *options, *start], timeout=60, check=True, capture_output=True)
    with Image.open(tmp_path / "boat.jpg") as image:
        assert image.format == "JPEG"
    (tmp_path / "mask.png").write_bytes(masks((80, 60))["one channel"])
    masked = ["--image", str(tmp_path / "source.png"), "--mask", str(tmp_path / "mask.png")]
    written = ["--size", "128x64", "-o", str(tmp_path / "masked.png")]
    subprocess.run([*command, *options, *masked, *written], timeout=60, check=True, capture_output=True)
    with Image.open(tmp_path / "masked.png") as image:
        # Resampled from a picture that is red above and blue below.
        right = np.asarray(image.convert("RGB"))[:, 64 + SEAM :]
        assert (right[:16] == (200, 40, 30)).all() and (right[-16:] == (30, 60, 200)).all()
    missing = subprocess.run(
        [*command, "--image", "nowhere.png"], timeout=60, capture_output=True, text=True, check=False
    )
    assert missing.returncode == 2 and "nowhere.png" in missing.stderr
