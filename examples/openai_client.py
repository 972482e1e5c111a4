"""The unmodified `openai` client. Give the page's address and a key as arguments."""

import base64
import sys
from pathlib import Path

import openai

client = openai.OpenAI(base_url=f"{sys.argv[1]}/v1", api_key=sys.argv[2])
try:
    answer = client.images.generate(prompt="un crabe à côté d'une barque", model="gpt-image-1")
except openai.RateLimitError as error:
    print(error.code, (error.body or {}).get("reset_time"))  # type: ignore[attr-defined]
    sys.exit(1)
assert answer.data and answer.data[0].b64_json
Path(sys.argv[3]).write_bytes(base64.b64decode(answer.data[0].b64_json))
print("saved", sys.argv[3])
