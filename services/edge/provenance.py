"""Where a picture comes from, written into it and read back: C2PA content credentials, by c2pa's own library.

Every finished picture says that a model made it, which one and when, and is signed over all its bytes; a changed
one is told as such. Neither who asked is in it nor the prompt, unless that was asked for. What a picture from
outside points to is not fetched.
"""

import asyncio
import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import c2pa
from cryptography import x509
from cryptography.x509.oid import NameOID
from PIL import Image
from prometheus_client import Counter

from services.edge.job import Job
from services.edge.signing import Identity
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.pictures import media_type
from services.runtime.settings import SettingsError

GENERATOR = "Fournil"
THREADS = 2
MOST_CHECKS = 16
"""Waiting or under way; each holds a picture."""
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"

CHECKS = Counter("fournil_edge_provenance_checks_total", "Pictures whose provenance was read.", ["state"])

Result = TypeVar("Result")


class Credential(StrEnum):
    """What is known of a picture's credentials."""

    ABSENT = "absent"
    INVALID = "invalid"
    """The picture or its credentials were changed, or cannot be read."""
    VALID = "valid"
    """Unchanged since it was signed, by somebody whom this mesh does not know."""
    TRUSTED = "trusted"
    """Unchanged since it was signed, by somebody whom this mesh trusts."""


@dataclass(frozen=True)
class Report:
    """What a picture says of itself. All but `state` and `problems` are empty where it says nothing."""

    state: Credential
    made_here: bool = False
    """Whether this mesh signed it."""
    generator: str = ""
    model: str = ""
    time: str = ""
    """When it was made, RFC 3339."""
    source_type: str = ""
    """IPTC's digital source type, the last part of its name."""
    prompt: str = ""
    signer: str = ""
    problems: tuple[str, ...] = ()
    """C2PA's codes of what does not hold, for example "assertion.dataHash.mismatch"."""


class Provenance:
    """Implements `walk.Provenance`. The work is done in threads of its own."""

    def __init__(self, identity: Identity, version: str) -> None:
        """Raises SettingsError if it cannot sign so that it trusts itself."""
        subject = x509.load_pem_x509_certificate(identity.chain).subject
        self._signer_name = _first(subject, NameOID.COMMON_NAME), _first(subject, NameOID.ORGANIZATION_NAME)
        self._identity, self._version = identity, version
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="provenance")
        self._own = threading.local()
        self._checks = 0
        self._try()

    async def mark(self, job: Job, data: bytes, source: bytes) -> bytes:
        """The finished picture with its credentials. `source`: the picture that it was drawn over, or nothing."""
        return await self._in_thread(lambda: self._mark(job, data, source))

    async def check(self, data: bytes) -> Report:
        """What a PNG, JPEG or WebP says of itself. Raises INVALID_ARGUMENT, or OVERLOADED."""
        if not media_type(data).startswith("image/"):
            raise invalid("image", "not a readable PNG, JPEG or WebP picture")
        if self._checks >= MOST_CHECKS:
            raise Fault(Reason.OVERLOADED, "too many pictures are being looked at", retry_after=1.0)
        self._checks += 1
        try:
            report = await self._in_thread(lambda: self._check(data))
        finally:
            self._checks -= 1
        CHECKS.labels(report.state).inc()
        return report

    def close(self) -> None:
        """Lets the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _mark(self, job: Job, data: bytes, source: bytes) -> bytes:
        signer, context = self._tools()
        signed = io.BytesIO()
        with c2pa.Builder(self._manifest(job, bool(source)), context=context) as builder:
            if source:
                what = {"title": "source", "instance_id": "source", "relationship": "inputTo"}
                builder.add_ingredient(what, media_type(source), io.BytesIO(source))
            builder.sign(signer, media_type(data), io.BytesIO(data), signed)
        return signed.getvalue()

    def _manifest(self, job: Job, drawn_over: bool) -> dict[str, Any]:
        facts: dict[str, Any] = {"model": job.spec.model}
        if job.spec.prompt_in_provenance:
            facts["prompt"] = job.spec.prompt
        if drawn_over:
            facts["ingredientIds"] = ["source"]
        kind = "compositeWithTrainedAlgorithmicMedia" if drawn_over else "trainedAlgorithmicMedia"
        generator = {"name": GENERATOR, "version": self._version}
        made = {
            "action": "c2pa.created",
            "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "softwareAgent": generator,
            "digitalSourceType": _SOURCE_TYPES + kind,
            "parameters": facts,
        }
        assertions = [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}]
        return {"claim_generator_info": [generator], "assertions": assertions}

    def _check(self, data: bytes) -> Report:
        _, context = self._tools()
        try:
            with c2pa.Reader(media_type(data), io.BytesIO(data), context=context) as reader:
                told: dict[str, Any] = json.loads(reader.json())
        except c2pa.C2paError.ManifestNotFound:
            return Report(Credential.ABSENT)
        except c2pa.C2paError as error:
            # Its text begins with what kind of error it is; the rest may quote the picture.
            return Report(Credential.INVALID, problems=(str(error).partition(":")[0],))
        problems = tuple(sorted({entry["code"] for entry in told.get("validation_status") or ()}))
        state = told.get("validation_state")
        if state not in {"Valid", "Trusted"}:
            return Report(Credential.INVALID, problems=problems)
        return self._report(told, Credential(str(state).lower()), problems)

    def _report(self, told: dict[str, Any], state: Credential, problems: tuple[str, ...]) -> Report:
        manifest = told["manifests"][told["active_manifest"]]
        made: dict[str, Any] = {}
        for assertion in manifest.get("assertions", ()):
            if assertion["label"].startswith("c2pa.actions"):
                made = next((one for one in assertion["data"]["actions"] if one["action"] == "c2pa.created"), {})
        signature = manifest.get("signature_info", {})
        name = signature.get("common_name"), signature.get("issuer")
        facts = made.get("parameters", {})
        return Report(
            state,
            made_here=state is Credential.TRUSTED and name == self._signer_name,
            generator=str((manifest.get("claim_generator_info") or [{}])[0].get("name", "")),
            model=str(facts.get("model", "")),
            time=str(made.get("when", "")),
            source_type=str(made.get("digitalSourceType", "")).rpartition("/")[2],
            prompt=str(facts.get("prompt", "")),
            signer=", ".join(part for part in name if part),
            problems=problems,
        )

    def _tools(self) -> tuple[c2pa.Signer, c2pa.Context]:
        """Of this thread: they are not shared."""
        if not hasattr(self._own, "tools"):
            identity = self._identity
            info = c2pa.C2paSignerInfo(identity.algorithm.encode(), identity.chain, identity.key, None)
            context = c2pa.Context.from_dict(
                {
                    "trust": {"user_anchors": identity.anchors.decode()},
                    "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
                    "builder": {"thumbnail": {"enabled": False}},
                }
            )
            self._own.tools = c2pa.Signer.from_info(info), context
        tools: tuple[c2pa.Signer, c2pa.Context] = self._own.tools
        return tools

    def _try(self) -> None:
        dot = io.BytesIO()
        Image.new("RGB", (8, 8)).save(dot, "png")
        try:
            signer, context = self._tools()
            signed = io.BytesIO()
            with c2pa.Builder({"claim_generator_info": [{"name": GENERATOR}]}, context=context) as builder:
                builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.EMPTY)
                builder.sign(signer, "image/png", io.BytesIO(dot.getvalue()), signed)
            report = self._check(signed.getvalue())
        except c2pa.C2paError as error:
            raise SettingsError(f"pictures cannot be signed with this certificate: {error}") from None
        if report.state is not Credential.TRUSTED:
            raise SettingsError(f"the certificate that signs pictures is not one: {', '.join(report.problems)}")


def _first(name: x509.Name, kind: x509.ObjectIdentifier) -> str | None:
    found = name.get_attributes_for_oid(kind)
    return str(found[0].value) if found else None
