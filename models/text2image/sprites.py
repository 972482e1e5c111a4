"""Fetch the openly licensed picture packages and turn them into sprites.

Packages come from the npm registry through its own client, at the versions pinned here, into an
uncommitted cache folder. Vector pictures are rasterised; every sprite is trimmed to what it shows and
centred on a square. Licences: see docs/model/NOTICE-sources.txt.
"""

import io
import json
import subprocess
from pathlib import Path
from typing import cast

from PIL import Image

from models.text2image.concepts import CONCEPTS
from models.text2image.render import SpriteBook

PACKAGES = {
    "@lobehub/fluent-emoji-3d": "1.1.0",
    "@iconify-json/fluent-emoji-flat": "1.2.6",
    "@iconify-json/noto": "1.2.9",
    "@iconify-json/twemoji": "1.2.5",
}
VECTOR_STYLES = {
    "flat": "@iconify-json/fluent-emoji-flat",
    "drawn": "@iconify-json/noto",
    "unseen": "@iconify-json/twemoji",  # never trained on: it tests the scorer on a style new to it
}
SPRITE_SIDE = 160  # pixels

Json = dict[str, object]


def fetch_packages(cache: Path) -> Path:
    """Install the pinned packages under `cache`; return their folder. Raises CalledProcessError offline."""
    modules = cache / "node_modules"
    if all((modules / name / "package.json").exists() for name in PACKAGES):
        return modules
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "package.json").write_text('{"private": true}\n')
    wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
    command = ["npm", "install", "--no-package-lock", "--no-save", "--ignore-scripts", "--no-audit", *wanted]
    subprocess.run(command, cwd=cache, check=True, timeout=600)
    return modules


def _load(path: Path) -> Json:
    return cast(Json, json.loads(path.read_text(encoding="utf-8")))


def _trim(picture: Image.Image) -> Image.Image:
    """The visible part of an RGBA picture, centred on a transparent square of SPRITE_SIDE."""
    box = picture.getchannel("A").point(lambda alpha: 255 if alpha > 12 else 0).getbbox()
    if box is None:
        raise ValueError("the picture is empty")
    picture = picture.crop(box)
    scale = SPRITE_SIDE / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SPRITE_SIDE, SPRITE_SIDE), (0, 0, 0, 0))
    square.paste(picture, ((SPRITE_SIDE - width) // 2, (SPRITE_SIDE - height) // 2))
    return square


def _vector(folder: Path, code: str, chars: Json, icons: Json) -> Image.Image:
    import resvg_py  # here, since machines that are given the sprites do without

    name = chars.get(code) or chars.get(f"{code}-fe0f")
    entries = cast(dict[str, Json], icons["icons"])
    if not isinstance(name, str) or name not in entries:
        raise KeyError(f"{folder.name} has no picture for {code}")
    entry = entries[name]
    width = entry.get("width", icons.get("width", 16))
    height = entry.get("height", icons.get("height", 16))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{entry["body"]}</svg>'
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, width=256, height=256)
    return Image.open(io.BytesIO(bytes(png))).convert("RGBA")


def _solid(folder: Path, code: str) -> Image.Image:
    for name in (code, f"{code}-fe0f"):
        path = folder / "assets" / f"{name}.webp"
        if path.exists():
            return Image.open(path).convert("RGBA")
    raise KeyError(f"{folder.name} has no picture for {code}")


def load_sprites(cache: Path) -> SpriteBook:
    """All sprites by (concept key, style), fetching and rasterising what `cache` lacks."""
    folder = cache / "sprites"
    paths = {
        (concept.key, style): folder / f"{concept.key}-{style}-{concept.code}.png"
        for concept in CONCEPTS
        for style in ("3d", *VECTOR_STYLES)
    }
    if not all(path.exists() for path in paths.values()):
        folder.mkdir(parents=True, exist_ok=True)
        _rasterise(fetch_packages(cache), paths)
    book: SpriteBook = {}
    for name, path in paths.items():
        with Image.open(path) as sprite:
            book[name] = sprite.convert("RGBA")
    return book


def _rasterise(modules: Path, paths: dict[tuple[str, str], Path]) -> None:
    """Write the sprites that are missing."""
    vectors = {
        style: (
            modules / package,
            _load(modules / package / "chars.json"),
            _load(modules / package / "icons.json"),
        )
        for style, package in VECTOR_STYLES.items()
    }
    for concept in CONCEPTS:
        for style in ("3d", *VECTOR_STYLES):
            path = paths[concept.key, style]
            if path.exists():
                continue
            if style == "3d":
                picture = _solid(modules / "@lobehub/fluent-emoji-3d", concept.code)
            else:
                picture = _vector(vectors[style][0], concept.code, *vectors[style][1:])
            _trim(picture).save(path)
