"""The admin service: messages to plain values and back, nothing else but the token that operators show."""

import time
from typing import Any

import grpc

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc
from services.quota.accounts import Accounts
from services.quota.back_office import BackOffice
from services.quota.messages import (
    audit_entry_message,
    key_message,
    level_message,
    read_level,
    surge_message,
    verdict_message,
)
from services.runtime.admin_token import AdminToken
from services.runtime.wire_time import seconds, timestamp

Context = grpc.aio.ServicerContext[Any, Any]


class QuotaAdminServicer(admin_pb2_grpc.QuotaAdminServiceServicer):
    """`fournil.quota.v1.QuotaAdminService`. With a `token`, every call needs it."""

    def __init__(self, accounts: Accounts, office: BackOffice, token: str = "") -> None:
        self._accounts = accounts
        self._office = office
        self._token = AdminToken(token)

    async def CreateKey(
        self, request: admin_pb2.CreateKeyRequest, context: Context
    ) -> admin_pb2.CreateKeyResponse:
        self._token.check(context)
        key = await self._accounts.create_key(
            request.account_id, request.tier, request.reason, expires=_expiry(request), scopes=request.scopes
        )
        return admin_pb2.CreateKeyResponse(
            api_key=key.secret, key_id=key.key_id, expire_time=timestamp(key.expires)
        )

    async def RevokeKey(
        self, request: admin_pb2.RevokeKeyRequest, context: Context
    ) -> admin_pb2.RevokeKeyResponse:
        self._token.check(context)
        await self._accounts.revoke_key(request.key_id, request.reason)
        return admin_pb2.RevokeKeyResponse()

    async def ListKeys(self, request: admin_pb2.ListKeysRequest, context: Context) -> admin_pb2.ListKeysResponse:
        self._token.check(context)
        keys = await self._office.keys(request.account_id)
        return admin_pb2.ListKeysResponse(keys=[key_message(key) for key in keys])

    async def GetAccount(
        self, request: admin_pb2.GetAccountRequest, context: Context
    ) -> admin_pb2.GetAccountResponse:
        self._token.check(context)
        profile, verdicts, level = await self._office.account(request.account_id)
        return admin_pb2.GetAccountResponse(
            tier=profile.tier,
            time_zone=profile.zone,
            banned=profile.banned,
            verdicts=[verdict_message(one) for one in verdicts],
            level=level_message(level),
        )

    async def SetTier(self, request: admin_pb2.SetTierRequest, context: Context) -> admin_pb2.SetTierResponse:
        self._token.check(context)
        await self._office.set_tier(request.account_id, request.tier, request.reason)
        return admin_pb2.SetTierResponse()

    async def SetTimeZone(
        self, request: admin_pb2.SetTimeZoneRequest, context: Context
    ) -> admin_pb2.SetTimeZoneResponse:
        self._token.check(context)
        await self._office.set_zone(request.account_id, request.time_zone, request.reason)
        return admin_pb2.SetTimeZoneResponse()

    async def Ban(self, request: admin_pb2.BanRequest, context: Context) -> admin_pb2.BanResponse:
        self._token.check(context)
        await self._office.ban(request.account_id, request.notice, request.reason)
        return admin_pb2.BanResponse()

    async def Unban(self, request: admin_pb2.UnbanRequest, context: Context) -> admin_pb2.UnbanResponse:
        self._token.check(context)
        await self._office.unban(request.account_id, request.reason)
        return admin_pb2.UnbanResponse()

    async def Credit(self, request: admin_pb2.CreditRequest, context: Context) -> admin_pb2.CreditResponse:
        self._token.check(context)
        verdict = await self._office.credit(
            request.account_id, request.policy, request.amount, request.reason, request.request_id
        )
        return admin_pb2.CreditResponse(verdict=verdict_message(verdict))

    async def ResetAllowance(
        self, request: admin_pb2.ResetAllowanceRequest, context: Context
    ) -> admin_pb2.ResetAllowanceResponse:
        self._token.check(context)
        await self._office.reset(request.account_id, request.reason)
        return admin_pb2.ResetAllowanceResponse()

    async def PinSurge(self, request: admin_pb2.PinSurgeRequest, context: Context) -> admin_pb2.PinSurgeResponse:
        self._token.check(context)
        state = await self._office.pin_surge(read_level(request.level), request.reason)
        return admin_pb2.PinSurgeResponse(surge=surge_message(state))

    async def ReleaseSurge(
        self, request: admin_pb2.ReleaseSurgeRequest, context: Context
    ) -> admin_pb2.ReleaseSurgeResponse:
        self._token.check(context)
        state = await self._office.release_surge(request.reason)
        return admin_pb2.ReleaseSurgeResponse(surge=surge_message(state))

    async def DrainLine(
        self, request: admin_pb2.DrainLineRequest, context: Context
    ) -> admin_pb2.DrainLineResponse:
        self._token.check(context)
        drained = await self._office.drain(request.model, request.tier, request.reason)
        return admin_pb2.DrainLineResponse(refunded=drained.refunded, more=drained.more)

    async def ListAudit(
        self, request: admin_pb2.ListAuditRequest, context: Context
    ) -> admin_pb2.ListAuditResponse:
        self._token.check(context)
        entries, token = await self._office.audit(request.page_size, request.page_token)
        return admin_pb2.ListAuditResponse(
            entries=[audit_entry_message(one) for one in entries], next_page_token=token
        )


def _expiry(request: admin_pb2.CreateKeyRequest) -> float | None:
    """Unix seconds."""
    if request.HasField("ttl"):
        return time.time() + seconds(request.ttl)
    return seconds(request.expire_time) if request.HasField("expire_time") else None
