"""Jobs to the fields of a Redis hash and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from services.edge.job import Account, Drawn, Failure, Format, Job, Place, Refusal, Spec, State, Usage
from services.runtime.errors import Reason

_ACCOUNT = ("account_id", "tier", "key_id")
"""Of the account; what its key may do was settled when it asked."""


def pack_doc(job: Job) -> str:
    """What never changes, as JSON."""
    return json.dumps(
        {
            "account": {name: getattr(job.account, name) for name in _ACCOUNT},
            "spec": asdict(job.spec),
            "created": job.created,
            "request_id": job.request_id,
            "body_hash": job.body_hash,
            "webhook_url": job.webhook_url,
            "voucher": job.voucher,
            "language": job.language,
        }
    )


def pack_place(place: Place) -> str:
    """A place as JSON."""
    return json.dumps(asdict(place))


def pack_drawn(drawn: Sequence[Drawn]) -> str:
    """Pictures as JSON."""
    return json.dumps([asdict(picture) for picture in drawn])


def pack_usage(usage: Usage) -> str:
    """What a job took, as JSON."""
    return json.dumps(asdict(usage))


def pack_failure(failure: Failure) -> str:
    """A failure as JSON; it also serves as the data of the `failed` event."""
    return json.dumps(asdict(failure))


def unpack_failure(data: Mapping[str, Any]) -> Failure:
    """A failure from its parsed JSON."""
    refusal = data.get("refusal")
    return Failure(Reason(data["reason"]), Refusal(**refusal) if refusal else None)


def unpack_spec(data: Mapping[str, Any]) -> Spec:
    """A spec from its parsed JSON."""
    return Spec(**{**data, "output_format": Format(data.get("output_format", Format.PNG))})


def unpack(job_id: str, fields: Mapping[str, str]) -> Job:
    """A job from its record."""
    doc = json.loads(fields["doc"])
    return Job(
        id=job_id,
        account=Account(**doc["account"]),
        spec=unpack_spec(doc["spec"]),
        created=doc["created"],
        request_id=doc["request_id"],
        body_hash=doc["body_hash"],
        webhook_url=doc.get("webhook_url", ""),
        voucher=doc.get("voucher", ""),
        language=doc["language"],
        state=State(fields.get("state", State.HELD)),
        ended=float(fields["ended"]) if "ended" in fields else None,
        place=Place(**json.loads(fields["place"])) if "place" in fields else None,
        images=tuple(Drawn(**entry) for entry in json.loads(fields.get("images", "[]"))),
        failure=unpack_failure(json.loads(fields["failure"])) if "failure" in fields else None,
        charged=int(fields.get("charged", 0)),
        usage=Usage(**json.loads(fields["usage"])) if "usage" in fields else None,
        attempt=int(fields.get("attempt", 0)),
    )
