"""Where pictures are kept: any store `obstore` knows, a folder by default (file:///...) or a bucket (s3://...).

A picture's path is its job's id and its index, so storing it twice stores the same thing. The picture that a job
starts from, and its mask, lie beside those that it ends with.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from services.runtime.errors import Fault, Reason

_SOURCE, _MASK = "source", "mask"


class ObjectResults:
    """Implements `walk.Results`. A store that does not answer raises UNAVAILABLE."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "file":
            folder = Path(parts.path)
            folder.mkdir(parents=True, exist_ok=True)
            self._store: ObjectStore = LocalStore(folder)
        elif parts.scheme == "memory":
            self._store = MemoryStore()
        else:
            # Plain HTTP is for stores inside a cluster or on loopback, and only when AWS_ALLOW_HTTP asks for it.
            plain = os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}
            self._store = from_url(
                url, client_options={"timeout": "10s", "connect_timeout": "3s", "allow_http": plain}
            )

    async def put(self, job_id: str, index: int, data: bytes) -> None:
        """Stores one picture."""
        await self._put(f"{job_id}/{index}", data)

    async def put_source(self, job_id: str, data: bytes) -> None:
        """Stores the picture that the job starts from."""
        await self._put(f"{job_id}/{_SOURCE}", data)

    async def put_mask(self, job_id: str, data: bytes) -> None:
        """Stores the mask of that picture."""
        await self._put(f"{job_id}/{_MASK}", data)

    async def stored(self, job_id: str) -> Sequence[int]:
        """Indices of the pictures that are kept, in order."""
        try:
            listed = await obstore.list(self._store, prefix=f"{job_id}/").collect_async()
        except BaseError as error:
            raise _away() from error
        names = (entry["path"].rsplit("/", 1)[1] for entry in listed)
        return sorted(int(name) for name in names if name not in {_SOURCE, _MASK})

    async def delete(self, job_id: str) -> None:
        """Deletes everything that is kept of a job."""
        try:
            listed = await obstore.list(self._store, prefix=f"{job_id}/").collect_async()
            if listed:
                await obstore.delete_async(self._store, [entry["path"] for entry in listed])
        except BaseError as error:
            raise _away() from error

    async def get(self, job_id: str, index: int) -> bytes:
        """One picture. Raises NOT_FOUND."""
        return await self._get(f"{job_id}/{index}")

    async def source(self, job_id: str) -> bytes:
        """The picture that the job starts from. Raises NOT_FOUND."""
        return await self._get(f"{job_id}/{_SOURCE}")

    async def mask(self, job_id: str) -> bytes:
        """The mask of that picture. Raises NOT_FOUND."""
        return await self._get(f"{job_id}/{_MASK}")

    async def _put(self, path: str, data: bytes) -> None:
        try:
            await obstore.put_async(self._store, path, data)
        except BaseError as error:
            raise _away() from error

    async def _get(self, path: str) -> bytes:
        try:
            found = await obstore.get_async(self._store, path)
            return bytes(await found.bytes_async())
        except FileNotFoundError as error:
            raise Fault(Reason.NOT_FOUND, "no such picture") from error
        except BaseError as error:
            raise _away() from error


def _away() -> Fault:
    return Fault(Reason.UNAVAILABLE, "the picture store does not answer", retry_after=1.0, peer="results")
