"""KEDA's calls to the line and back, nothing else."""

import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any

import grpc

from fournil.keda.v1 import external_scaler_pb2 as pb
from fournil.keda.v1 import external_scaler_pb2_grpc
from services.quota.scaler import METRIC, oven_seconds, read_aim
from services.quota.view import View

Context = grpc.aio.ServicerContext[Any, Any]

LOOK_SECONDS = 1.0


class ExternalScaler(external_scaler_pb2_grpc.ExternalScalerServicer):
    """`externalscaler.ExternalScaler`."""

    def __init__(self, view: View) -> None:
        self._view = view

    async def IsActive(self, request: pb.ScaledObjectRef, context: Context) -> pb.IsActiveResponse:
        return pb.IsActiveResponse(result=await self._work(request) > 0)

    async def StreamIsActive(
        self, request: pb.ScaledObjectRef, context: Context
    ) -> AsyncIterator[pb.IsActiveResponse]:
        last: bool | None = None
        while True:
            active = await self._work(request) > 0
            if active is not last:
                last = active
                yield pb.IsActiveResponse(result=active)
            await asyncio.sleep(LOOK_SECONDS)

    async def GetMetricSpec(self, request: pb.ScaledObjectRef, context: Context) -> pb.GetMetricSpecResponse:
        wait = read_aim(request.scaler_metadata).wait
        spec = pb.MetricSpec(metric_name=METRIC, target_size=max(1, round(wait)), target_size_float=wait)
        return pb.GetMetricSpecResponse(metric_specs=[spec])

    async def GetMetrics(self, request: pb.GetMetricsRequest, context: Context) -> pb.GetMetricsResponse:
        seconds = await self._work(request.scaled_object_ref)
        value = pb.MetricValue(metric_name=METRIC, metric_value=math.ceil(seconds), metric_value_float=seconds)
        return pb.GetMetricsResponse(metric_values=[value])

    async def _work(self, scaled: pb.ScaledObjectRef) -> float:
        return oven_seconds(await self._view.line(), read_aim(scaled.scaler_metadata))
