"""Reads a policy file: every entry checked, every complaint with the entry's name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from services.moderator.rules import AppealRules, Change, ExemplarRules, Keeping, Level, Prompts, Rules
from services.runtime.settings import SettingsError

BUNDLED = Path(__file__).with_name("policy.toml")
LARGEST = 256 * 1024
"""Bytes of a policy file."""
LARGEST_SHIFT = 10.0
MOST_ACCOUNTS = 1_000

Table = Mapping[str, Any]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]{1,64}")


def load_rules(path: Path, prompt: Collection[str], image: Collection[str]) -> tuple[Rules, str]:
    """The rules in `path`, and its text. Raises SettingsError that names the entry and what it must be."""
    try:
        text = path.read_text(encoding="utf-8")
        return parse_rules(text, prompt, image), text
    except (OSError, UnicodeDecodeError, SettingsError) as error:
        raise SettingsError(f"policy {path.name}: {error}") from None


def parse_rules(text: str, prompt: Collection[str], image: Collection[str]) -> Rules:
    """Rules from a file's text; `prompt` and `image` are the scores that the models give. Raises SettingsError."""
    if len(text) > LARGEST:
        raise SettingsError(f"the file must be at most {LARGEST} characters")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error)) from None
    return _Reader(frozenset(prompt), frozenset(image)).rules(raw)


class _Reader:
    def __init__(self, prompt: frozenset[str], image: frozenset[str]) -> None:
        self._prompt, self._image = prompt, image

    def rules(self, raw: Table) -> Rules:
        names = {"name", "prompt", "image", "minors", "negative", "level", "tier", "account"}
        _only(raw, "the file", names | {"appeals", "exemplars", "keeping"})
        name = raw.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise SettingsError(f"name must be 1 to 32 of a-z, 0-9, '_' and '-', a letter first, not {name!r}")
        minors = _table(raw, "minors", {"sexual"})
        negative = _table(raw, "negative", {"screen", "sexual"})
        screens = _flag(negative, "screen", "negative.", True)
        levels = _tables(raw, "level", 2)
        if unknown := levels.keys() - {Level.LOW}:
            raise SettingsError(f"level.{min(unknown)} is not known: must be 'low'")
        return Rules(
            name=name,
            prompt=self._change(_table(raw, "prompt", None), "prompt", self._prompt),
            image=self._change(_table(raw, "image", None), "image", None),
            minors_sexual=_probability(minors, "sexual", "minors.") if "sexual" in minors else None,
            led_away_sexual=_probability(negative, "sexual", "negative.", 0.3) if screens else None,
            levels={Level(key): self._change(one, f"level.{key}", self._prompt) for key, one in levels.items()},
            tiers={
                _matching(_NAME, key, "tier"): self._change(one, f"tier.{key}", self._prompt)
                for key, one in _tables(raw, "tier", 100).items()
            },
            accounts={
                _matching(_ACCOUNT, key, "account"): self._change(one, f"account.{key}", self._prompt)
                for key, one in _tables(raw, "account", MOST_ACCOUNTS).items()
            },
            appeals=self._appeals(_table(raw, "appeals", None)),
            exemplars=_exemplars(_table(raw, "exemplars", None)),
            keeping=_keeping(_table(raw, "keeping", None)),
        )

    def _change(self, raw: Table, where: str, known: frozenset[str] | None) -> Change:
        """`known` None takes any name: what a picture classifier scores is its own business."""
        _only(raw, where, {"shift", "limit", "off"})
        shift = _table(raw, "shift", None, f"{where}.")
        limit = _table(raw, "limit", None, f"{where}.")
        off = _names(raw, "off", f"{where}.")
        for name in [*shift, *limit, *off]:
            if known is not None and name not in known and not (name == "*" and name in shift):
                raise SettingsError(f"{where}: category must be one of {', '.join(sorted(known))}, not {name!r}")
        if "*" in limit or "*" in off:
            raise SettingsError(f"{where}: '*' is for shift only")
        return Change(
            {name: _number(shift, name, f"{where}.shift.", (-LARGEST_SHIFT, LARGEST_SHIFT)) for name in shift},
            {name: _probability(limit, name, f"{where}.limit.") for name in limit},
            frozenset(off),
        )

    def _appeals(self, raw: Table) -> AppealRules:
        usual = AppealRules()
        whole = {
            "open_per_account": (0, 1_000),
            "filed_per_day": (0, 10_000),
            "granted_per_account": (0, 10_000),
            "open_total": (0, 1_000_000),
            "note": (0, 10_000),
            "credit_amount": (0, 1_000),
        }
        _only(raw, "appeals", {*whole, "never", "credit_policy"})
        numbers = {key: _whole(raw, key, "appeals.", bounds, getattr(usual, key)) for key, bounds in whole.items()}
        never = _names(raw, "never", "appeals.", sorted(usual.never))
        for name in never:
            if name not in self._prompt | self._image | usual.never:
                raise SettingsError(f"appeals.never: no category {name!r}")
        if "sexual_minors" not in never:
            raise SettingsError("appeals.never must hold 'sexual_minors'")
        policy = raw.get("credit_policy", usual.credit_policy)
        if not isinstance(policy, str) or not _NAME.fullmatch(policy):
            raise SettingsError("appeals.credit_policy must be the name of a limit")
        return AppealRules(never=frozenset(never), credit_policy=policy, **numbers)


def _exemplars(raw: Table) -> ExemplarRules:
    usual = ExemplarRules()
    _only(raw, "exemplars", {"most_allows", "most_blocks", "likeness", "word_likeness", "margin"})
    return ExemplarRules(
        most_allows=_whole(raw, "most_allows", "exemplars.", (0, 8_000), usual.most_allows),
        most_blocks=_whole(raw, "most_blocks", "exemplars.", (0, 2_000), usual.most_blocks),
        likeness=_number(raw, "likeness", "exemplars.", (0.5, 1.0), usual.likeness),
        word_likeness=_number(raw, "word_likeness", "exemplars.", (0.3, 1.0), usual.word_likeness),
        margin=_number(raw, "margin", "exemplars.", (0.0, 5.0), usual.margin),
    )


def _keeping(raw: Table) -> Keeping:
    usual = Keeping()
    _only(raw, "keeping", {"appeal_days", "audit_days", "audit_entries", "audit_prompts", "forget_denied"})
    prompts = raw.get("audit_prompts", usual.audit_prompts)
    if prompts not in list(Prompts):
        raise SettingsError(f"keeping.audit_prompts must be one of {', '.join(Prompts)}, not {prompts!r}")
    return Keeping(
        appeal_days=_whole(raw, "appeal_days", "keeping.", (1, 3_650), usual.appeal_days),
        audit_days=_whole(raw, "audit_days", "keeping.", (1, 3_650), usual.audit_days),
        audit_entries=_whole(raw, "audit_entries", "keeping.", (100, 10_000_000), usual.audit_entries),
        audit_prompts=Prompts(prompts),
        forget_denied=_flag(raw, "forget_denied", "keeping.", usual.forget_denied),
    )


def _only(raw: Table, where: str, known: Collection[str]) -> None:
    if unknown := raw.keys() - set(known):
        raise SettingsError(f"{where}: no entry {min(unknown)!r}; there are {', '.join(sorted(known))}")


def _table(raw: Table, key: str, known: Collection[str] | None, where: str = "") -> Table:
    """A table of the file, empty when absent; `known` None checks no names."""
    table = raw.get(key, {})
    if not isinstance(table, Mapping):
        raise SettingsError(f"{where}{key} must be a table")
    if known is not None:
        _only(table, f"{where}{key}", known)
    return table


def _tables(raw: Table, key: str, most: int) -> dict[str, Table]:
    table = _table(raw, key, None)
    if len(table) > most:
        raise SettingsError(f"{key} must have at most {most} entries")
    return {name: _table(table, name, None, f"{key}.") for name in table}


def _matching(pattern: re.Pattern[str], key: str, where: str) -> str:
    if not pattern.fullmatch(key):
        raise SettingsError(f"{where}.{key!r} is no name")
    return key


def _names(raw: Table, key: str, where: str, usual: list[str] | None = None) -> list[str]:
    names = raw.get(key, usual or [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SettingsError(f"{where}{key} must be a list of categories")
    return names


def _flag(raw: Table, key: str, where: str, usual: bool) -> bool:
    value = raw.get(key, usual)
    if not isinstance(value, bool):
        raise SettingsError(f"{where}{key} must be true or false, not {value!r}")
    return value


def _whole(raw: Table, key: str, where: str, bounds: tuple[int, int], usual: int) -> int:
    low, high = bounds
    value = raw.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"{where}{key} must be a whole number from {low} to {high}, not {value!r}")
    return value


def _number(raw: Table, key: str, where: str, bounds: tuple[float, float], usual: float = 0.0) -> float:
    low, high = bounds
    value = raw.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SettingsError(f"{where}{key} must be a number from {low:g} to {high:g}, not {value!r}")
    return float(value)


def _probability(raw: Table, key: str, where: str, usual: float = 1.0) -> float:
    value = _number(raw, key, where, (0.0, 1.0), usual)
    if value == 0.0:
        raise SettingsError(f"{where}{key} must be above 0")
    return value
