import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_FREE: _ClassVar[Priority]
    PRIORITY_PAID: _ClassVar[Priority]

class PictureFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PICTURE_FORMAT_UNSPECIFIED: _ClassVar[PictureFormat]
    PICTURE_FORMAT_PNG: _ClassVar[PictureFormat]
    PICTURE_FORMAT_JPEG: _ClassVar[PictureFormat]
    PICTURE_FORMAT_WEBP: _ClassVar[PictureFormat]
PRIORITY_UNSPECIFIED: Priority
PRIORITY_FREE: Priority
PRIORITY_PAID: Priority
PICTURE_FORMAT_UNSPECIFIED: PictureFormat
PICTURE_FORMAT_PNG: PictureFormat
PICTURE_FORMAT_JPEG: PictureFormat
PICTURE_FORMAT_WEBP: PictureFormat

class GenerateRequest(_message.Message):
    __slots__ = ("job_id", "model", "prompt", "count", "seed", "steps", "guidance", "width", "height", "priority", "previews", "negative_prompt", "source", "strength", "format", "quality", "mask")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    PREVIEWS_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_PROMPT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    model: str
    prompt: str
    count: int
    seed: int
    steps: int
    guidance: float
    width: int
    height: int
    priority: Priority
    previews: int
    negative_prompt: str
    source: bytes
    strength: float
    format: PictureFormat
    quality: int
    mask: bytes
    def __init__(self, job_id: _Optional[str] = ..., model: _Optional[str] = ..., prompt: _Optional[str] = ..., count: _Optional[int] = ..., seed: _Optional[int] = ..., steps: _Optional[int] = ..., guidance: _Optional[float] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., priority: _Optional[_Union[Priority, str]] = ..., previews: _Optional[int] = ..., negative_prompt: _Optional[str] = ..., source: _Optional[bytes] = ..., strength: _Optional[float] = ..., format: _Optional[_Union[PictureFormat, str]] = ..., quality: _Optional[int] = ..., mask: _Optional[bytes] = ...) -> None: ...

class GenerateResponse(_message.Message):
    __slots__ = ("progress", "preview", "picture", "usage")
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    progress: Progress
    preview: Preview
    picture: Picture
    usage: Usage
    def __init__(self, progress: _Optional[_Union[Progress, _Mapping]] = ..., preview: _Optional[_Union[Preview, _Mapping]] = ..., picture: _Optional[_Union[Picture, _Mapping]] = ..., usage: _Optional[_Union[Usage, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("index", "step", "steps")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    index: int
    step: int
    steps: int
    def __init__(self, index: _Optional[int] = ..., step: _Optional[int] = ..., steps: _Optional[int] = ...) -> None: ...

class Preview(_message.Message):
    __slots__ = ("index", "step", "png", "thumbnail")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    PNG_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    index: int
    step: int
    png: bytes
    thumbnail: bytes
    def __init__(self, index: _Optional[int] = ..., step: _Optional[int] = ..., png: _Optional[bytes] = ..., thumbnail: _Optional[bytes] = ...) -> None: ...

class Picture(_message.Message):
    __slots__ = ("index", "data", "width", "height", "seed", "thumbnail")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    THUMBNAIL_FIELD_NUMBER: _ClassVar[int]
    index: int
    data: bytes
    width: int
    height: int
    seed: int
    thumbnail: bytes
    def __init__(self, index: _Optional[int] = ..., data: _Optional[bytes] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., seed: _Optional[int] = ..., thumbnail: _Optional[bytes] = ...) -> None: ...

class Usage(_message.Message):
    __slots__ = ("compute_time", "row_steps", "energy_joules")
    COMPUTE_TIME_FIELD_NUMBER: _ClassVar[int]
    ROW_STEPS_FIELD_NUMBER: _ClassVar[int]
    ENERGY_JOULES_FIELD_NUMBER: _ClassVar[int]
    compute_time: _duration_pb2.Duration
    row_steps: int
    energy_joules: float
    def __init__(self, compute_time: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., row_steps: _Optional[int] = ..., energy_joules: _Optional[float] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models",)
    MODELS_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "family", "native_width", "native_height", "output_width", "output_height", "smallest", "largest", "unit", "most_pixels", "square", "default_steps", "default_guidance", "takes_guidance", "takes_negative", "takes_source", "provider", "sha256")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    NATIVE_WIDTH_FIELD_NUMBER: _ClassVar[int]
    NATIVE_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_WIDTH_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SMALLEST_FIELD_NUMBER: _ClassVar[int]
    LARGEST_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    MOST_PIXELS_FIELD_NUMBER: _ClassVar[int]
    SQUARE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_STEPS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    TAKES_GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    TAKES_NEGATIVE_FIELD_NUMBER: _ClassVar[int]
    TAKES_SOURCE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    name: str
    family: str
    native_width: int
    native_height: int
    output_width: int
    output_height: int
    smallest: int
    largest: int
    unit: int
    most_pixels: int
    square: bool
    default_steps: int
    default_guidance: float
    takes_guidance: bool
    takes_negative: bool
    takes_source: bool
    provider: str
    sha256: str
    def __init__(self, name: _Optional[str] = ..., family: _Optional[str] = ..., native_width: _Optional[int] = ..., native_height: _Optional[int] = ..., output_width: _Optional[int] = ..., output_height: _Optional[int] = ..., smallest: _Optional[int] = ..., largest: _Optional[int] = ..., unit: _Optional[int] = ..., most_pixels: _Optional[int] = ..., square: bool = ..., default_steps: _Optional[int] = ..., default_guidance: _Optional[float] = ..., takes_guidance: bool = ..., takes_negative: bool = ..., takes_source: bool = ..., provider: _Optional[str] = ..., sha256: _Optional[str] = ...) -> None: ...
