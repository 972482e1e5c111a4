"""A policy file that changes under way."""

from pathlib import Path

import pytest

from services.quota.metrics import POLICY_ERRORS
from services.quota.policy import Policy
from services.quota.policy_file import BUNDLED, load_policy
from services.runtime.policy_reload import PolicyReload


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(BUNDLED.read_text(encoding="utf-8"))
    return path


def test_a_changed_file_is_taken_over_once(file: Path) -> None:
    used: list[Policy] = []
    reload = PolicyReload(file, load_policy, used.append, POLICY_ERRORS)
    assert not reload.look()
    file.write_text(file.read_text().replace("max_cost = 10", "max_cost = 4"))
    assert reload.look() and not reload.look()
    assert [policy.max_cost for policy in used] == [4]


@pytest.mark.parametrize("text", ["max_cost =", "max_cost = 4", ""])
def test_a_wrong_file_is_told_and_the_old_policy_stays(
    file: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    used: list[Policy] = []
    reload = PolicyReload(file, load_policy, used.append, POLICY_ERRORS)
    file.write_text(text)
    assert not reload.look() and not reload.look() and not used
    (record,) = caplog.records
    assert "the old one stays" in record.message and record.detail.startswith("policy policy.toml")  # type: ignore[attr-defined]
    file.write_text(BUNDLED.read_text(encoding="utf-8"))
    assert reload.look()


def test_a_file_that_is_away_for_a_moment_is_not_a_change(file: Path) -> None:
    used: list[Policy] = []
    reload = PolicyReload(file, load_policy, used.append, POLICY_ERRORS)
    text = file.read_text()
    file.unlink()
    assert not reload.look()
    file.write_text(text)
    assert not reload.look() and not used


def test_a_mounted_file_is_swapped_as_a_link(tmp_path: Path) -> None:
    """As the kubelet does with a ConfigMap."""
    for name, cost in (("one", 10), ("two", 7)):
        (tmp_path / name).mkdir()
        text = BUNDLED.read_text(encoding="utf-8").replace("max_cost = 10", f"max_cost = {cost}")
        (tmp_path / name / "policy.toml").write_text(text)
    link = tmp_path / "data"
    link.symlink_to("one")
    used: list[Policy] = []
    reload = PolicyReload(link / "policy.toml", load_policy, used.append, POLICY_ERRORS)
    new = tmp_path / "new"
    new.symlink_to("two")
    new.replace(link)
    assert reload.look()
    assert used[0].max_cost == 7
