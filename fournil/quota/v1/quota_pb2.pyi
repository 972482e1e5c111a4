import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ReservationState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESERVATION_STATE_UNSPECIFIED: _ClassVar[ReservationState]
    RESERVATION_STATE_HELD: _ClassVar[ReservationState]
    RESERVATION_STATE_QUEUED: _ClassVar[ReservationState]
    RESERVATION_STATE_RUNNING: _ClassVar[ReservationState]
    RESERVATION_STATE_COMMITTED: _ClassVar[ReservationState]
    RESERVATION_STATE_REFUNDED: _ClassVar[ReservationState]

class RefundReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFUND_REASON_UNSPECIFIED: _ClassVar[RefundReason]
    REFUND_REASON_PROMPT_REFUSED: _ClassVar[RefundReason]
    REFUND_REASON_IMAGE_REFUSED: _ClassVar[RefundReason]
    REFUND_REASON_FAILED: _ClassVar[RefundReason]
    REFUND_REASON_CANCELLED: _ClassVar[RefundReason]
    REFUND_REASON_EXPIRED: _ClassVar[RefundReason]

class PlaceReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLACE_REASON_UNSPECIFIED: _ClassVar[PlaceReason]
    PLACE_REASON_FAIR_SHARE: _ClassVar[PlaceReason]
    PLACE_REASON_RETURNED_JOB: _ClassVar[PlaceReason]

class LimitUnit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIMIT_UNIT_UNSPECIFIED: _ClassVar[LimitUnit]
    LIMIT_UNIT_PICTURES: _ClassVar[LimitUnit]
    LIMIT_UNIT_WORK: _ClassVar[LimitUnit]
    LIMIT_UNIT_JOBS: _ClassVar[LimitUnit]
    LIMIT_UNIT_SECONDS: _ClassVar[LimitUnit]

class SurgeLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SURGE_LEVEL_UNSPECIFIED: _ClassVar[SurgeLevel]
    SURGE_LEVEL_NORMAL: _ClassVar[SurgeLevel]
    SURGE_LEVEL_BUSY: _ClassVar[SurgeLevel]
    SURGE_LEVEL_SURGE: _ClassVar[SurgeLevel]
    SURGE_LEVEL_SHED: _ClassVar[SurgeLevel]
RESERVATION_STATE_UNSPECIFIED: ReservationState
RESERVATION_STATE_HELD: ReservationState
RESERVATION_STATE_QUEUED: ReservationState
RESERVATION_STATE_RUNNING: ReservationState
RESERVATION_STATE_COMMITTED: ReservationState
RESERVATION_STATE_REFUNDED: ReservationState
REFUND_REASON_UNSPECIFIED: RefundReason
REFUND_REASON_PROMPT_REFUSED: RefundReason
REFUND_REASON_IMAGE_REFUSED: RefundReason
REFUND_REASON_FAILED: RefundReason
REFUND_REASON_CANCELLED: RefundReason
REFUND_REASON_EXPIRED: RefundReason
PLACE_REASON_UNSPECIFIED: PlaceReason
PLACE_REASON_FAIR_SHARE: PlaceReason
PLACE_REASON_RETURNED_JOB: PlaceReason
LIMIT_UNIT_UNSPECIFIED: LimitUnit
LIMIT_UNIT_PICTURES: LimitUnit
LIMIT_UNIT_WORK: LimitUnit
LIMIT_UNIT_JOBS: LimitUnit
LIMIT_UNIT_SECONDS: LimitUnit
SURGE_LEVEL_UNSPECIFIED: SurgeLevel
SURGE_LEVEL_NORMAL: SurgeLevel
SURGE_LEVEL_BUSY: SurgeLevel
SURGE_LEVEL_SURGE: SurgeLevel
SURGE_LEVEL_SHED: SurgeLevel

class AuthenticateRequest(_message.Message):
    __slots__ = ("api_key",)
    API_KEY_FIELD_NUMBER: _ClassVar[int]
    api_key: str
    def __init__(self, api_key: _Optional[str] = ...) -> None: ...

class AuthenticateResponse(_message.Message):
    __slots__ = ("account_id", "tier", "key_id", "scopes")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    tier: str
    key_id: str
    scopes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, account_id: _Optional[str] = ..., tier: _Optional[str] = ..., key_id: _Optional[str] = ..., scopes: _Optional[_Iterable[str]] = ...) -> None: ...

class ReserveRequest(_message.Message):
    __slots__ = ("id", "account_id", "cost", "model", "request_id", "body_hash", "ttl", "validate_only", "work", "tier", "voucher")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BODY_HASH_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    WORK_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    id: str
    account_id: str
    cost: int
    model: str
    request_id: str
    body_hash: str
    ttl: _duration_pb2.Duration
    validate_only: bool
    work: int
    tier: str
    voucher: str
    def __init__(self, id: _Optional[str] = ..., account_id: _Optional[str] = ..., cost: _Optional[int] = ..., model: _Optional[str] = ..., request_id: _Optional[str] = ..., body_hash: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., validate_only: bool = ..., work: _Optional[int] = ..., tier: _Optional[str] = ..., voucher: _Optional[str] = ...) -> None: ...

class ReserveResponse(_message.Message):
    __slots__ = ("reservation", "refusal", "verdicts", "level", "voucher")
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    refusal: Refusal
    verdicts: _containers.RepeatedCompositeFieldContainer[PolicyVerdict]
    level: SurgeLevel
    voucher: str
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., verdicts: _Optional[_Iterable[_Union[PolicyVerdict, _Mapping]]] = ..., level: _Optional[_Union[SurgeLevel, str]] = ..., voucher: _Optional[str] = ...) -> None: ...

class ReserveBatchRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[ReserveRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[ReserveRequest, _Mapping]]] = ...) -> None: ...

class ReserveBatchResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[ReserveOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[ReserveOutcome, _Mapping]]] = ...) -> None: ...

class ReserveOutcome(_message.Message):
    __slots__ = ("response", "failure")
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    response: ReserveResponse
    failure: ReserveFailure
    def __init__(self, response: _Optional[_Union[ReserveResponse, _Mapping]] = ..., failure: _Optional[_Union[ReserveFailure, _Mapping]] = ...) -> None: ...

class ReserveFailure(_message.Message):
    __slots__ = ("reason", "message", "metadata", "retry_after")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    metadata: _containers.ScalarMap[str, str]
    retry_after: _duration_pb2.Duration
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("reason", "policy", "retry_time")
    REASON_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    RETRY_TIME_FIELD_NUMBER: _ClassVar[int]
    reason: str
    policy: str
    retry_time: _timestamp_pb2.Timestamp
    def __init__(self, reason: _Optional[str] = ..., policy: _Optional[str] = ..., retry_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PolicyVerdict(_message.Message):
    __slots__ = ("policy", "limit", "used", "held", "reset_time", "binding", "unit", "shadow")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    BINDING_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    policy: str
    limit: int
    used: int
    held: int
    reset_time: _timestamp_pb2.Timestamp
    binding: bool
    unit: LimitUnit
    shadow: bool
    def __init__(self, policy: _Optional[str] = ..., limit: _Optional[int] = ..., used: _Optional[int] = ..., held: _Optional[int] = ..., reset_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., binding: bool = ..., unit: _Optional[_Union[LimitUnit, str]] = ..., shadow: bool = ...) -> None: ...

class Reservation(_message.Message):
    __slots__ = ("id", "account_id", "tier", "cost", "state", "charged", "refund_reason", "attempts", "expire_time", "model", "work", "late")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    CHARGED_FIELD_NUMBER: _ClassVar[int]
    REFUND_REASON_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    WORK_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    id: str
    account_id: str
    tier: str
    cost: int
    state: ReservationState
    charged: int
    refund_reason: RefundReason
    attempts: int
    expire_time: _timestamp_pb2.Timestamp
    model: str
    work: int
    late: bool
    def __init__(self, id: _Optional[str] = ..., account_id: _Optional[str] = ..., tier: _Optional[str] = ..., cost: _Optional[int] = ..., state: _Optional[_Union[ReservationState, str]] = ..., charged: _Optional[int] = ..., refund_reason: _Optional[_Union[RefundReason, str]] = ..., attempts: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., model: _Optional[str] = ..., work: _Optional[int] = ..., late: bool = ...) -> None: ...

class EnqueueRequest(_message.Message):
    __slots__ = ("id", "voucher")
    ID_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    id: str
    voucher: str
    def __init__(self, id: _Optional[str] = ..., voucher: _Optional[str] = ...) -> None: ...

class EnqueueResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: Ticket
    def __init__(self, ticket: _Optional[_Union[Ticket, _Mapping]] = ...) -> None: ...

class Ticket(_message.Message):
    __slots__ = ("id", "state", "place", "cost_ahead", "work_ahead", "eta_low", "eta_high", "place_reason", "turn", "refund_reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    COST_AHEAD_FIELD_NUMBER: _ClassVar[int]
    WORK_AHEAD_FIELD_NUMBER: _ClassVar[int]
    ETA_LOW_FIELD_NUMBER: _ClassVar[int]
    ETA_HIGH_FIELD_NUMBER: _ClassVar[int]
    PLACE_REASON_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    REFUND_REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: ReservationState
    place: int
    cost_ahead: int
    work_ahead: int
    eta_low: _duration_pb2.Duration
    eta_high: _duration_pb2.Duration
    place_reason: PlaceReason
    turn: Turn
    refund_reason: RefundReason
    def __init__(self, id: _Optional[str] = ..., state: _Optional[_Union[ReservationState, str]] = ..., place: _Optional[int] = ..., cost_ahead: _Optional[int] = ..., work_ahead: _Optional[int] = ..., eta_low: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., eta_high: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., place_reason: _Optional[_Union[PlaceReason, str]] = ..., turn: _Optional[_Union[Turn, _Mapping]] = ..., refund_reason: _Optional[_Union[RefundReason, str]] = ...) -> None: ...

class Turn(_message.Message):
    __slots__ = ("generator_address", "generator_id", "attempt", "expire_time")
    GENERATOR_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    generator_address: str
    generator_id: str
    attempt: int
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, generator_address: _Optional[str] = ..., generator_id: _Optional[str] = ..., attempt: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchTicketRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class WatchTicketResponse(_message.Message):
    __slots__ = ("ticket",)
    TICKET_FIELD_NUMBER: _ClassVar[int]
    ticket: Ticket
    def __init__(self, ticket: _Optional[_Union[Ticket, _Mapping]] = ...) -> None: ...

class ReturnTurnRequest(_message.Message):
    __slots__ = ("id", "attempt", "untried", "voucher")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    UNTRIED_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    id: str
    attempt: int
    untried: bool
    voucher: str
    def __init__(self, id: _Optional[str] = ..., attempt: _Optional[int] = ..., untried: bool = ..., voucher: _Optional[str] = ...) -> None: ...

class ReturnTurnResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class ReleaseSlotsRequest(_message.Message):
    __slots__ = ("id", "attempt", "voucher")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    id: str
    attempt: int
    voucher: str
    def __init__(self, id: _Optional[str] = ..., attempt: _Optional[int] = ..., voucher: _Optional[str] = ...) -> None: ...

class ReleaseSlotsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ExtendRequest(_message.Message):
    __slots__ = ("ids", "ttl")
    IDS_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    ttl: _duration_pb2.Duration
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ExtendResponse(_message.Message):
    __slots__ = ("lost_ids",)
    LOST_IDS_FIELD_NUMBER: _ClassVar[int]
    lost_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, lost_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CommitRequest(_message.Message):
    __slots__ = ("id", "actual", "voucher")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    id: str
    actual: int
    voucher: str
    def __init__(self, id: _Optional[str] = ..., actual: _Optional[int] = ..., voucher: _Optional[str] = ...) -> None: ...

class CommitResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class RefundRequest(_message.Message):
    __slots__ = ("id", "reason", "voucher")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VOUCHER_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: RefundReason
    voucher: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[_Union[RefundReason, str]] = ..., voucher: _Optional[str] = ...) -> None: ...

class RefundResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class GetReservationRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetReservationResponse(_message.Message):
    __slots__ = ("reservation",)
    RESERVATION_FIELD_NUMBER: _ClassVar[int]
    reservation: Reservation
    def __init__(self, reservation: _Optional[_Union[Reservation, _Mapping]] = ...) -> None: ...

class GetAllowanceRequest(_message.Message):
    __slots__ = ("account_id", "tier")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    tier: str
    def __init__(self, account_id: _Optional[str] = ..., tier: _Optional[str] = ...) -> None: ...

class GetAllowanceResponse(_message.Message):
    __slots__ = ("tier", "verdicts", "level")
    TIER_FIELD_NUMBER: _ClassVar[int]
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    tier: str
    verdicts: _containers.RepeatedCompositeFieldContainer[PolicyVerdict]
    level: SurgeLevel
    def __init__(self, tier: _Optional[str] = ..., verdicts: _Optional[_Iterable[_Union[PolicyVerdict, _Mapping]]] = ..., level: _Optional[_Union[SurgeLevel, str]] = ...) -> None: ...

class DescribeLineRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeLineResponse(_message.Message):
    __slots__ = ("classes", "ovens", "surge")
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    OVENS_FIELD_NUMBER: _ClassVar[int]
    SURGE_FIELD_NUMBER: _ClassVar[int]
    classes: _containers.RepeatedCompositeFieldContainer[LineClass]
    ovens: _containers.RepeatedCompositeFieldContainer[Oven]
    surge: Surge
    def __init__(self, classes: _Optional[_Iterable[_Union[LineClass, _Mapping]]] = ..., ovens: _Optional[_Iterable[_Union[Oven, _Mapping]]] = ..., surge: _Optional[_Union[Surge, _Mapping]] = ...) -> None: ...

class Surge(_message.Message):
    __slots__ = ("level", "since", "cause", "pinned", "backlog_seconds")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    BACKLOG_SECONDS_FIELD_NUMBER: _ClassVar[int]
    level: SurgeLevel
    since: _timestamp_pb2.Timestamp
    cause: str
    pinned: bool
    backlog_seconds: float
    def __init__(self, level: _Optional[_Union[SurgeLevel, str]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[str] = ..., pinned: bool = ..., backlog_seconds: _Optional[float] = ...) -> None: ...

class LineClass(_message.Message):
    __slots__ = ("model", "tier", "waiting", "waiting_cost", "waiting_work", "limit", "wait")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    WAITING_COST_FIELD_NUMBER: _ClassVar[int]
    WAITING_WORK_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    model: str
    tier: str
    waiting: int
    waiting_cost: int
    waiting_work: int
    limit: int
    wait: _duration_pb2.Duration
    def __init__(self, model: _Optional[str] = ..., tier: _Optional[str] = ..., waiting: _Optional[int] = ..., waiting_cost: _Optional[int] = ..., waiting_work: _Optional[int] = ..., limit: _Optional[int] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Oven(_message.Message):
    __slots__ = ("generator_id", "slots", "leased", "models")
    GENERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    LEASED_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    generator_id: str
    slots: int
    leased: int
    models: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, generator_id: _Optional[str] = ..., slots: _Optional[int] = ..., leased: _Optional[int] = ..., models: _Optional[_Iterable[str]] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("generator_id", "address", "models", "slots", "picture_time")
    GENERATOR_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    PICTURE_TIME_FIELD_NUMBER: _ClassVar[int]
    generator_id: str
    address: str
    models: _containers.RepeatedScalarFieldContainer[str]
    slots: int
    picture_time: _duration_pb2.Duration
    def __init__(self, generator_id: _Optional[str] = ..., address: _Optional[str] = ..., models: _Optional[_Iterable[str]] = ..., slots: _Optional[int] = ..., picture_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class HeartbeatResponse(_message.Message):
    __slots__ = ("interval",)
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    interval: _duration_pb2.Duration
    def __init__(self, interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
