"""`fournil admin`: what operators do on the desk, over its admin service; what they do on the moderator is in
`admin_moderation`. Every change takes a --reason.

Where the desk is and what it is shown come from --target / FOURNIL_ADMIN_TARGET and --token / FOURNIL_ADMIN_TOKEN.
"""

import argparse
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from fournil import admin_moderation
from fournil.admin_arguments import Command, add_command, add_pages, number
from fournil.admin_client import AdminDesk
from fournil.admin_display import ending, level_name, moment, say, show_limits, show_table, tell
from fournil.quota.v1 import admin_pb2
from fournil.terminal import Terminal

_LEVELS = ("normal", "busy", "surge", "shed")
_SPAN = re.compile(r"(\d{1,5})([mhd])")
_SPAN_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}

Act = Callable[[AdminDesk, argparse.Namespace, Terminal], None]


def keys_create(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """Makes a key; the key alone goes to the output, what is to be said about it beside it."""
    request = admin_pb2.CreateKeyRequest(
        account_id=given.account, tier=given.tier, reason=given.reason, scopes=given.scope, **(given.expires or {})
    )
    made = desk.call("CreateKey", request)
    facts = {"id": made.key_id, "account": given.account, "until": ending(made, terminal)}
    terminal.console.print(say(terminal, "key", **facts), highlight=False, markup=False)
    terminal.out.print(made.api_key, highlight=False, markup=False, soft_wrap=True)


def keys_list(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """An account's keys."""
    keys = desk.call("ListKeys", admin_pb2.ListKeysRequest(account_id=given.account)).keys
    if not keys:
        tell(terminal, "no_keys", account=given.account)
        return
    now, rows = datetime.now(UTC), []
    for key in keys:
        over = key.HasField("expire_time") and key.expire_time.ToDatetime(UTC) <= now
        state = "revoked" if key.revoked else "expired" if over else "alive"
        scopes = ", ".join(key.scopes) or say(terminal, "all")
        rows.append((key.key_id, say(terminal, state), ending(key, terminal), scopes))
    show_table(terminal, ("id", "state", "until", "scopes"), rows)


def account_show(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """An account and its limits."""
    found = desk.call("GetAccount", admin_pb2.GetAccountRequest(account_id=given.account))
    facts = {
        "account": given.account,
        "tier": found.tier,
        "zone": found.time_zone or say(terminal, "default_zone"),
        "level": level_name(found.level),
    }
    tell(terminal, "account", **facts)
    if found.banned:
        terminal.out.print(
            say(terminal, "banned", notice=found.banned), style="red", highlight=False, markup=False
        )
    show_limits(terminal, found.verdicts)


def account_credit(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """Allows more for now, and shows the limit after it."""
    request = admin_pb2.CreditRequest(
        account_id=given.account, policy=given.policy, amount=given.amount, reason=given.reason
    )
    show_limits(terminal, [desk.call("Credit", request).verdict])


def surge_show(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """The surge level and why it is what it is."""
    surge = desk.line().surge
    facts = {
        "level": level_name(surge.level),
        "pinned": say(terminal, "pinned") if surge.pinned else "",
        "since": moment(surge.since) if surge.HasField("since") else "–",
        "cause": surge.cause or "–",
        "backlog": surge.backlog_seconds,
    }
    tell(terminal, "surge", **facts)


def queue_drain(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """Refunds what waits in a class, page by page, until nothing more does."""
    request = admin_pb2.DrainLineRequest(model=given.model, tier=given.tier, reason=given.reason)
    count, more = 0, True
    while more:
        answer = desk.call("DrainLine", request)
        count, more = count + answer.refunded, answer.more
    tell(terminal, "drained", count=count)


def audit(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """A page of the audit log, newest first."""
    page = desk.call("ListAudit", admin_pb2.ListAuditRequest(page_size=given.number, page_token=given.before))
    rows = [(moment(one.time), one.action, one.subject, one.detail, one.reason) for one in page.entries]
    show_table(terminal, ("time", "action", "subject", "detail", "reason"), rows)
    if page.next_page_token:
        terminal.console.print(say(terminal, "more", token=page.next_page_token), highlight=False)


def change(method: str, *fields: str, **renamed: str) -> Act:
    """A command that changes one thing and has nothing to show: `fields` and the reason go into the request."""
    request_type = getattr(admin_pb2, f"{method}Request")

    def act(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
        facts = {field: getattr(given, name) for field, name in renamed.items()}
        facts |= {field: getattr(given, field) for field in fields}
        desk.call(method, request_type(reason=given.reason, **facts))
        what = " ".join(str(value) for value in facts.values() if value)
        tell(terminal, "done", what=f"{given.verb} {what}")

    return act


def pin(desk: AdminDesk, given: argparse.Namespace, terminal: Terminal) -> None:
    """Pins the surge level, or releases it, and shows it."""
    if given.level is None:
        desk.call("ReleaseSurge", admin_pb2.ReleaseSurgeRequest(reason=given.reason))
    else:
        level = f"SURGE_LEVEL_{given.level.upper()}"
        desk.call("PinSurge", admin_pb2.PinSurgeRequest(level=level, reason=given.reason))
    surge_show(desk, given, terminal)


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The command line of `fournil admin`."""
    default = os.environ.get("FOURNIL_ADMIN_TARGET", "127.0.0.1:50051")
    parser.add_argument("--target", dest="admin_target", default=default, help="gRPC target of the desk")
    parser.add_argument("--token", default=os.environ.get("FOURNIL_ADMIN_TOKEN", ""))
    groups = parser.add_subparsers(
        required=True, metavar="{keys,account,surge,queue,appeals,exemplars,policy,moderation,audit}"
    )

    keys = groups.add_parser("keys", help="keys of accounts").add_subparsers(required=True)
    sub = _add(keys, "create", keys_create, "make a key", "account", reason=True)
    sub.add_argument("--tier", default="", help="move the account to this tier (a new one has the default)")
    sub.add_argument("--expires", type=_expiry, help="90d, 12h, 30m, or a date or time such as 2027-01-31 (UTC)")
    sub.add_argument("--scope", action="append", default=[], choices=("draw", "read"), help="default: all")
    _add(keys, "list", keys_list, "an account's keys", "account")
    _add(keys, "revoke", change("RevokeKey", "key_id"), "end a key", "key_id", reason=True)

    accounts = groups.add_parser("account", help="accounts").add_subparsers(required=True)
    _add(accounts, "show", account_show, "tier, time zone, ban, limits", "account")
    tier = change("SetTier", "tier", account_id="account")
    _add(accounts, "set-tier", tier, "move to a tier", "account", "tier", reason=True)
    zone = change("SetTimeZone", "time_zone", account_id="account")
    sub = _add(accounts, "set-zone", zone, "by which clock its days begin", "account", reason=True)
    sub.add_argument("time_zone", help="such as America/Montreal; '' is the policy's")
    ban = change("Ban", "notice", account_id="account")
    sub = _add(accounts, "ban", ban, "bar from asking for more", "account", reason=True)
    sub.add_argument("--notice", default="", help="what its owner is told")
    _add(accounts, "unban", change("Unban", account_id="account"), "lift a ban", "account", reason=True)
    sub = _add(accounts, "credit", account_credit, "allow more in the present stretch", "account", reason=True)
    sub.add_argument("amount", type=number)
    sub.add_argument("--policy", default="daily", help="which limit (daily)")
    reset = change("ResetAllowance", account_id="account")
    _add(accounts, "reset", reset, "forget what was used", "account", reason=True)

    surge = groups.add_parser("surge", help="the surge level").add_subparsers(required=True)
    _add(surge, "show", surge_show, "the level, since when and why")
    _add(surge, "pin", pin, "set it and keep it", reason=True).add_argument("level", choices=_LEVELS)
    _add(surge, "release", pin, "let it move by itself", reason=True).set_defaults(level=None)

    queue = groups.add_parser("queue", help="the line").add_subparsers(required=True)
    _add(queue, "drain", queue_drain, "refund all who wait in a class", "model", "tier", reason=True)

    admin_moderation.add_commands(parser, groups)

    sub = _add(groups, "audit", audit, "what was changed, when and why")
    add_pages(sub, "entry")


def _connected(act: Act) -> Command:
    def command(given: argparse.Namespace, terminal: Terminal) -> int:
        with AdminDesk(given.admin_target, token=given.token, french=terminal.french) as desk:
            act(desk, given, terminal)
        return 0

    return command


_add = partial(add_command, _connected)


def _expiry(text: str) -> dict[str, Any]:
    """The fields of a key's expiry."""
    if match := _SPAN.fullmatch(text):
        return {"ttl": Duration(seconds=int(match[1]) * _SPAN_SECONDS[match[2]])}
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a time: {text!r}") from None
    stamp = Timestamp()
    stamp.FromDatetime(time if time.tzinfo else time.replace(tzinfo=UTC))
    return {"expire_time": stamp}
