"""What `fournil admin` shows: sentences in French and English, tables, times."""

from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from rich.table import Table
from rich.text import Text

from fournil.quota.v1 import quota_pb2
from fournil.terminal import Terminal

_TEXTS: dict[str, tuple[str, str]] = {
    "done": ("done: {what}", "fait : {what}"),
    "key": (
        "{id} for {account}; it ends {until}. It is shown only now:",
        "{id} pour {account} ; fin : {until}. Elle ne sera plus affichée :",
    ),
    "never": ("never", "jamais"),
    "no_keys": ("{account} has no keys", "{account} n’a pas de clé"),
    "account": (
        "{account}: tier {tier}, time zone {zone}, limits at level {level}",
        "{account} : palier {tier}, fuseau {zone}, limites au niveau {level}",
    ),
    "default_zone": ("of the policy", "celui des règles"),
    "banned": ("banned: {notice}", "banni : {notice}"),
    "surge": (
        "{level}{pinned} since {since}: {cause}; backlog {backlog:.0f} s",
        "{level}{pinned} depuis {since} : {cause} ; {backlog:.0f} s de travail en attente",
    ),
    "pinned": (" (pinned)", " (fixé)"),
    "drained": ("tickets refunded: {count}", "tickets remboursés : {count}"),
    "more": ("older entries: --before {token}", "entrées plus anciennes : --before {token}"),
    "id": ("key", "clé"),
    "state": ("state", "état"),
    "until": ("ends", "fin"),
    "scopes": ("scopes", "portées"),
    "alive": ("alive", "active"),
    "revoked": ("revoked", "révoquée"),
    "expired": ("expired", "expirée"),
    "all": ("all", "toutes"),
    "limit": ("limit", "limite"),
    "unit": ("unit", "unité"),
    "most": ("most", "maximum"),
    "used": ("used", "utilisé"),
    "held": ("held", "retenu"),
    "resets": ("room again", "reprise"),
    "time": ("time (UTC)", "heure (UTC)"),
    "action": ("action", "action"),
    "subject": ("subject", "objet"),
    "detail": ("detail", "détail"),
    "reason": ("reason", "motif"),
    "no_appeals": ("no appeals", "aucune contestation"),
    "appeal": (
        "{id}: {state}; {stage}, {category} ({score:.2f}) by {policy}; account {account}, {when}",
        "{id} : {state} ; {stage}, {category} ({score:.2f}) par {policy} ; compte {account}, {when}",
    ),
    "prompt": ("prompt: {text}", "invite : {text}"),
    "note": ("its owner: {text}", "l’auteur : {text}"),
    "notice": ("answer: {text}", "réponse : {text}"),
    "credit": ("credit: {state}", "crédit : {state}"),
    "exemplar": ("{id}: {kind}, {category}", "{id} : {kind}, {category}"),
    "exported": ("exemplars exported: {count}", "exemples exportés : {count}"),
    "policy_live": ("live: {version}{promoted}", "en vigueur : {version}{promoted}"),
    "promoted": (" (promoted; undo with rollback)", " (promue ; à défaire par rollback)"),
    "policy_candidate": (
        "candidate: {version}, decides for {share} % of the accounts",
        "candidate : {version}, décide pour {share} % des comptes",
    ),
    "policy_prompts": (
        "{judged} prompts: {refused} more would be refused, {allowed} more allowed",
        "{judged} invites : {refused} de plus seraient refusées, {allowed} de plus acceptées",
    ),
    "policy_pictures": (
        "{judged} pictures, with previews: {refused} more would be refused, {allowed} more allowed",
        "{judged} images, aperçus compris : {refused} de plus seraient refusées, {allowed} de plus acceptées",
    ),
    "category": ("category", "catégorie"),
    "both": ("both", "les deux"),
    "live_only": ("live only", "en vigueur seule"),
    "candidate_only": ("candidate only", "candidate seule"),
    "appeal_id": ("appeal", "contestation"),
    "exemplar_id": ("exemplar", "exemple"),
    "account_id": ("account", "compte"),
    "pictures": ("pictures", "images"),
    "work": ("work, 1/1000 picture", "travail, 1/1000 image"),
    "jobs": ("jobs", "tâches"),
    "seconds": ("seconds", "secondes"),
}


def show_limits(terminal: Terminal, verdicts: Iterable[quota_pb2.PolicyVerdict]) -> None:
    """Limits as they stand."""
    rows = []
    for one in verdicts:
        unit = say(terminal, quota_pb2.LimitUnit.Name(one.unit).removeprefix("LIMIT_UNIT_").lower())
        resets = moment(one.reset_time) if one.HasField("reset_time") else "–"
        rows.append((one.policy, unit, str(one.limit), str(one.used), str(one.held), resets))
    show_table(terminal, ("limit", "unit", "most", "used", "held", "resets"), rows)


def show_table(terminal: Terminal, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Cells are shown as they are: an operator's reason is no markup."""
    table = Table(*(say(terminal, column) for column in columns))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    terminal.out.print(table)


def ending(key: Any, terminal: Terminal) -> str:
    """When a key ends by itself."""
    return moment(key.expire_time) if key.HasField("expire_time") else say(terminal, "never")


def moment(stamp: Timestamp) -> str:
    """In UTC, to the second."""
    return stamp.ToDatetime().strftime("%Y-%m-%d %H:%M:%S")


def level_name(level: quota_pb2.SurgeLevel) -> str:
    """Such as "busy"."""
    return quota_pb2.SurgeLevel.Name(level).removeprefix("SURGE_LEVEL_").lower()


def say(terminal: Terminal, name: str, **facts: object) -> str:
    """The sentence in the terminal's language."""
    return _TEXTS[name][terminal.french].format(**facts)


def tell(terminal: Terminal, name: str, **facts: object) -> None:
    """Prints a sentence as it is."""
    terminal.out.print(say(terminal, name, **facts), highlight=False, markup=False)
