"""What the desk counts for Prometheus."""

from prometheus_client import Counter, Gauge

DECISIONS = Counter(
    "fournil_quota_decisions_total",
    "Reserve calls: granted, repeated, trial, or the reason of the refusal.",
    ["outcome"],
)
SHADOW_REFUSALS = Counter(
    "fournil_quota_shadow_refusals_total", "Requests that a limit in the shadow would have refused.", ["policy"]
)
LATE_COMMITS = Counter(
    "fournil_quota_late_commits_total", "Pictures that were charged after their turn's lease had run out."
)
VOUCHERS = Counter(
    "fournil_quota_vouchers_total",
    "Of outages: granted without the store, reconciled with it (each once granted and once ended), lost.",
    ["what"],
)
JOURNAL = Gauge("fournil_quota_journal_lines", "Lines of the journal that the store does not know of yet.")
LEVEL = Gauge("fournil_quota_surge_level", "The surge level: 0 normal, 1 busy, 2 surge, 3 shed.")
BACKLOG = Gauge("fournil_quota_backlog_seconds", "Seconds of work that waits, for the model that is worst off.")
POLICY_ERRORS = Counter("fournil_quota_policy_errors_total", "Changed policy files that could not be taken over.")
GRANTS = Counter("fournil_quota_grants_total", "Turns handed out by this replica.", ["model", "tier"])
SWEPT = Counter(
    "fournil_quota_swept_total", "Reservations whose time ran out: expired, failed, returned.", ["what"]
)
ENDED = Counter("fournil_quota_ended_total", "Commit and Refund calls by the state they found or made.", ["state"])
WAITING = Gauge("fournil_quota_waiting", "Tickets waiting.", ["model", "tier"])
WAITING_PICTURES = Gauge("fournil_quota_waiting_pictures", "Pictures waiting.", ["model", "tier"])
SLOTS = Gauge("fournil_quota_slots", "Pictures that living generators hold at once.")
LEASED = Gauge("fournil_quota_leased", "Pictures of turns leased to living generators.")
BOOKS = Gauge("fournil_quota_books", "Reservations and pictures since the store began.", ["account"])
FOLLOWERS = Gauge("fournil_quota_followers", "Tickets followed on this replica.")
STORE_TROUBLE = Counter("fournil_quota_store_trouble_total", "Background rounds that the store failed.", ["round"])
