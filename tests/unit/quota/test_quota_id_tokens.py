"""ID tokens of an issuer that the test plays: what is taken, and every forgery that is not."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from services.quota.accounts import Bearer
from services.quota.checks import check_account
from services.quota.id_tokens import IdTokens, Issuer
from services.runtime.errors import Fault, Reason
from services.runtime.settings import Environment, SettingsError

RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
STRANGER = ec.generate_private_key(ec.SECP256R1())
SHARED = "a secret that somebody put into the set by mistake"
ISSUER, AUDIENCE = "https://login.example", "fournil"

KEYS: list[dict[str, Any]] = [
    {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "rsa"},
    {**RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True), "kid": "pss", "alg": "PS256"},
    {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
    {**ECAlgorithm.to_jwk(EC.public_key(), as_dict=True), "kid": "enc", "use": "enc"},
    {**OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True), "kid": "ed"},
    {"kty": "oct", "kid": "oct", "k": base64.urlsafe_b64encode(SHARED.encode()).decode().rstrip("=")},
    {"kty": "EC", "kid": "broken", "crv": "P-256", "x": "AA", "y": "AA"},
]


@pytest.fixture
def tokens(tmp_path: Path) -> IdTokens:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": KEYS}))
    return IdTokens(Issuer(ISSUER, AUDIENCE, str(path), "plan"))


def signed(key: Any = EC, algorithm: str = "ES256", kid: str | None = "ec", **claims: object) -> str:
    now = int(time.time())
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 3_000, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, algorithm, headers={"kid": kid} if kid else None)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (RSA, "RS256", "rsa"),
        (RSA, "PS384", "rsa"),
        (RSA, "PS256", "pss"),
        (EC, "ES256", "ec"),
        (ED, "EdDSA", "ed"),
    ],
)
async def test_a_token_that_the_issuer_signed_is_taken(
    tokens: IdTokens, key: Any, algorithm: str, kid: str
) -> None:
    bearer = await tokens.bearer(signed(key, algorithm, kid))
    assert bearer.tier == ""
    check_account(f"oidc-{bearer.name}")


async def test_the_name_is_the_subjects_alone(tokens: IdTokens) -> None:
    first = await tokens.bearer(signed(plan="paid"))
    again = await tokens.bearer(signed(RSA, "RS256", "rsa", email="a@b.example"))
    assert (again.name, again.tier) == (first.name, "")
    assert first == Bearer(first.name, "paid")
    assert (await tokens.bearer(signed(sub="user-2"))).name != first.name
    assert "user" not in first.name


async def test_audiences_may_be_several_and_a_tier_that_is_no_word_is_not_heeded(tokens: IdTokens) -> None:
    bearer = await tokens.bearer(signed(aud=["other", AUDIENCE], plan=["paid"]))
    assert bearer.tier == ""
    assert (await tokens.bearer(signed(plan="x" * 33))).tier == ""


def unsigned(algorithm: object, kid: str = "ec") -> str:
    head, body, _ = signed().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": kid}).encode()).decode().rstrip("=")
    return f"{head}.{body}."


def confused() -> str:
    """Signed with the public key as if it were a shared secret."""
    public = EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "ec"}).encode()).decode().rstrip("=")
    body = signed().split(".")[1]
    mac = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


NOW = int(time.time())


@pytest.mark.parametrize(
    "token",
    [
        signed(STRANGER),
        signed(EC, "ES256", "nobody"),
        signed(EC, "ES256", None),
        signed(EC, "ES256", "enc"),
        signed(EC, "ES256", "broken"),
        signed(RSA, "RS256", "pss"),
        signed(RSA, "RS256", "ec"),
        signed(SHARED, "HS256", "oct"),
        signed(iss="https://login.example.evil"),
        signed(iss=None),
        signed(aud="another"),
        signed(aud=None),
        signed(sub=None),
        signed(sub=""),
        signed(exp=None),
        signed(nbf=NOW + 3_600),
        unsigned("none"),
        unsigned("None"),
        unsigned("ES256"),
        unsigned(["ES256"]),
        unsigned({}),
        confused(),
        signed()[:-4] + "AAAA",
        "a.b.c",
        "..",
        "\u00e9.\u00e9.\u00e9",
        "eyJhbGciOjF9.e30.AA",
    ],
)
async def test_any_other_token_is_of_nobody(tokens: IdTokens, token: str) -> None:
    with pytest.raises(Fault) as fault:
        await tokens.bearer(token)
    assert fault.value.reason is Reason.KEY_UNKNOWN
    assert fault.value.message == "the token is not one that is taken here"


async def test_a_token_ends_at_its_time_give_or_take_half_a_minute(tokens: IdTokens) -> None:
    assert await tokens.bearer(signed(exp=int(time.time()) - 20))
    with pytest.raises(Fault) as fault:
        await tokens.bearer(signed(exp=int(time.time()) - 40))
    assert fault.value.reason is Reason.KEY_EXPIRED
    with pytest.raises(Fault) as forged:
        await tokens.bearer(signed(STRANGER, exp=int(time.time()) - 40))
    assert forged.value.reason is Reason.KEY_UNKNOWN, "the signature is looked at first"


def test_settings_are_all_or_none() -> None:
    full = {
        "FOURNIL_OIDC_ISSUER": ISSUER,
        "FOURNIL_OIDC_AUDIENCE": AUDIENCE,
        "FOURNIL_OIDC_JWKS": "https://login.example/keys",
    }
    assert Issuer.read(Environment({})) is None
    assert Issuer.read(Environment(full)) == Issuer(ISSUER, AUDIENCE, "https://login.example/keys", "tier")
    for name in ("FOURNIL_OIDC_AUDIENCE", "FOURNIL_OIDC_JWKS"):
        with pytest.raises(SettingsError, match=name):
            Issuer.read(Environment({**full, name: ""}))
    with pytest.raises(SettingsError, match="https"):
        Issuer.read(Environment({**full, "FOURNIL_OIDC_JWKS": "http://login.example/keys"}))
    with pytest.raises(SettingsError, match="no file"):
        Issuer.read(Environment({**full, "FOURNIL_OIDC_JWKS": "nowhere/jwks.json"}))
