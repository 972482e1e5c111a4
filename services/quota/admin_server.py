"""The admin service: messages to plain values and back, nothing else."""

from typing import Any

import grpc

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc
from services.quota.accounts import Accounts

Context = grpc.aio.ServicerContext[Any, Any]


class QuotaAdminServicer(admin_pb2_grpc.QuotaAdminServiceServicer):
    """`fournil.quota.v1.QuotaAdminService`."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def CreateKey(
        self, request: admin_pb2.CreateKeyRequest, context: Context
    ) -> admin_pb2.CreateKeyResponse:
        key = await self._accounts.create_key(request.account_id, request.tier, request.reason)
        return admin_pb2.CreateKeyResponse(api_key=key.secret, key_id=key.key_id)

    async def RevokeKey(
        self, request: admin_pb2.RevokeKeyRequest, context: Context
    ) -> admin_pb2.RevokeKeyResponse:
        await self._accounts.revoke_key(request.key_id, request.reason)
        return admin_pb2.RevokeKeyResponse()
