"""Who signs the pictures: a certificate of the operator's, or a development one made from the mesh's secret.

The development chain is an authority and a signer whose keys are derived from the secret that every edge replica
shares, so that each of them recognises what another signed. It says "development" in its name and nobody else
trusts it; C2PA's trust list needs a certificate of a listed authority.
"""

import datetime
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.runtime.settings import SettingsError

ORGANISATION = "Fournil (development)"
LIFE = datetime.timedelta(days=3650)

# The order of P-256's group (SEC 2, 2.4.2): a private key is a number from 1 to one less.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Identity:
    """A signer in PEM: its certificate with those up to its authority, its key, and what authorities it trusts."""

    chain: bytes
    key: bytes
    algorithm: str
    """As C2PA names it: es256, es384, es512, ps256, ed25519."""
    anchors: bytes

    @property
    def development(self) -> bool:
        """Whether nobody but this mesh can know who it is."""
        return ORGANISATION.encode() in x509.load_pem_x509_certificate(self.chain).subject.public_bytes()


def read_identity(chain: Path, key: Path, anchors: Path | None) -> Identity:
    """An operator's certificates. Without `anchors` the last of the chain is trusted. Raises SettingsError."""
    try:
        chained, private = chain.read_bytes(), key.read_bytes()
        trusted = anchors.read_bytes() if anchors else _pem(x509.load_pem_x509_certificates(chained)[-1])
        loaded = serialization.load_pem_private_key(private, password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(f"the certificate or key that signs pictures cannot be read: {error}") from None
    certificate = x509.load_pem_x509_certificate(chained)
    if certificate.public_key() != loaded.public_key():
        raise SettingsError(f"{key} is not the key of {chain}")
    if isinstance(loaded, ec.EllipticCurvePrivateKey) and loaded.curve.name in _CURVES:
        return Identity(chained, private, _CURVES[loaded.curve.name], trusted)
    if isinstance(loaded, rsa.RSAPrivateKey):
        return Identity(chained, private, "ps256", trusted)
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return Identity(chained, private, "ed25519", trusted)
    raise SettingsError(f"{key} must be an elliptic curve (P-256, P-384, P-521), RSA or Ed25519 key")


def development_identity(secret: bytes) -> Identity:
    """The same keys from the same secret, on every replica and after every start."""
    authority, signer = _derived(secret, b"authority"), _derived(secret, b"signer")
    root = _certificate("Authority", authority.public_key(), authority, authority=True)
    leaf = _certificate("Signer", signer.public_key(), authority, authority=False)
    private = signer.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(_pem(leaf) + _pem(root), private, "es256", _pem(root))


def _derived(secret: bytes, purpose: bytes) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hmac.new(secret, b"fournil provenance " + purpose, hashlib.sha512).digest())
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def _certificate(
    name: str, public: ec.EllipticCurvePublicKey, issuer: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    """What C2PA asks of a certificate (specification 2.1, 14.5.1): the uses of its key, and no authority signs."""
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("Authority"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + LIFE)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_uses(authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()),
            critical=False,
        )
    )
    if not authority:
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return built.sign(issuer, hashes.SHA256())


def _uses(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
