"""What lies beside a job's pictures is not one of them, and goes with them."""

import pytest

from services.edge.results import ObjectResults
from services.runtime.errors import Fault, Reason
from tests.unit.edge.fake_mesh import a_job

JOB = a_job().id


async def test_what_was_sent_lies_beside_the_pictures_and_is_deleted_with_them() -> None:
    results = ObjectResults("memory:///")
    await results.put_source(JOB, b"source")
    await results.put_mask(JOB, b"mask")
    assert list(await results.stored(JOB)) == []
    for index in (10, 0, 2):
        await results.put(JOB, index, bytes([index]))
    assert list(await results.stored(JOB)) == [0, 2, 10]
    assert (await results.source(JOB), await results.mask(JOB), await results.get(JOB, 2)) == (
        b"source",
        b"mask",
        b"\x02",
    )
    await results.delete(JOB)
    for gone in (results.source(JOB), results.mask(JOB), results.get(JOB, 0)):
        with pytest.raises(Fault) as missing:
            await gone
        assert missing.value.reason is Reason.NOT_FOUND
