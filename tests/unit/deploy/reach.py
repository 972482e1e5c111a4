"""Who may talk to whom under a set of NetworkPolicies.

A connection needs both ends: an egress rule for the source and an ingress rule for the target, where any policy
of that direction binds them. What is outside the mesh is a `Pod` too, with its namespace's labels.
"""

from dataclasses import dataclass, field

from tests.unit.deploy.rendering import Manifest


@dataclass(frozen=True)
class Pod:
    """One end of a connection. `ports` are its container ports by name."""

    name: str
    labels: dict[str, str]
    namespace: dict[str, str]
    inside: bool = True
    """Whether the policies' namespace is its own."""
    ports: dict[str, int] = field(default_factory=dict)


def allowed(policies: list[Manifest], source: Pod, target: Pod, port: int, protocol: str = "TCP") -> bool:
    """Whether `source` may open a connection to `port` of `target`."""
    return all(half(policies, source, target, port, protocol=protocol) for half in (may_send, may_receive))


def may_send(policies: list[Manifest], source: Pod, target: Pod, port: int, *, protocol: str = "TCP") -> bool:
    """The source's half."""
    return _side(policies, "Egress", source, target, Door(target, port, protocol))


def may_receive(policies: list[Manifest], source: Pod, target: Pod, port: int, *, protocol: str = "TCP") -> bool:
    """The target's half."""
    return _side(policies, "Ingress", target, source, Door(target, port, protocol))


@dataclass(frozen=True)
class Door:
    """What is knocked at."""

    target: Pod
    port: int
    protocol: str


def _side(policies: list[Manifest], direction: str, subject: Pod, other: Pod, door: Door) -> bool:
    if not subject.inside:
        return True
    binding = [
        policy["spec"]
        for policy in policies
        if direction in policy["spec"]["policyTypes"] and matches(policy["spec"]["podSelector"], subject.labels)
    ]
    rules = [rule for spec in binding for rule in spec.get(direction.lower(), [])]
    return not binding or any(
        _peers(rule.get("to" if direction == "Egress" else "from"), other) and _ports(rule.get("ports"), door)
        for rule in rules
    )


def _peers(peers: list[Manifest] | None, other: Pod) -> bool:
    """No list means anyone; an address block may hold pods as well, so it counts as anyone too."""
    if peers is None:
        return True
    for peer in peers:
        if "ipBlock" in peer:
            return True
        in_namespace = (
            matches(peer["namespaceSelector"], other.namespace) if "namespaceSelector" in peer else other.inside
        )
        if in_namespace and matches(peer.get("podSelector", {}), other.labels):
            return True
    return False


def _ports(ports: list[Manifest] | None, door: Door) -> bool:
    """No list means any port; a name means the target's container port of that name."""
    if ports is None:
        return True
    return any(
        entry.get("protocol", "TCP") == door.protocol
        and door.port
        == (door.target.ports.get(entry["port"]) if isinstance(entry["port"], str) else entry["port"])
        for entry in ports
    )


def matches(selector: Manifest, labels: dict[str, str]) -> bool:
    """Whether a label selector (matchLabels and `In` expressions) takes these labels; an empty one takes all."""
    for expression in selector.get("matchExpressions", []):
        if expression["operator"] != "In":
            raise ValueError(f"operator {expression['operator']} is not understood here")
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
