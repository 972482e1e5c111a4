"""One score, and one time until when, wherever they are told: the refusal in every form, the job, the decision
read back, the appeal."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

from fournil.edge.v1 import edge_pb2
from fournil.moderator.v1 import moderator_pb2
from services.edge.counter import as_fault
from services.edge.diary import RedisDiary
from services.edge.grpc_moderator import GrpcModerator, GrpcTaster
from services.edge.job import Account, Job
from services.edge.moderation_counter import ModerationCounter
from services.edge.moderation_rest import decision_note, result, shape
from services.edge.notes import failure_note
from services.edge.openai_errors import error_object
from services.edge.problems import problem
from services.edge.server import ImageService
from services.edge.walk import walk
from tests.unit.edge.fake_mesh import FakeMesh, a_job

NOBODY: Any = None
EXACT, TOLD = 0.87654321, 0.8765
UNTIL = 1_800_000_000
DECISION = "dec_" + "a" * 26
ACCOUNT = Account("ada", "free", "key")
VERDICT = moderator_pb2.Verdict(
    allowed=False, decision_id=DECISION, stage="STAGE_PROMPT", category="violence", score=EXACT,
    scores={"violence": EXACT, "hate": 0.00004}, beyond=["violence"], appealable=True,
    expire_time={"seconds": UNTIL},
)  # fmt: skip
ANSWERS = {
    "ScreenPrompt": moderator_pb2.ScreenPromptResponse(verdict=VERDICT),
    "GetDecision": moderator_pb2.GetDecisionResponse(verdict=VERDICT, account_id="ada"),
    "GetAppeal": moderator_pb2.GetAppealResponse(
        appeal=moderator_pb2.Appeal(state="APPEAL_STATE_OPEN", score=EXACT, category="violence")
    ),
}


class Channel:
    """To a moderator that says the same of everything."""

    def unary_unary(self, path: str, *rest: Any, **more: Any) -> Callable[[object], Awaitable[object]]:
        async def answer(request: object) -> object:
            return ANSWERS[path.rpartition("/")[2]]

        return answer


class Desk:
    """Knows one caller and one job."""

    def __init__(self, job: Job) -> None:
        self.job = job

    async def account(self, authorization: str | None) -> Account:
        return ACCOUNT

    async def get(self, account: Account, job_id: str) -> Job:
        return self.job


class Call:
    def invocation_metadata(self) -> tuple[()]:
        return ()


async def test_a_refusal_has_one_score_and_one_end_in_every_form_and_read_back() -> None:
    taster = GrpcTaster(cast(Any, Channel()))
    fake, job = FakeMesh(), a_job()
    await walk(job, replace(fake.mesh(), moderator=GrpcModerator(cast(Any, Channel()))))
    assert fake.failure is not None and fake.failure.refusal is not None
    fault = as_fault(fake.failure)
    told = {
        "REST": json.loads(bytes(problem(fault).body))["refusal"],
        "OpenAI": error_object(fault),
        "job": failure_note(fake.failure)["refusal"],
        "read back": decision_note(await taster.decision(DECISION)),
        "appeal": shape(await taster.appeal(ACCOUNT, "apl_1")),
    }
    desk = cast(Any, Desk(replace(job, failure=fake.failure)))
    service, call = ImageService(desk, ModerationCounter(taster, cast(RedisDiary, None)), desk, NOBODY), Call()
    found = await service.GetJob(edge_pb2.GetJobRequest(id=job.id), cast(Any, call))
    read = await service.GetDecision(edge_pb2.GetDecisionRequest(decision_id=DECISION), cast(Any, call))
    appealed = await service.GetAppeal(edge_pb2.GetAppealRequest(appeal_id="apl_1"), cast(Any, call))
    over_grpc = {"job": found.job.failure.refusal, "read back": read.decision, "appeal": appealed.appeal}
    whens = {name: one["expire_time"] for name, one in told.items() if name != "appeal"}
    assert whens == dict.fromkeys(whens, "2027-01-15T08:00:00Z")
    assert {one.expire_time.seconds for name, one in over_grpc.items() if name != "appeal"} == {UNTIL}
    assert {name: one["score"] for name, one in told.items()} == dict.fromkeys(told, TOLD)
    assert {name: one.score for name, one in over_grpc.items()} == dict.fromkeys(over_grpc, TOLD)


async def test_openais_moderations_tell_the_same_score() -> None:
    verdict = await GrpcTaster(cast(Any, Channel())).look_at(ACCOUNT, "a crab", "auto")
    scores = result([verdict], [True])["category_scores"]
    assert (scores["violence"], scores["hate"]) == (TOLD, 0.0)
