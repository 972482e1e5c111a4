import datetime

from fournil.moderator.v1 import moderator_pb2 as _moderator_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExemplarKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXEMPLAR_KIND_UNSPECIFIED: _ClassVar[ExemplarKind]
    EXEMPLAR_KIND_ALLOW: _ClassVar[ExemplarKind]
    EXEMPLAR_KIND_BLOCK: _ClassVar[ExemplarKind]
EXEMPLAR_KIND_UNSPECIFIED: ExemplarKind
EXEMPLAR_KIND_ALLOW: ExemplarKind
EXEMPLAR_KIND_BLOCK: ExemplarKind

class ListAllAppealsRequest(_message.Message):
    __slots__ = ("state", "page_size", "page_token")
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    state: _moderator_pb2.AppealState
    page_size: int
    page_token: str
    def __init__(self, state: _Optional[_Union[_moderator_pb2.AppealState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAllAppealsResponse(_message.Message):
    __slots__ = ("appeals", "next_page_token")
    APPEALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    appeals: _containers.RepeatedCompositeFieldContainer[_moderator_pb2.Appeal]
    next_page_token: str
    def __init__(self, appeals: _Optional[_Iterable[_Union[_moderator_pb2.Appeal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReadAppealRequest(_message.Message):
    __slots__ = ("appeal_id",)
    APPEAL_ID_FIELD_NUMBER: _ClassVar[int]
    appeal_id: str
    def __init__(self, appeal_id: _Optional[str] = ...) -> None: ...

class ReadAppealResponse(_message.Message):
    __slots__ = ("appeal",)
    APPEAL_FIELD_NUMBER: _ClassVar[int]
    appeal: _moderator_pb2.Appeal
    def __init__(self, appeal: _Optional[_Union[_moderator_pb2.Appeal, _Mapping]] = ...) -> None: ...

class DecideAppealRequest(_message.Message):
    __slots__ = ("appeal_id", "grant", "reason", "notice")
    APPEAL_ID_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    appeal_id: str
    grant: bool
    reason: str
    notice: str
    def __init__(self, appeal_id: _Optional[str] = ..., grant: bool = ..., reason: _Optional[str] = ..., notice: _Optional[str] = ...) -> None: ...

class DecideAppealResponse(_message.Message):
    __slots__ = ("appeal",)
    APPEAL_FIELD_NUMBER: _ClassVar[int]
    appeal: _moderator_pb2.Appeal
    def __init__(self, appeal: _Optional[_Union[_moderator_pb2.Appeal, _Mapping]] = ...) -> None: ...

class AddExemplarRequest(_message.Message):
    __slots__ = ("kind", "prompt", "category", "reason")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kind: ExemplarKind
    prompt: str
    category: str
    reason: str
    def __init__(self, kind: _Optional[_Union[ExemplarKind, str]] = ..., prompt: _Optional[str] = ..., category: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AddExemplarResponse(_message.Message):
    __slots__ = ("exemplar",)
    EXEMPLAR_FIELD_NUMBER: _ClassVar[int]
    exemplar: Exemplar
    def __init__(self, exemplar: _Optional[_Union[Exemplar, _Mapping]] = ...) -> None: ...

class RemoveExemplarRequest(_message.Message):
    __slots__ = ("exemplar_id", "reason")
    EXEMPLAR_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    exemplar_id: str
    reason: str
    def __init__(self, exemplar_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RemoveExemplarResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListExemplarsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListExemplarsResponse(_message.Message):
    __slots__ = ("exemplars", "next_page_token")
    EXEMPLARS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    exemplars: _containers.RepeatedCompositeFieldContainer[Exemplar]
    next_page_token: str
    def __init__(self, exemplars: _Optional[_Iterable[_Union[Exemplar, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Exemplar(_message.Message):
    __slots__ = ("id", "kind", "category", "prompt", "account_id", "create_time")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: ExemplarKind
    category: str
    prompt: str
    account_id: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[_Union[ExemplarKind, str]] = ..., category: _Optional[str] = ..., prompt: _Optional[str] = ..., account_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetPoliciesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPoliciesResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: Policies
    def __init__(self, policies: _Optional[_Union[Policies, _Mapping]] = ...) -> None: ...

class Policies(_message.Message):
    __slots__ = ("live_version", "live", "promoted", "candidate_version", "candidate", "share", "history", "prompts", "would_have_refused", "would_have_allowed", "agreements", "pictures")
    LIVE_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    PROMOTED_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    WOULD_HAVE_REFUSED_FIELD_NUMBER: _ClassVar[int]
    WOULD_HAVE_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    live_version: str
    live: str
    promoted: bool
    candidate_version: str
    candidate: str
    share: int
    history: int
    prompts: int
    would_have_refused: int
    would_have_allowed: int
    agreements: _containers.RepeatedCompositeFieldContainer[Agreement]
    pictures: PictureComparison
    def __init__(self, live_version: _Optional[str] = ..., live: _Optional[str] = ..., promoted: bool = ..., candidate_version: _Optional[str] = ..., candidate: _Optional[str] = ..., share: _Optional[int] = ..., history: _Optional[int] = ..., prompts: _Optional[int] = ..., would_have_refused: _Optional[int] = ..., would_have_allowed: _Optional[int] = ..., agreements: _Optional[_Iterable[_Union[Agreement, _Mapping]]] = ..., pictures: _Optional[_Union[PictureComparison, _Mapping]] = ...) -> None: ...

class PictureComparison(_message.Message):
    __slots__ = ("judged", "would_have_refused", "would_have_allowed", "agreements")
    JUDGED_FIELD_NUMBER: _ClassVar[int]
    WOULD_HAVE_REFUSED_FIELD_NUMBER: _ClassVar[int]
    WOULD_HAVE_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    AGREEMENTS_FIELD_NUMBER: _ClassVar[int]
    judged: int
    would_have_refused: int
    would_have_allowed: int
    agreements: _containers.RepeatedCompositeFieldContainer[Agreement]
    def __init__(self, judged: _Optional[int] = ..., would_have_refused: _Optional[int] = ..., would_have_allowed: _Optional[int] = ..., agreements: _Optional[_Iterable[_Union[Agreement, _Mapping]]] = ...) -> None: ...

class Agreement(_message.Message):
    __slots__ = ("category", "both", "live_only", "candidate_only")
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    BOTH_FIELD_NUMBER: _ClassVar[int]
    LIVE_ONLY_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    category: str
    both: int
    live_only: int
    candidate_only: int
    def __init__(self, category: _Optional[str] = ..., both: _Optional[int] = ..., live_only: _Optional[int] = ..., candidate_only: _Optional[int] = ...) -> None: ...

class TryPolicyRequest(_message.Message):
    __slots__ = ("policy", "share", "reason")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    policy: str
    share: int
    reason: str
    def __init__(self, policy: _Optional[str] = ..., share: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class TryPolicyResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: Policies
    def __init__(self, policies: _Optional[_Union[Policies, _Mapping]] = ...) -> None: ...

class PromotePolicyRequest(_message.Message):
    __slots__ = ("version", "reason")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    version: str
    reason: str
    def __init__(self, version: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PromotePolicyResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: Policies
    def __init__(self, policies: _Optional[_Union[Policies, _Mapping]] = ...) -> None: ...

class RollBackPolicyRequest(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class RollBackPolicyResponse(_message.Message):
    __slots__ = ("policies",)
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    policies: Policies
    def __init__(self, policies: _Optional[_Union[Policies, _Mapping]] = ...) -> None: ...

class ListAuditRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAuditResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[AuditEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[AuditEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class AuditEntry(_message.Message):
    __slots__ = ("id", "time", "action", "subject", "detail", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    time: _timestamp_pb2.Timestamp
    action: str
    subject: str
    detail: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., action: _Optional[str] = ..., subject: _Optional[str] = ..., detail: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...
