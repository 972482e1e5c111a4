"""Drawing through every door: stubs, friendly client, command line, REST, the openai client."""

import base64
import http.server
import io
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import openai
import pytest
from PIL import Image
from standardwebhooks import Webhook

from fournil.client import FournilError
from fournil.edge.v1 import edge_pb2
from tests.e2e.conftest import REPO, SupervisedMesh

pytestmark = pytest.mark.e2e
FAST = 4


def size_of(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        assert picture.format == "PNG"
        return picture.size


@pytest.mark.parametrize("prompt", ["a crab next to a boat on a beach", "un crabe à côté d'une barque"])
def test_a_prompt_in_either_language_is_drawn_and_charged(mesh: SupervisedMesh, prompt: str) -> None:
    with mesh.client(mesh.new_key("free")) as client:
        job = client.draw(prompt, steps=FAST, seed=7)
        kinds = [event.WhichOneof("event") for event in client.watch(job.id)]
        assert kinds[-1] == "completed" and kinds.count("step") == FAST
        assert "preview" in kinds and "image" in kinds
        done = client.job(job.id)
        assert (done.state, done.charged) == (edge_pb2.JOB_STATE_COMMITTED, 1)
        assert size_of(client.image(job.id, 0)) == (256, 256)
        left = client.allowance()
        assert (left.limit, left.used, left.held, left.live) == (3, 1, 0, 0)


def test_the_same_seed_gives_the_same_picture_in_any_company(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("paid")) as client:
        alone = client.draw("a red apple", steps=FAST, seed=11)
        list(client.watch(alone.id))
        crowd = [client.draw("a red apple", steps=FAST, seed=11)]
        crowd += [client.draw(f"a cat, number {number}", steps=FAST + number) for number in range(4)]
        for job in crowd:
            list(client.watch(job.id))
        first, second = (pixels(client.image(one, 0)) for one in (alone.id, crowd[0].id))
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) <= 1


def pixels(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGB").tobytes()


def test_several_pictures_use_following_seeds(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("paid")) as client:
        job = client.draw("a fish", count=3, steps=FAST, seed=5, size="64x64")
        list(client.watch(job.id))
        done = client.job(job.id)
        assert [(image.index, image.seed) for image in done.images] == [(0, 5), (1, 6), (2, 7)]
        pictures = [client.image(job.id, index) for index in range(3)]
        assert len(set(pictures)) == 3 and all(size_of(png) == (64, 64) for png in pictures)


def test_a_repeated_request_is_the_same_job(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("free")) as client:
        first = client.draw("a star", steps=FAST, request_id="once")
        again = client.draw("a star", steps=FAST, request_id="once")
        assert again.id == first.id
        with pytest.raises(FournilError) as raised:
            client.draw("a moon", steps=FAST, request_id="once")
        assert raised.value.reason == "REQUEST_ID_REUSED"
        list(client.watch(first.id))
        assert client.allowance().used == 1


def test_a_dry_run_tells_and_takes_nothing(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("free")) as client:
        would = client.draw("a boat", count=2, validate_only=True)
        assert would.id == "" and would.HasField("place") and would.count == 2
        left = client.allowance()
        assert (left.used, left.held, left.live) == (0, 0, 0) and client.jobs() == []
        with pytest.raises(FournilError) as raised:
            client.draw("a boat", count=4, validate_only=True)
        assert raised.value.reason == "ALLOWANCE_SPENT"


def test_a_cancelled_job_costs_nothing(mesh: SupervisedMesh) -> None:
    with mesh.client(mesh.new_key("free"), "fr") as client:
        job = client.draw("un arbre", steps=100, count=3)
        cancelled = client.cancel(job.id)
        assert cancelled.state == edge_pb2.JOB_STATE_REFUNDED
        assert cancelled.failure.reason == "JOB_CANCELLED" and "annulée" in cancelled.failure.message
        left = client.allowance()
        assert (left.used, left.held, left.live) == (0, 0, 0)
        assert client.cancel(job.id).state == edge_pb2.JOB_STATE_REFUNDED


def test_ten_lines_with_the_stubs(mesh: SupervisedMesh, tmp_path: Path) -> None:
    out = tmp_path / "crab.png"
    script = [
        sys.executable,
        str(REPO / "examples" / "ten_lines.py"),
        mesh.local.target,
        mesh.new_key("free"),
        str(out),
    ]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False, cwd=REPO)
    assert done.returncode == 0, done.stderr
    assert "step" in done.stdout and done.stdout.strip().endswith("completed")
    assert size_of(out.read_bytes()) == (256, 256)


def test_the_openai_example(mesh: SupervisedMesh, tmp_path: Path) -> None:
    out = tmp_path / "crab.png"
    arguments = [mesh.local.page, mesh.new_key("free"), str(out)]
    script = [sys.executable, str(REPO / "examples" / "openai_client.py"), *arguments]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False, cwd=REPO)
    assert done.returncode == 0, done.stderr
    assert size_of(out.read_bytes()) == (256, 256)


@pytest.mark.parametrize(("program", "example"), [("sh", "curl.sh"), ("node", "fetch.mjs")])
def test_the_examples_without_python(mesh: SupervisedMesh, tmp_path: Path, program: str, example: str) -> None:
    needed = "curl" if program == "sh" else program
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not on this machine")
    out = tmp_path / "crab.png"
    arguments = [mesh.local.page, mesh.new_key("free"), str(out)]
    script = [program, str(REPO / "examples" / example), *arguments]
    done = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False, cwd=REPO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "saved" in done.stdout and size_of(out.read_bytes()) == (256, 256)


def test_the_demo_draws_the_crab_beside_the_boat(tmp_path: Path) -> None:
    out = tmp_path / "crabe.png"
    script = [sys.executable, "-m", "examples.demo", str(out)]
    done = subprocess.run(script, capture_output=True, text=True, timeout=180, check=False, cwd=REPO)
    assert done.returncode == 0, done.stderr
    assert size_of(out.read_bytes()) == (256, 256)


def test_the_command_line_draws_lists_and_counts(mesh: SupervisedMesh, tmp_path: Path) -> None:
    out = tmp_path / "crabe.png"
    base = [
        sys.executable,
        "-m",
        "fournil.cli",
        "--target",
        mesh.local.target,
        "--key",
        mesh.new_key("free"),
        "--lang",
        "fr",
    ]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*base, *arguments], capture_output=True, text=True, timeout=120, check=False, cwd=REPO
        )

    drawn = run("draw", "un crabe à côté d'une barque", "-o", str(out), "--steps", str(FAST))
    assert drawn.returncode == 0, drawn.stderr
    assert size_of(out.read_bytes()) == (256, 256) and "enregistré" in drawn.stdout
    told = run("provenance", str(out))
    assert told.returncode == 0 and "faite par ce service" in told.stdout and "texte" not in told.stdout
    out.write_bytes(out.read_bytes().replace(b"IDAT", b"IDAS", 1))
    told = run("provenance", str(out))
    assert told.returncode == 1 and "modifiée" in told.stdout
    drawn = run("draw", "un crabe", "-o", str(out.with_suffix(".webp")), "--steps", "4", "--prompt-in-provenance")
    assert drawn.returncode == 0, drawn.stderr
    assert "texte : un crabe" in run("provenance", str(out.with_suffix(".webp"))).stdout
    assert "encore 1 images sur 3" in run("allowance").stdout
    assert "committed" in run("jobs").stdout
    assert "fournil-mini" in run("models").stdout
    assert "fours" in run("queue").stdout
    bad = run("draw", " ")
    assert bad.returncode == 1 and "ne doit pas être vide" in bad.stderr


def test_rest_jobs_events_and_pictures(mesh: SupervisedMesh) -> None:
    headers = {"authorization": f"Bearer {mesh.new_key('free')}", "accept-language": "fr"}
    with httpx.Client(base_url=mesh.local.page, headers=headers, timeout=60) as web:
        made = web.post("/v1/jobs", json={"prompt": "une pomme sur fond bleu", "steps": FAST})
        assert made.status_code == 202 and made.headers["x-request-id"]
        job = made.json()
        assert made.headers["location"] == f"/v1/jobs/{job['id']}"
        events = list(sse(web, f"/v1/jobs/{job['id']}/events"))
        kinds = [kind for _, kind, _ in events]
        assert kinds[-1] == "completed" and kinds.count("step") == FAST
        middle = events[len(events) // 2][0]
        rest = list(sse(web, f"/v1/jobs/{job['id']}/events", {"last-event-id": middle}))
        assert [one[0] for one in rest] == [one[0] for one in events[len(events) // 2 + 1 :]]
        picture = next(data for _, kind, data in events if kind == "image")
        without_key = httpx.get(mesh.local.page + picture["url"], timeout=10)
        assert size_of(without_key.content) == (256, 256)
        check = web.post("/v1/content_provenance_checks", content=without_key.content)
        assert check.status_code == 200
        told = check.json()
        assert (told["state"], told["made_here"], told["model"]) == ("trusted", True, "fournil-mini")
        assert web.post("/v1/content_provenance_checks", content=b"GIF89a").status_code == 400
        assert web.post("/v1/content_provenance_checks", content=bytes(17 * 2**20)).status_code == 400
        done = web.get(f"/v1/jobs/{job['id']}").json()
        assert done["usage"]["compute_seconds"] > 0 and "energy_joules" in done["usage"]
        assert httpx.get(mesh.local.page + picture["url"] + "0", timeout=10).status_code == 404
        assert web.get("/v1/me/allowance").json()["remaining"] == 2
        assert [one["id"] for one in web.get("/v1/jobs").json()["jobs"]] == [job["id"]]
        assert web.get("/v1/queue").json()["ovens"] == 1


def test_who_prefers_to_wait_is_answered_when_it_has_ended(mesh: SupervisedMesh) -> None:
    headers = {"authorization": f"Bearer {mesh.new_key('free')}"}
    with httpx.Client(base_url=mesh.local.page, headers=headers, timeout=60) as web:
        body = {"prompt": "a red apple", "steps": FAST}
        done = web.post("/v1/jobs", json=body, headers={"prefer": "respond-async, wait=30"})
        assert (done.status_code, done.json()["state"]) == (200, "committed")
        assert done.headers["preference-applied"] == "wait=30"
        early = web.post("/v1/jobs", json={**body, "steps": 100, "count": 2}, headers={"Prefer": "wait=1"})
        assert (early.status_code, early.json()["state"] in {"queued", "running"}) == (202, True)
        web.post(f"{early.headers['location']}:cancel")
        usual = web.post("/v1/jobs", json=body, headers={"prefer": "wait=soon"})
        assert usual.status_code == 202 and "preference-applied" not in usual.headers


def test_an_end_is_told_by_webhook_and_a_job_is_deleted(mesh: SupervisedMesh) -> None:
    came: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put((dict(self.headers), self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    with mesh.client(mesh.new_key("free"), "fr") as client:
        url = f"http://127.0.0.1:{server.server_port}/hook"
        job = client.draw("une pomme", steps=FAST, webhook_url=url)
        headers, body = came.get(timeout=60)
        told = Webhook(client.webhook_secret()).verify(body, headers)
        assert (told["type"], told["data"]["id"], told["data"]["charged"]) == ("job.completed", job.id, 1)
        picture = httpx.get(told["data"]["images"][0]["url"], timeout=10)
        assert size_of(picture.content) == (256, 256)
        client.delete(job.id)
        with pytest.raises(FournilError) as gone:
            client.job(job.id)
        assert gone.value.reason == "NOT_FOUND"
        assert client.jobs() == []
        assert httpx.get(told["data"]["images"][0]["url"], timeout=10).status_code == 404
        with pytest.raises(FournilError):
            client.draw("une pomme", webhook_url="gopher://example.com")
    server.shutdown()
    server.server_close()


def sse(
    web: httpx.Client, path: str, headers: dict[str, str] | None = None
) -> list[tuple[str, str, dict[str, object]]]:
    events, current = [], {}
    with web.stream("GET", path, headers=headers or {}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                current[name] = value
            elif not line and current:
                events.append((current["id"], current["event"], json.loads(current["data"])))
                current = {}
    return events


def test_the_openai_client_draws_until_the_allowance_is_spent(mesh: SupervisedMesh) -> None:
    client = mesh.openai(mesh.new_key("free"), max_retries=2)
    for _ in range(3):
        answer = client.images.generate(prompt="un bateau", model="gpt-image-1", extra_body={"steps": FAST})
        assert answer.data and answer.data[0].b64_json
        assert size_of(base64.b64decode(answer.data[0].b64_json)) == (256, 256)
    started = time.monotonic()
    with pytest.raises(openai.RateLimitError) as raised:
        client.images.generate(prompt="un bateau", model="gpt-image-1")
    assert time.monotonic() - started < 5, "asked once, not again and again"
    assert raised.value.code == "insufficient_quota" and raised.value.type == "insufficient_quota"
    body = raised.value.body
    assert isinstance(body, dict) and str(body["reset_time"]).endswith("T00:00:00Z")


def test_the_openai_client_streams_and_takes_urls(mesh: SupervisedMesh) -> None:
    client = mesh.openai(mesh.new_key("paid"))
    kinds = [
        event.type
        for event in client.images.generate(
            prompt="a cat", model="gpt-image-1", stream=True, partial_images=2, extra_body={"steps": FAST}
        )
    ]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    answer = client.images.generate(prompt="a cat", model="fournil-mini", extra_body={"steps": FAST})
    assert answer.data and answer.data[0].url and answer.data[0].b64_json is None
    assert size_of(httpx.get(answer.data[0].url, timeout=10).content) == (256, 256)
    assert client.models.retrieve("fournil-mini").id == "fournil-mini"
    assert "fournil-mini" in [model.id for model in client.models.list()]


def test_one_request_id_is_in_the_logs_of_all_four(mesh: SupervisedMesh) -> None:
    headers = {"authorization": f"Bearer {mesh.new_key('paid')}", "x-request-id": "follow-me-1"}
    body = {"prompt": "a boat", "steps": FAST, "response_format": "b64_json"}
    answer = httpx.post(f"{mesh.local.page}/v1/images/generations", json=body, headers=headers, timeout=60)
    assert answer.status_code == 200 and answer.headers["x-request-id"] == "follow-me-1"

    def told(log: Path) -> bool:
        lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line[:1] == "{"]
        return any(line["request_id"] == "follow-me-1" for line in lines)

    # A service may write its line just after its answer has gone out.
    limit = time.monotonic() + 5
    for name, child in mesh.local.children.items():
        while not told(child.log) and time.monotonic() < limit:
            time.sleep(0.05)
        assert told(child.log), name
