"""Everything that the desk asks of its store."""

from typing import Protocol

from services.quota.office import Office
from services.quota.policy import Policy
from services.quota.store import Store


class FullStore(Store, Office, Protocol):
    """Kept by `MemoryStore` and `RedisStore`."""

    def use(self, policy: Policy) -> None:
        """Another policy from now on. What is held stays held."""
        ...
