"""LiteLLM: plays the scenes it is told on standard input, tells what it saw as JSON lines."""

import base64
import io
import json
import os
import sys
import time
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the network for prices
import litellm


def play(scene: str, where: dict[str, str], picture: bytes) -> dict[str, Any]:
    """What was seen."""
    facts: dict[str, Any] = {"api_base": where["url"], "api_key": where["key"], "timeout": 60}
    own = {"model": "openai/fournil-mini", "prompt": "a red apple", **facts}

    def shown(answer: Any) -> list[str]:
        return [one.b64_json or one.url for one in answer.data]

    if scene == "url":
        return {"pictures": shown(litellm.image_generation(**own, n=2))}
    if scene == "b64":
        # It refuses by itself, for OpenAI's and for our names.
        return {"lacks": "response_format"}
    if scene == "alias":
        return {"pictures": shown(litellm.image_generation(**{**own, "model": "openai/gpt-image-1"}))}
    if scene == "refusal":
        return {"pictures": shown(litellm.image_generation(**{**own, "prompt": told["refused"]}))}
    if scene == "quota":
        return {"pictures": shown(litellm.image_generation(**own, n=4))}
    if scene == "overload":
        return {"pictures": [shown(litellm.image_generation(**own))[0] for _ in range(2)]}
    if scene == "rejoin":
        return {"pictures": shown(litellm.image_generation(**own))}
    if scene == "edit":
        wish = {
            "image": named("boat.png", picture),
            "prompt": "a red apple",
            "model": "openai/gpt-image-1",
            **facts,
        }
        return {"pictures": shown(litellm.image_edit(**wish))}
    if scene == "mask":
        files = {"image": named("boat.png", picture), "mask": named("mask.png", bytes.fromhex(told["mask"]))}
        wish = {**files, "prompt": "a red apple", "model": "openai/gpt-image-1", **facts}
        return {"pictures": shown(litellm.image_edit(**wish))}
    if scene == "moderations":

        def ask(**wish: Any) -> Any:
            return litellm.moderation(**wish, **facts).model_dump()

        # It is typed for a text; its documentation promises lists and parts too.
        texts, url = told["texts"], f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        part = {"type": "image_url", "image_url": {"url": url}}
        one = [ask(input=text) for text in texts]
        many = [ask(input=texts, model="omni-moderation-latest")]
        parts = [ask(input=[part]), ask(input=[part, {"type": "text", "text": texts[1]}])]
        return {"moderations": {"text": one, "list": many, "parts": parts}}
    return {"lacks": scene}


def named(name: str, data: bytes) -> io.BytesIO:
    """As an opened file."""
    file = io.BytesIO(data)
    file.name = name
    return file


told = json.load(sys.stdin)
for name, place in told["scenes"].items():
    began = time.monotonic()
    try:
        seen = play(name, place, bytes.fromhex(told["picture"]))
    except Exception as raised:
        about = {"status": getattr(raised, "status_code", None), "code": getattr(raised, "code", None)}
        seen = {"error": {"class": type(raised).__name__, **about, "message": str(raised)[:300]}}
    sys.stdout.write(json.dumps({"scene": name, "seconds": time.monotonic() - began, **seen}) + "\n")
    sys.stdout.flush()
