"""`fournil admin appeals`, `exemplars`, `policy` and `moderation audit`: what operators do on the moderator.

Where it is and what it is shown come from --moderator / FOURNIL_MODERATOR_TARGET and --token /
FOURNIL_ADMIN_TOKEN.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fournil.admin_arguments import Command, add_command, add_pages, number
from fournil.admin_client import AdminTaster
from fournil.admin_display import moment, say, show_table, tell
from fournil.moderator.v1 import admin_pb2, moderator_pb2
from fournil.terminal import Terminal

Act = Callable[[AdminTaster, argparse.Namespace, Terminal], None]

_STATES = ("open", "granted", "denied")


def appeals_list(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """A page of everybody's appeals."""
    state = f"APPEAL_STATE_{given.state.upper()}" if given.state else None
    request = admin_pb2.ListAllAppealsRequest(state=state, page_size=given.number, page_token=given.before)
    page = taster.call("ListAllAppeals", request)
    if not page.appeals:
        tell(terminal, "no_appeals")
        return
    rows = [
        (one.id, _state(one), moment(one.create_time), one.account_id, one.category, one.prompt[:60])
        for one in page.appeals
    ]
    show_table(terminal, ("appeal_id", "state", "time", "account_id", "category", "detail"), rows)
    if page.next_page_token:
        terminal.console.print(say(terminal, "more", token=page.next_page_token), highlight=False)


def appeals_show(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """One appeal."""
    _show(taster.call("ReadAppeal", admin_pb2.ReadAppealRequest(appeal_id=given.appeal)).appeal, terminal)


def appeals_decide(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """Grants or denies one, and shows it."""
    request = admin_pb2.DecideAppealRequest(
        appeal_id=given.appeal, grant=given.verb == "grant", reason=given.reason, notice=given.notice
    )
    _show(taster.call("DecideAppeal", request).appeal, terminal)


def exemplars_list(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """All exemplars."""
    rows = [(one.id, _kind(one), one.category, moment(one.create_time), one.prompt) for one in _all(taster)]
    show_table(terminal, ("exemplar_id", "state", "category", "time", "detail"), rows)


def exemplars_export(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """All exemplars as JSON lines, for `python -m services.moderator replay`."""
    count = 0
    with Path(given.file).open("w", encoding="utf-8") as file:
        for one in _all(taster):
            row = {"id": one.id, "kind": _kind(one), "category": one.category, "prompt": one.prompt}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    tell(terminal, "exported", count=count)


def exemplars_add(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """Settles a prompt."""
    request = admin_pb2.AddExemplarRequest(
        kind=f"EXEMPLAR_KIND_{given.kind.upper()}",
        category=given.category,
        prompt=given.prompt,
        reason=given.reason,
    )
    made = taster.call("AddExemplar", request).exemplar
    tell(terminal, "exemplar", id=made.id, kind=_kind(made), category=made.category)


def exemplars_remove(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """Removes an exemplar."""
    request = admin_pb2.RemoveExemplarRequest(exemplar_id=given.exemplar, reason=given.reason)
    taster.call("RemoveExemplar", request)
    tell(terminal, "done", what=f"{given.verb} {given.exemplar}")


def policy_show(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """The live policy, the candidate, and how they compare."""
    _show_policies(taster.call("GetPolicies", admin_pb2.GetPoliciesRequest()).policies, terminal)


def policy_try(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """A candidate from a file, or another share of the present one."""
    text = Path(given.file).read_text(encoding="utf-8") if given.verb == "try" else ""
    request = admin_pb2.TryPolicyRequest(policy=text, share=given.share, reason=given.reason)
    _show_policies(taster.call("TryPolicy", request).policies, terminal)


def policy_promote(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """The candidate lives."""
    request = admin_pb2.PromotePolicyRequest(version=given.version, reason=given.reason)
    _show_policies(taster.call("PromotePolicy", request).policies, terminal)


def policy_roll_back(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """Back to what was."""
    request = admin_pb2.RollBackPolicyRequest(reason=given.reason)
    _show_policies(taster.call("RollBackPolicy", request).policies, terminal)


def audit(taster: AdminTaster, given: argparse.Namespace, terminal: Terminal) -> None:
    """A page of the moderator's audit log, newest first."""
    page = taster.call("ListAudit", admin_pb2.ListAuditRequest(page_size=given.number, page_token=given.before))
    rows = [(moment(one.time), one.action, one.subject, one.detail, one.reason) for one in page.entries]
    show_table(terminal, ("time", "action", "subject", "detail", "reason"), rows)
    if page.next_page_token:
        terminal.console.print(say(terminal, "more", token=page.next_page_token), highlight=False)


def add_commands(parser: argparse.ArgumentParser, groups: Any) -> None:
    """These groups of `fournil admin`."""
    default = os.environ.get("FOURNIL_MODERATOR_TARGET", "127.0.0.1:50052")
    parser.add_argument("--moderator", default=default, help="gRPC target of the moderator")

    appeals = groups.add_parser("appeals", help="refusals that are questioned").add_subparsers(required=True)
    sub = _add(appeals, "list", appeals_list, "everybody's appeals, newest first")
    sub.add_argument("--state", choices=_STATES, default="")
    add_pages(sub, "page")
    _add(appeals, "show", appeals_show, "one appeal", "appeal")
    for verb, text in (("grant", "allow the prompt, credit its owner"), ("deny", "let the refusal stand")):
        sub = _add(appeals, verb, appeals_decide, text, "appeal", reason=True)
        sub.add_argument("--notice", default="", help="what its owner is told")

    exemplars = groups.add_parser("exemplars", help="settled prompts").add_subparsers(required=True)
    _add(exemplars, "list", exemplars_list, "all of them")
    _add(exemplars, "export", exemplars_export, "as JSON lines, to be replayed", "file")
    sub = _add(exemplars, "add", exemplars_add, "settle a prompt", reason=True)
    sub.add_argument("kind", choices=("allow", "block"))
    sub.add_argument("category")
    sub.add_argument("prompt")
    _add(exemplars, "remove", exemplars_remove, "let the model judge again", "exemplar", reason=True)

    policy = groups.add_parser("policy", help="live and candidate policies").add_subparsers(required=True)
    _add(policy, "show", policy_show, "versions, share, how they compare")
    sub = _add(policy, "try", policy_try, "try a policy file beside the live one", "file", reason=True)
    sub.add_argument(
        "--share", type=number, default=0, help="per cent of the accounts it decides for (0: it only counts)"
    )
    sub = _add(policy, "share", policy_try, "let the candidate decide for more or fewer", reason=True)
    sub.add_argument("share", type=number, help="per cent of the accounts")
    _add(policy, "promote", policy_promote, "the candidate becomes the live policy", "version", reason=True)
    _add(policy, "rollback", policy_roll_back, "drop the candidate, or undo the last promotion", reason=True)

    moderation = groups.add_parser("moderation", help="the moderator's log").add_subparsers(required=True)
    add_pages(_add(moderation, "audit", audit, "what was changed, when and why"), "page")


def _connected(act: Act) -> Command:
    def command(given: argparse.Namespace, terminal: Terminal) -> int:
        try:
            with AdminTaster(given.moderator, token=given.token, french=terminal.french) as taster:
                act(taster, given, terminal)
        except (OSError, UnicodeDecodeError) as error:
            terminal.console.print(str(error), style="red", highlight=False, markup=False)
            return 2
        return 0

    return command


_add = partial(add_command, _connected)


def _all(taster: AdminTaster) -> Iterator[Any]:
    token = ""
    while True:
        page = taster.call("ListExemplars", admin_pb2.ListExemplarsRequest(page_size=500, page_token=token))
        yield from page.exemplars
        token = page.next_page_token
        if not token:
            return


def _show(appeal: Any, terminal: Terminal) -> None:
    stage = moderator_pb2.Stage.Name(appeal.stage).removeprefix("STAGE_").lower()
    facts = {"id": appeal.id, "state": _state(appeal), "stage": stage, "category": appeal.category}
    facts |= {"score": appeal.score, "policy": appeal.policy_version, "account": appeal.account_id}
    tell(terminal, "appeal", when=moment(appeal.create_time), **facts)
    for name in ("prompt", "note", "notice"):
        if text := getattr(appeal, name):
            tell(terminal, name, text=text)
    if appeal.credit:
        credit = moderator_pb2.CreditState.Name(appeal.credit).removeprefix("CREDIT_STATE_").lower()
        tell(terminal, "credit", state=credit)


def _show_policies(policies: Any, terminal: Terminal) -> None:
    promoted = say(terminal, "promoted") if policies.promoted else ""
    tell(terminal, "policy_live", version=policies.live_version, promoted=promoted)
    if not policies.candidate_version:
        return
    tell(terminal, "policy_candidate", version=policies.candidate_version, share=policies.share)
    pictures = policies.pictures
    _show_comparison("policy_prompts", policies.prompts, policies, terminal)
    _show_comparison("policy_pictures", pictures.judged, pictures, terminal)


def _show_comparison(name: str, judged: int, compared: Any, terminal: Terminal) -> None:
    """Prompts' or pictures' counts, in words and by category."""
    counts = {"refused": compared.would_have_refused, "allowed": compared.would_have_allowed}
    tell(terminal, name, judged=judged, **counts)
    rows = [
        (one.category, str(one.both), str(one.live_only), str(one.candidate_only)) for one in compared.agreements
    ]
    if rows:
        show_table(terminal, ("category", "both", "live_only", "candidate_only"), rows)


def _state(appeal: Any) -> str:
    return moderator_pb2.AppealState.Name(appeal.state).removeprefix("APPEAL_STATE_").lower()


def _kind(exemplar: Any) -> str:
    return admin_pb2.ExemplarKind.Name(exemplar.kind).removeprefix("EXEMPLAR_KIND_").lower()
