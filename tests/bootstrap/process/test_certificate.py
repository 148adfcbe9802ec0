"""Certificates and keys as openssl makes them: what fits, what does not, and what is said of it."""

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rtserver.bootstrap.config.error import CertificateError
from rtserver.bootstrap.process.certificate import Certificate, expiry_of, judge_expiry, load_context, not_after

EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
RSA = ("-newkey", "rsa:2048")


def make(directory: Path, name: str, *options: str, kind: tuple[str, ...] = EC) -> tuple[Path, Path]:
    """A certificate and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    command = ["openssl", "req", "-x509", *kind, "-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    subprocess.run([*command, *(options or ("-nodes",))], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make(tmp_path_factory.mktemp("tls"), "good")


def openssl_says(certificate: Path) -> float:
    command = ["openssl", "x509", "-in", certificate, "-noout", "-enddate"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    moment = datetime.strptime(text, "notAfter=%b %d %H:%M:%S %Y GMT")
    return moment.replace(tzinfo=UTC).timestamp()


def test_tls_1_2_is_the_oldest_and_every_cipher_has_forward_secrecy(pair: tuple[Path, Path]) -> None:
    context = load_context(*pair)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    names = [cipher["name"] for cipher in context.get_ciphers()]
    assert names
    assert all(name.startswith(("TLS_", "ECDHE-")) and "CBC" not in name for name in names)
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.options & ssl.OP_NO_COMPRESSION


def test_one_file_may_hold_both(certificate: Path) -> None:
    load_context(certificate, certificate)


def test_a_key_of_another_certificate_does_not_fit(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, key = make(tmp_path, "other")
    with pytest.raises(CertificateError, match=r"tls_key: .*other.key is not the key of .*good.pem"):
        load_context(pair[0], key)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "locked", "-passout", "pass:secret")
    with pytest.raises(CertificateError, match="locked by a password"):
        load_context(certificate, key)


@pytest.mark.parametrize(("which", "name"), [(0, "certificate"), (1, "key")])
def test_a_file_that_is_not_there_is_named(pair: tuple[Path, Path], tmp_path: Path, which: int, name: str) -> None:
    paths = list(pair)
    paths[which] = tmp_path / name
    with pytest.raises(CertificateError, match=f"{name} cannot be read: No such file"):
        load_context(*paths)


@pytest.mark.parametrize("content", ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_that_is_no_certificate_is_named(pair: tuple[Path, Path], tmp_path: Path, content: str) -> None:
    path = tmp_path / "nonsense.pem"
    path.write_text(content)
    with pytest.raises(CertificateError, match=r"nonsense.pem"):
        load_context(path, pair[1])
    with pytest.raises(CertificateError, match=r"nonsense.pem"):
        expiry_of(path)


@pytest.mark.parametrize("days", ["1", "90", "8000", "20000"])  # the last two end where the years have four digits
@pytest.mark.parametrize("kind", [EC, RSA], ids=["ec", "rsa"])
def test_the_end_of_a_certificate_is_the_one_that_openssl_reads(
    tmp_path: Path, days: str, kind: tuple[str, ...]
) -> None:
    certificate, _ = make(tmp_path, "any", "-nodes", "-days", days, kind=kind)
    assert expiry_of(certificate) == openssl_says(certificate)


def test_of_a_chain_the_first_one_counts(tmp_path: Path) -> None:
    first, second = (make(tmp_path, f"c{days}", "-nodes", "-days", days)[0] for days in ("10", "3000"))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(b"# a comment\n" + first.read_bytes() + second.read_bytes())
    assert expiry_of(chain) == openssl_says(first)


def test_what_is_cut_anywhere_is_an_error_and_never_another_one(pair: tuple[Path, Path]) -> None:
    der = ssl.PEM_cert_to_DER_cert(pair[0].read_text())
    whole = not_after(der)
    for length in range(len(der)):
        with pytest.raises((ValueError, IndexError)):
            assert not_after(der[:length]) == whole, "cut, and read all the same"


@pytest.mark.parametrize(
    ("days_left", "is_good", "words"),
    [
        (90, True, "good until 2033-05-18 03:33 UTC, 90 days"),
        (14, True, "14 days"),
        (13.9, None, "13 days"),
        (0.5, None, "0 days"),
        (0, False, "expired on 2033-05-18 03:33 UTC"),
        (-3, False, "expired on"),
    ],
)
def test_two_weeks_before_its_end_a_certificate_is_due(days_left: float, is_good: bool | None, words: str) -> None:
    verdict, text = judge_expiry(2_000_000_000, now=2_000_000_000 - days_left * 86_400)
    assert verdict is is_good
    assert words in text


def test_a_renewed_certificate_is_for_newcomers(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "live", "-nodes", "-days", "5")
    held = Certificate(certificate, key)
    before, end = held.tls.context, held.not_after
    make(tmp_path, "live", "-nodes", "-days", "90")
    held.renew()
    assert held.tls.context is not before
    assert held.not_after == openssl_says(certificate) > end


def test_one_that_is_no_good_changes_nothing(tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "live")
    held = Certificate(certificate, key)
    before, end = held.tls.context, held.not_after
    make(tmp_path, "other")[1].replace(key)
    with pytest.raises(CertificateError, match="tls_key"):
        held.renew()
    assert (held.tls.context, held.not_after) == (before, end)
