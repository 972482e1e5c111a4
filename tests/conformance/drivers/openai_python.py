"""openai-python, any version from 1.0: plays the scenes it is told on standard input, tells what it saw as JSON
lines.

Runs in an environment of its own: imports nothing but the client and the standard library.
"""

import base64
import inspect
import io
import json
import sys
import time
from typing import Any

import openai

STEPS = {"steps": 4}


def play(scene: str, client: Any, picture: bytes) -> dict[str, Any]:
    """What was seen."""
    images = client.images
    # Not a name of OpenAI's own, so that the server answers with what was asked, not with what that name implies.
    own = {"model": "fournil-mini", "prompt": "a red apple", "extra_body": STEPS}
    knows = inspect.signature(images.generate).parameters
    if "model" not in knows:
        del own["model"]
    if scene in {"b64", "url"}:
        answer = images.generate(**own, n=2, response_format="b64_json" if scene == "b64" else "url")
        return {"pictures": [one.b64_json or one.url for one in answer.data]}
    if scene == "alias":
        if "model" not in knows:
            return {"lacks": "a model"}
        answer = images.generate(model="gpt-image-1", prompt="a red apple", extra_body=STEPS)
        return {"pictures": [one.b64_json for one in answer.data]}
    if scene == "stream":
        if "stream" not in knows:
            return {"lacks": "streaming"}
        events = list(images.generate(**own, stream=True, partial_images=2))
        return {"events": [one.type for one in events], "pictures": [events[-1].b64_json]}
    if scene == "stream_refused":
        if "stream" not in knows:
            return {"lacks": "streaming"}
        return {"events": [one.type for one in images.generate(**{**own, "prompt": REFUSED}, stream=True)]}
    if scene == "refusal":
        return {"pictures": [one.url for one in images.generate(**{**own, "prompt": REFUSED}).data]}
    if scene == "quota":
        return {"pictures": [one.url for one in images.generate(**own, n=4).data]}
    if scene == "overload":
        return {"pictures": [images.generate(**own).data[0].url for _ in range(2)]}
    if scene == "rejoin":
        slow = {**own, "extra_body": {"steps": 60}}
        return {"pictures": [one.url for one in images.generate(**slow).data]}
    if scene == "edit":
        answer = images.edit(
            image=named("boat.png", picture), prompt="a red apple", extra_body={**STEPS, "strength": 0.5}
        )
        return {"pictures": [one.b64_json or one.url for one in answer.data]}
    if scene == "mask":
        files = {"image": named("boat.png", picture), "mask": named("mask.png", bytes.fromhex(told["mask"]))}
        answer = images.edit(**files, prompt="a red apple", extra_body=STEPS)
        return {"pictures": [one.b64_json or one.url for one in answer.data]}
    if scene == "models":
        listed = [one.id for one in client.models.list()]
        return {"models": listed, "retrieved": client.models.retrieve("fournil-mini").id}
    if scene == "moderations":
        return {"moderations": moderations(client.moderations, picture)}
    return {"lacks": scene}


def moderations(moderator: Any, picture: bytes) -> dict[str, Any]:
    """The answers, by the form in which was asked."""

    def ask(**wish: Any) -> dict[str, Any]:
        answer = moderator.create(**wish)
        known = {"request_id": answer._request_id} if hasattr(answer, "_request_id") else {}
        return {**answer.model_dump(by_alias=True), **known}

    texts = told["texts"]
    seen = {"text": [ask(input=one) for one in texts], "list": [ask(input=texts, model="omni-moderation-latest")]}
    if "MultiModal" in str(inspect.signature(moderator.create).parameters["input"].annotation):
        url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        part = {"type": "image_url", "image_url": {"url": url}}
        seen["parts"] = [ask(input=[part]), ask(input=[part, {"type": "text", "text": texts[1]}])]
    return seen


def error(raised: Exception) -> dict[str, Any]:
    """What a caller can tell of an error."""
    seen = {"class": type(raised).__name__, "status": getattr(raised, "status_code", None)}
    return {**seen, "code": getattr(raised, "code", None), "message": str(raised)[:300]}


def named(name: str, data: bytes) -> io.BytesIO:
    """As an opened file."""
    file = io.BytesIO(data)
    file.name = name
    return file


told = json.load(sys.stdin)
REFUSED = told["refused"]
for name, where in told["scenes"].items():
    began = time.monotonic()
    client = openai.OpenAI(base_url=where["url"], api_key=where["key"], timeout=60)
    try:
        seen = play(name, client, bytes.fromhex(told["picture"]))
    except Exception as raised:
        seen = {"error": error(raised)}
    sys.stdout.write(json.dumps({"scene": name, "seconds": time.monotonic() - began, **seen}) + "\n")
    sys.stdout.flush()
