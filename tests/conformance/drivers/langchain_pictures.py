"""LangChain community's picture wrapper and its moderation chain: plays the scenes it is told on standard input,
tells what it saw as JSON lines. The wrapper gives out URLs only, and passes on no parameter of ours; the chain
takes one text, and gives out the text or a sentence in its place."""

import json
import os
import sys
import time
import warnings
from typing import Any

warnings.simplefilter("ignore")
from langchain_classic.chains import OpenAIModerationChain  # noqa: E402
from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper  # noqa: E402


def play(scene: str, where: dict[str, str]) -> dict[str, Any]:
    """What was seen."""
    if scene == "moderations":
        os.environ["OPENAI_BASE_URL"] = where["url"]  # the chain takes no address
        chain = OpenAIModerationChain(openai_api_key=where["key"])
        kept = [chain.invoke({"input": text})["output"] == text for text in told["texts"]]
        return {"moderations": {"text": [{"results": [{"flagged": not one}]} for one in kept]}}
    many = {"url": 2, "quota": 4}.get(scene, 1)
    if scene not in {"url", "refusal", "quota", "overload", "rejoin"}:
        return {"lacks": scene}
    facts = {"api_key": where["key"], "base_url": where["url"], "timeout": 60}
    wrapper = DallEAPIWrapper(model="dall-e-3", size="256x256", n=many, **facts)
    prompt = told["refused"] if scene == "refusal" else "a red apple"
    answers = [wrapper.run(prompt) for _ in range(2 if scene == "overload" else 1)]
    return {"pictures": [url for answer in answers for url in answer.split("\n")]}


told = json.load(sys.stdin)
for name, place in told["scenes"].items():
    began = time.monotonic()
    try:
        seen = play(name, place)
    except Exception as raised:
        facts = {"status": getattr(raised, "status_code", None), "code": getattr(raised, "code", None)}
        seen = {"error": {"class": type(raised).__name__, **facts, "message": str(raised)[:300]}}
    sys.stdout.write(json.dumps({"scene": name, "seconds": time.monotonic() - began, **seen}) + "\n")
    sys.stdout.flush()
