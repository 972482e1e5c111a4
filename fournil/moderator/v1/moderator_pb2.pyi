import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Strictness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STRICTNESS_UNSPECIFIED: _ClassVar[Strictness]
    STRICTNESS_AUTO: _ClassVar[Strictness]
    STRICTNESS_LOW: _ClassVar[Strictness]

class AppealState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    APPEAL_STATE_UNSPECIFIED: _ClassVar[AppealState]
    APPEAL_STATE_OPEN: _ClassVar[AppealState]
    APPEAL_STATE_GRANTED: _ClassVar[AppealState]
    APPEAL_STATE_DENIED: _ClassVar[AppealState]

class CreditState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CREDIT_STATE_UNSPECIFIED: _ClassVar[CreditState]
    CREDIT_STATE_DUE: _ClassVar[CreditState]
    CREDIT_STATE_DONE: _ClassVar[CreditState]
    CREDIT_STATE_REFUSED: _ClassVar[CreditState]

class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_UNSPECIFIED: _ClassVar[Stage]
    STAGE_PROMPT: _ClassVar[Stage]
    STAGE_IMAGE: _ClassVar[Stage]
STRICTNESS_UNSPECIFIED: Strictness
STRICTNESS_AUTO: Strictness
STRICTNESS_LOW: Strictness
APPEAL_STATE_UNSPECIFIED: AppealState
APPEAL_STATE_OPEN: AppealState
APPEAL_STATE_GRANTED: AppealState
APPEAL_STATE_DENIED: AppealState
CREDIT_STATE_UNSPECIFIED: CreditState
CREDIT_STATE_DUE: CreditState
CREDIT_STATE_DONE: CreditState
CREDIT_STATE_REFUSED: CreditState
STAGE_UNSPECIFIED: Stage
STAGE_PROMPT: Stage
STAGE_IMAGE: Stage

class ScreenPromptRequest(_message.Message):
    __slots__ = ("job_id", "account_id", "prompt", "tier", "strictness", "negative_prompt", "probe")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    STRICTNESS_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    account_id: str
    prompt: str
    tier: str
    strictness: Strictness
    negative_prompt: str
    probe: bool
    def __init__(self, job_id: _Optional[str] = ..., account_id: _Optional[str] = ..., prompt: _Optional[str] = ..., tier: _Optional[str] = ..., strictness: _Optional[_Union[Strictness, str]] = ..., negative_prompt: _Optional[str] = ..., probe: bool = ...) -> None: ...

class ScreenPromptResponse(_message.Message):
    __slots__ = ("verdict",)
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    def __init__(self, verdict: _Optional[_Union[Verdict, _Mapping]] = ...) -> None: ...

class ScreenImageRequest(_message.Message):
    __slots__ = ("job_id", "account_id", "image", "tier", "strictness", "probe")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    STRICTNESS_FIELD_NUMBER: _ClassVar[int]
    PROBE_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    account_id: str
    image: bytes
    tier: str
    strictness: Strictness
    probe: bool
    def __init__(self, job_id: _Optional[str] = ..., account_id: _Optional[str] = ..., image: _Optional[bytes] = ..., tier: _Optional[str] = ..., strictness: _Optional[_Union[Strictness, str]] = ..., probe: bool = ...) -> None: ...

class ScreenImageResponse(_message.Message):
    __slots__ = ("verdict",)
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    def __init__(self, verdict: _Optional[_Union[Verdict, _Mapping]] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("allowed", "decision_id", "stage", "category", "score", "policy_version", "words", "scores", "text", "appealable", "exemplar_id", "beyond", "expire_time")
    class ScoresEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    APPEALABLE_FIELD_NUMBER: _ClassVar[int]
    EXEMPLAR_ID_FIELD_NUMBER: _ClassVar[int]
    BEYOND_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    decision_id: str
    stage: Stage
    category: str
    score: float
    policy_version: str
    words: _containers.RepeatedScalarFieldContainer[str]
    scores: _containers.ScalarMap[str, float]
    text: str
    appealable: bool
    exemplar_id: str
    beyond: _containers.RepeatedScalarFieldContainer[str]
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, allowed: bool = ..., decision_id: _Optional[str] = ..., stage: _Optional[_Union[Stage, str]] = ..., category: _Optional[str] = ..., score: _Optional[float] = ..., policy_version: _Optional[str] = ..., words: _Optional[_Iterable[str]] = ..., scores: _Optional[_Mapping[str, float]] = ..., text: _Optional[str] = ..., appealable: bool = ..., exemplar_id: _Optional[str] = ..., beyond: _Optional[_Iterable[str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Appeal(_message.Message):
    __slots__ = ("id", "decision_id", "account_id", "state", "stage", "category", "score", "policy_version", "prompt", "note", "language", "create_time", "decide_time", "notice", "exemplar_id", "credit")
    ID_FIELD_NUMBER: _ClassVar[int]
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DECIDE_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    EXEMPLAR_ID_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    id: str
    decision_id: str
    account_id: str
    state: AppealState
    stage: Stage
    category: str
    score: float
    policy_version: str
    prompt: str
    note: str
    language: str
    create_time: _timestamp_pb2.Timestamp
    decide_time: _timestamp_pb2.Timestamp
    notice: str
    exemplar_id: str
    credit: CreditState
    def __init__(self, id: _Optional[str] = ..., decision_id: _Optional[str] = ..., account_id: _Optional[str] = ..., state: _Optional[_Union[AppealState, str]] = ..., stage: _Optional[_Union[Stage, str]] = ..., category: _Optional[str] = ..., score: _Optional[float] = ..., policy_version: _Optional[str] = ..., prompt: _Optional[str] = ..., note: _Optional[str] = ..., language: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., decide_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notice: _Optional[str] = ..., exemplar_id: _Optional[str] = ..., credit: _Optional[_Union[CreditState, str]] = ...) -> None: ...

class FileAppealRequest(_message.Message):
    __slots__ = ("decision_id", "account_id", "prompt", "note")
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    account_id: str
    prompt: str
    note: str
    def __init__(self, decision_id: _Optional[str] = ..., account_id: _Optional[str] = ..., prompt: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class FileAppealResponse(_message.Message):
    __slots__ = ("appeal",)
    APPEAL_FIELD_NUMBER: _ClassVar[int]
    appeal: Appeal
    def __init__(self, appeal: _Optional[_Union[Appeal, _Mapping]] = ...) -> None: ...

class GetAppealRequest(_message.Message):
    __slots__ = ("appeal_id", "account_id")
    APPEAL_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    appeal_id: str
    account_id: str
    def __init__(self, appeal_id: _Optional[str] = ..., account_id: _Optional[str] = ...) -> None: ...

class GetAppealResponse(_message.Message):
    __slots__ = ("appeal",)
    APPEAL_FIELD_NUMBER: _ClassVar[int]
    appeal: Appeal
    def __init__(self, appeal: _Optional[_Union[Appeal, _Mapping]] = ...) -> None: ...

class ListAppealsRequest(_message.Message):
    __slots__ = ("account_id", "page_size", "page_token")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    page_size: int
    page_token: str
    def __init__(self, account_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListAppealsResponse(_message.Message):
    __slots__ = ("appeals", "next_page_token")
    APPEALS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    appeals: _containers.RepeatedCompositeFieldContainer[Appeal]
    next_page_token: str
    def __init__(self, appeals: _Optional[_Iterable[_Union[Appeal, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDecisionRequest(_message.Message):
    __slots__ = ("decision_id",)
    DECISION_ID_FIELD_NUMBER: _ClassVar[int]
    decision_id: str
    def __init__(self, decision_id: _Optional[str] = ...) -> None: ...

class GetDecisionResponse(_message.Message):
    __slots__ = ("verdict", "job_id", "account_id", "create_time")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    job_id: str
    account_id: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, verdict: _Optional[_Union[Verdict, _Mapping]] = ..., job_id: _Optional[str] = ..., account_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
