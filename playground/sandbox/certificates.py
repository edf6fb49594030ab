"""A certificate authority that exists in this process only, so that programs may download https links.

The sandbox has no network; the broker answers in the place of the real host and shows a certificate made
here. Nothing outside the sandbox ever trusts it.
"""

import datetime
import functools
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIFETIME = datetime.timedelta(days=3650)  # longer than any process


@dataclass(frozen=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def authority_pem() -> bytes:
    """What a program has to trust."""
    return _authority().certificate.public_bytes(serialization.Encoding.PEM)


@functools.lru_cache(maxsize=1)
def _authority() -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Artifactsite sandbox")
    builder = _builder(name, name, key, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), True
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return _Authority(key, builder.add_extension(usage, True).sign(key, hashes.SHA256()))


@functools.lru_cache(maxsize=64)
def server_context(host: str) -> ssl.SSLContext:
    """TLS as `host` (a name or an address). Raises ValueError for what is neither."""
    authority = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name("sandbox"), authority.certificate.subject, key, authority.key)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(host)]), False)
    certificate = builder.sign(authority.key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The ssl module reads keys from files only.
    with tempfile.NamedTemporaryFile() as file:
        encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        file.write(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
        file.write(certificate.public_bytes(encoding))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.CertificateBuilder:
    """With the key identifiers that Python 3.13 insists on."""
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
    )
