"""ID tokens of one trusted issuer (OpenID Connect Core 1.0, section 2; JWT, RFC 7519), checked with PyJWT.

A token is taken when a public key of the issuer signed it, with an algorithm that this key is for and never with
a shared secret or none; when issuer and audience are ours; when `exp` is ahead and `nbf`, if any, behind, give or
take `LEEWAY`; and when it has a subject. The name of its account is a hash of issuer and subject: the same person
is the same account for ever, two issuers never share one, and the store learns no address.

PyJWT is the `oidc` extra and is imported only where an issuer is configured.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.quota.accounts import Bearer
from services.quota.key_set import KeySet
from services.runtime.errors import Fault, Reason
from services.runtime.settings import Environment, SettingsError

log = logging.getLogger("fournil.quota.id_tokens")

LEEWAY = 30.0
"""Seconds that clocks may differ."""
LONGEST_TIER = 32

_BY_TYPE: Mapping[str, Sequence[str]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}
"""Algorithms that a key may be used with, by its type, where it does not name one itself."""
_ALL = {name for names in _BY_TYPE.values() for name in names}


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whom the desk trusts. `jwks` is an https URL or a file; `tier_claim` is the claim that asks for a tier."""

    issuer: str
    audience: str
    jwks: str
    tier_claim: str = "tier"

    @staticmethod
    def read(env: Environment) -> "Issuer | None":
        """From FOURNIL_OIDC_*; None without an issuer. Raises SettingsError."""
        issuer = env.text("FOURNIL_OIDC_ISSUER", "")
        if not issuer:
            return None
        jwks = env.text("FOURNIL_OIDC_JWKS")
        if "://" in jwks and not jwks.startswith("https://"):
            raise SettingsError(f"FOURNIL_OIDC_JWKS must be an https URL or a file, not {jwks!r}")
        if "://" not in jwks and not Path(jwks).is_file():
            raise SettingsError(f"FOURNIL_OIDC_JWKS: no file at {jwks}")
        claim = env.text("FOURNIL_OIDC_TIER_CLAIM", "tier")
        return Issuer(issuer, env.text("FOURNIL_OIDC_AUDIENCE"), jwks, claim)


class IdTokens:
    """`accounts.Tokens` for one issuer. Raises SettingsError when PyJWT is not installed."""

    def __init__(self, issuer: Issuer, keys: KeySet | None = None) -> None:
        self._issuer = issuer
        self._keys = keys or KeySet(issuer.jwks)
        self._jwt = _library()

    async def bearer(self, token: str) -> Bearer:
        """Whom a token speaks for. Raises KEY_UNKNOWN or KEY_EXPIRED; UNAVAILABLE while there are no keys."""
        jwt = self._jwt
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALL:
                raise jwt.InvalidAlgorithmError(f"algorithm {header.get('alg')!r} is not taken")
            claims = self._claims(token, await self._keys.find(header.get("kid")))
        except jwt.ExpiredSignatureError:
            raise Fault(Reason.KEY_EXPIRED, "the token has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            # What is wrong is for the operator: it would teach a forger.
            log.info("token refused", extra={"why": f"{type(error).__name__}: {error}"[:200]})
            raise Fault(Reason.KEY_UNKNOWN, "the token is not one that is taken here") from None
        tier = claims.get(self._issuer.tier_claim, "")
        return Bearer(_name(self._issuer.issuer, claims["sub"]), tier if _is_tier(tier) else "")

    def _claims(self, token: str, key: Mapping[str, Any] | None) -> dict[str, Any]:
        """What a token says, once all of it is checked. Raises PyJWTError."""
        if key is None:
            raise self._jwt.InvalidKeyError("no such key")
        named = key.get("alg")
        usual = _BY_TYPE.get(str(key.get("kty")), ())
        algorithms = [name for name in usual if named in {None, name}]
        if not algorithms:
            raise self._jwt.InvalidKeyError("not a key to sign with in public")
        claims: dict[str, Any] = self._jwt.decode(
            token,
            self._jwt.PyJWK(dict(key)).key,
            algorithms=algorithms,
            audience=self._issuer.audience,
            issuer=self._issuer.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        if not claims["sub"]:
            raise self._jwt.InvalidTokenError("the subject is empty")
        return claims


def _name(issuer: str, subject: str) -> str:
    """32 hexadecimal characters; 128 bits do not meet."""
    return hashlib.sha256(f"{issuer}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _is_tier(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TIER


def _library() -> Any:
    try:
        import jwt
        import jwt.algorithms
    except ImportError:
        raise SettingsError("FOURNIL_OIDC_ISSUER needs PyJWT: pip install 'fournil[oidc]'") from None
    if not jwt.algorithms.has_crypto:
        raise SettingsError("FOURNIL_OIDC_ISSUER needs cryptography: pip install 'fournil[oidc]'")
    return jwt
