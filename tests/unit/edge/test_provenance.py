"""Content credentials: in all three formats, by c2pa's own reader; changed pictures, strangers, certificates."""

import contextlib
import datetime
import http.server
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from PIL import Image

from services.edge.job import Job
from services.edge.provenance import Credential, Provenance
from services.edge.signing import Identity, development_identity, read_identity
from services.runtime.errors import Fault, Reason
from services.runtime.settings import SettingsError
from tests.unit.edge.fake_mesh import a_job

FORMATS = ("png", "jpeg", "webp")
SECRET = b"shared by every replica of an edge"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def picture(form: str) -> bytes:
    """A ramp of 64 x 64 pixels."""
    data = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(data, form)
    return data.getvalue()


@pytest.fixture
def ours() -> Iterator[Provenance]:
    made = Provenance(development_identity(SECRET), "1.0")
    yield made
    made.close()


def job(**changes: object) -> Job:
    plain = a_job()
    return replace(plain, spec=replace(plain.spec, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMATS)
async def test_a_picture_says_that_a_model_made_it_and_which_and_not_the_prompt(
    ours: Provenance, form: str
) -> None:
    plain = picture(form)
    marked = await ours.mark(job(), plain, b"")
    report = await ours.check(marked)
    assert (report.state, report.made_here, report.problems) == (Credential.TRUSTED, True, ())
    assert (report.generator, report.model, report.source_type) == ("Fournil", "tiny", "trainedAlgorithmicMedia")
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(report.time)
    assert abs(age.total_seconds()) < 60
    assert report.prompt == "" and b"crab" not in marked, "nobody asked to tell the prompt"
    with Image.open(io.BytesIO(plain)) as before, Image.open(io.BytesIO(marked)) as after:
        assert before.tobytes() == after.tobytes() and after.format == form.upper()


@pytest.mark.parametrize("form", FORMATS)
async def test_c2pas_own_reader_finds_it_well_made(ours: Provenance, form: str) -> None:
    """With no setting of ours: it holds, and only the signer is unknown."""
    marked = await ours.mark(job(), picture(form), b"")
    with c2pa.Reader(f"image/{form}", io.BytesIO(marked)) as reader:
        told = json.loads(reader.json())
    assert told["validation_state"] == "Valid"
    assert {entry["code"] for entry in told["validation_status"]} == {"signingCredential.untrusted"}


@pytest.mark.parametrize("form", FORMATS)
async def test_a_changed_picture_is_reported(ours: Provenance, form: str) -> None:
    plain = picture(form)
    marked = bytearray(await ours.mark(job(), plain, b""))
    # Somewhere in what the picture's own decoder reads.
    tail = plain[len(plain) // 2 :][:16]
    at = marked.index(tail) + 8
    marked[at] ^= 1
    report = await ours.check(bytes(marked))
    assert (report.state, report.made_here, report.model) == (Credential.INVALID, False, "")
    assert report.problems == ("assertion.dataHash.mismatch",)


@pytest.mark.parametrize("form", FORMATS)
async def test_pictures_without_credentials_and_cut_ones_are_told(ours: Provenance, form: str) -> None:
    assert (await ours.check(picture(form))).state is Credential.ABSENT
    marked = await ours.mark(job(), picture(form), b"")
    for end in (20, 200, len(marked) // 2, len(marked) - 40):
        report = await ours.check(marked[:end])
        assert report.state in {Credential.ABSENT, Credential.INVALID} and not report.made_here


async def test_what_is_no_picture_is_refused(ours: Provenance) -> None:
    for data in (b"", b"GIF89a", b"%PDF-1.7"):
        with pytest.raises(Fault) as refused:
            await ours.check(data)
        assert refused.value.reason is Reason.INVALID_ARGUMENT


async def test_the_prompt_is_told_where_that_was_asked(ours: Provenance) -> None:
    marked = await ours.mark(
        job(prompt="un crabe à côté d’une barque", prompt_in_provenance=True), picture("png"), b""
    )
    assert (await ours.check(marked)).prompt == "un crabe à côté d’une barque"


async def test_a_picture_drawn_over_another_says_so(ours: Provenance) -> None:
    source = await ours.mark(job(), picture("jpeg"), b"")
    marked = await ours.mark(job(strength=0.6), picture("webp"), source)
    report = await ours.check(marked)
    assert (report.state, report.source_type) == (Credential.TRUSTED, "compositeWithTrainedAlgorithmicMedia")
    with c2pa.Reader("image/webp", io.BytesIO(marked)) as reader:
        told = json.loads(reader.json())
    (ingredient,) = told["manifests"][told["active_manifest"]]["ingredients"]
    assert ingredient["relationship"] == "inputTo" and ingredient["active_manifest"] in told["manifests"]


async def test_replicas_of_one_mesh_know_each_other_and_no_other_mesh(ours: Provenance) -> None:
    second = Provenance(development_identity(SECRET), "1.0")
    stranger = Provenance(development_identity(b"of another mesh"), "1.0")
    marked = await ours.mark(job(), picture("png"), b"")
    known, unknown = await second.check(marked), await stranger.check(marked)
    assert (known.state, known.made_here) == (Credential.TRUSTED, True)
    assert (unknown.state, unknown.made_here) == (Credential.VALID, False)
    assert unknown.problems == ("signingCredential.untrusted",)
    second.close()
    stranger.close()


async def test_what_a_picture_points_to_is_not_fetched(ours: Provenance) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
    data = io.BytesIO()
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="{url}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    Image.new("RGB", (8, 8)).save(data, "jpeg", xmp=xmp.encode())
    with contextlib.suppress(c2pa.C2paError):
        c2pa.Reader("image/jpeg", io.BytesIO(data.getvalue()))
    assert asked == ["/manifest.c2pa"], "the library fetches it when nobody forbids it"
    asked.clear()
    assert (await ours.check(data.getvalue())).state in {Credential.ABSENT, Credential.INVALID}
    assert asked == []
    server.shutdown()
    server.server_close()


def written(folder: Path, key: Key, *, authority: bool = False) -> tuple[Path, Path]:
    """A chain of one certificate that signed itself under another key, and the key, as files."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    root_name, name = (
        x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Atelier"), common])
        for common in (
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Root"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "Pictures"),
        )
    )
    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject: x509.Name, public: x509.base.CertificatePublicKeyTypes, ca: bool) -> bytes:
        uses = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        builder = (
            x509.CertificateBuilder(root_name, subject, public, 7, now, now + datetime.timedelta(1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
            .add_extension(uses, True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        )
        if not ca:
            mail = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(mail, False)
        return builder.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    chain, file = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(
        certificate(name, key.public_key(), authority) + certificate(root_name, root_key.public_key(), True)
    )
    pkcs8 = serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()))
    return chain, file


KEYS: dict[str, Callable[[], Key]] = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("algorithm", KEYS)
async def test_an_operators_own_certificate_signs(tmp_path: Path, algorithm: str) -> None:
    identity = read_identity(*written(tmp_path, KEYS[algorithm]()), None)
    assert identity.algorithm == algorithm and not identity.development
    theirs = Provenance(identity, "1.0")
    report = await theirs.check(await theirs.mark(job(), picture("png"), b""))
    assert (report.state, report.made_here, report.signer) == (Credential.TRUSTED, True, "Pictures, Atelier")
    theirs.close()


def test_a_key_that_is_not_the_certificates_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    chain, _ = written(tmp_path, KEYS["es256"]())
    _, key = written(tmp_path / "other", KEYS["es256"]())
    with pytest.raises(SettingsError, match="is not the key of"):
        read_identity(chain, key, None)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_identity(tmp_path / "missing.pem", key, None)
    chain.write_text("not PEM")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_identity(chain, key, None)


def test_a_certificate_that_may_not_sign_is_refused_at_the_start(tmp_path: Path) -> None:
    identity = read_identity(*written(tmp_path, KEYS["es256"](), authority=True), None)
    with pytest.raises(SettingsError, match="pictures"):
        Provenance(identity, "1.0")


def test_the_development_certificate_says_what_it_is() -> None:
    first, again = development_identity(SECRET), development_identity(SECRET)
    assert first.development and first.key == again.key
    assert development_identity(b"another").key != first.key
    assert isinstance(first, Identity)
