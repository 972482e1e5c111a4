"""The taster's admin service: messages to plain values and back, nothing else but the token that operators
show."""

from __future__ import annotations

from typing import Any

import grpc

from fournil.moderator.v1 import admin_pb2 as pb
from fournil.moderator.v1 import admin_pb2_grpc, moderator_pb2
from services.moderator.appeals import State
from services.moderator.back_office import BackOffice, Standing
from services.moderator.comparison import Tally
from services.moderator.exemplars import Exemplar, Kind
from services.moderator.server import appeal_message
from services.runtime.admin_token import AdminToken
from services.runtime.errors import invalid
from services.runtime.wire_time import timestamp

Context = grpc.aio.ServicerContext[Any, Any]

_KINDS = {Kind.ALLOW: pb.EXEMPLAR_KIND_ALLOW, Kind.BLOCK: pb.EXEMPLAR_KIND_BLOCK}
_READ_KINDS = {number: kind for kind, number in _KINDS.items()}
_READ_STATES = {
    moderator_pb2.APPEAL_STATE_OPEN: State.OPEN,
    moderator_pb2.APPEAL_STATE_GRANTED: State.GRANTED,
    moderator_pb2.APPEAL_STATE_DENIED: State.DENIED,
}


class ModeratorAdminServicer(admin_pb2_grpc.ModeratorAdminServiceServicer):
    """`fournil.moderator.v1.ModeratorAdminService`. With a `token`, every call needs it."""

    def __init__(self, office: BackOffice, token: str = "") -> None:
        self._office = office
        self._token = AdminToken(token)

    async def ListAllAppeals(
        self, request: pb.ListAllAppealsRequest, context: Context
    ) -> pb.ListAllAppealsResponse:
        self._token.check(context)
        state = _READ_STATES.get(request.state)
        if state is None and request.state:
            raise invalid("state", "must be a state")
        appeals, token = await self._office.appeals(state, request.page_size, request.page_token)
        return pb.ListAllAppealsResponse(appeals=[appeal_message(one) for one in appeals], next_page_token=token)

    async def ReadAppeal(self, request: pb.ReadAppealRequest, context: Context) -> pb.ReadAppealResponse:
        self._token.check(context)
        return pb.ReadAppealResponse(appeal=appeal_message(await self._office.appeal(request.appeal_id)))

    async def DecideAppeal(self, request: pb.DecideAppealRequest, context: Context) -> pb.DecideAppealResponse:
        self._token.check(context)
        appeal = await self._office.decide(request.appeal_id, request.grant, request.reason, request.notice)
        return pb.DecideAppealResponse(appeal=appeal_message(appeal))

    async def AddExemplar(self, request: pb.AddExemplarRequest, context: Context) -> pb.AddExemplarResponse:
        self._token.check(context)
        kind = _READ_KINDS.get(request.kind)
        if kind is None:
            raise invalid("kind", "must be ALLOW or BLOCK")
        exemplar = await self._office.add_exemplar(kind, request.prompt, request.category, request.reason)
        return pb.AddExemplarResponse(exemplar=_exemplar(exemplar))

    async def RemoveExemplar(
        self, request: pb.RemoveExemplarRequest, context: Context
    ) -> pb.RemoveExemplarResponse:
        self._token.check(context)
        await self._office.remove_exemplar(request.exemplar_id, request.reason)
        return pb.RemoveExemplarResponse()

    async def ListExemplars(self, request: pb.ListExemplarsRequest, context: Context) -> pb.ListExemplarsResponse:
        self._token.check(context)
        exemplars, token = await self._office.exemplars(request.page_size, request.page_token)
        return pb.ListExemplarsResponse(exemplars=[_exemplar(one) for one in exemplars], next_page_token=token)

    async def GetPolicies(self, request: pb.GetPoliciesRequest, context: Context) -> pb.GetPoliciesResponse:
        self._token.check(context)
        return pb.GetPoliciesResponse(policies=_policies(await self._office.standing()))

    async def TryPolicy(self, request: pb.TryPolicyRequest, context: Context) -> pb.TryPolicyResponse:
        self._token.check(context)
        standing = await self._office.try_policy(request.policy, request.share, request.reason)
        return pb.TryPolicyResponse(policies=_policies(standing))

    async def PromotePolicy(self, request: pb.PromotePolicyRequest, context: Context) -> pb.PromotePolicyResponse:
        self._token.check(context)
        standing = await self._office.promote(request.version, request.reason)
        return pb.PromotePolicyResponse(policies=_policies(standing))

    async def RollBackPolicy(
        self, request: pb.RollBackPolicyRequest, context: Context
    ) -> pb.RollBackPolicyResponse:
        self._token.check(context)
        return pb.RollBackPolicyResponse(policies=_policies(await self._office.roll_back(request.reason)))

    async def ListAudit(self, request: pb.ListAuditRequest, context: Context) -> pb.ListAuditResponse:
        self._token.check(context)
        entries, token = await self._office.audit(request.page_size, request.page_token)
        return pb.ListAuditResponse(
            entries=[
                pb.AuditEntry(
                    id=one.id,
                    time=timestamp(one.time),
                    action=one.action,
                    subject=one.subject,
                    detail=one.detail,
                    reason=one.reason,
                )
                for one in entries
            ],
            next_page_token=token,
        )


def _exemplar(exemplar: Exemplar) -> pb.Exemplar:
    return pb.Exemplar(
        id=exemplar.id,
        kind=_KINDS[exemplar.kind],
        category=exemplar.category,
        prompt=exemplar.prompt,
        account_id=exemplar.account_id,
        create_time=timestamp(exemplar.created),
    )


def _policies(standing: Standing) -> pb.Policies:
    seen, prompts, pictures = standing.policies, standing.prompts, standing.pictures
    message = pb.Policies(
        live_version=seen.live.version,
        live=seen.live.text,
        promoted=bool(seen.state.live),
        share=seen.state.share,
        history=len(seen.state.history),
    )
    if seen.candidate is not None:
        message.candidate_version, message.candidate = seen.candidate.version, seen.candidate.text
    if prompts is not None:
        message.prompts = prompts.judged
        message.would_have_refused = prompts.would_have_refused
        message.would_have_allowed = prompts.would_have_allowed
        message.agreements.extend(_agreements(prompts))
    if pictures is not None:
        message.pictures.judged = pictures.judged
        message.pictures.would_have_refused = pictures.would_have_refused
        message.pictures.would_have_allowed = pictures.would_have_allowed
        message.pictures.agreements.extend(_agreements(pictures))
    return message


def _agreements(tally: Tally) -> list[pb.Agreement]:
    return [
        pb.Agreement(category=name, both=both, live_only=live_only, candidate_only=candidate_only)
        for name, (both, live_only, candidate_only) in tally.by_category().items()
    ]
