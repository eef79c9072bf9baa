//! The certificate authority that clients are told to trust, and the server's certificate.

use crate::{Error, state_folder::StateFolder};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    sync::Arc,
};
use time::{Duration, OffsetDateTime};
use x509_parser::pem::parse_x509_pem;

const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca.key";

/// How long the authority lives. Short, because people add it to their trust stores.
const LIFETIME: Duration = Duration::days(30);

/// An authority that ends this soon is replaced at the next start.
const RENEWED_BEFORE: Duration = Duration::days(1);

/// How far back certificates begin, for clocks that are late.
const CLOCK_SKEW: Duration = Duration::hours(1);

/// What the emulator shows to its clients.
pub(crate) struct Certificates {
    pub(crate) authority_pem: String,
    pub(crate) authority_path: PathBuf,
    /// Shared by all connections.
    pub(crate) tls: Arc<ServerConfig>,
}

impl Certificates {
    /// The authority of `folder`, made at the first start and renewed before it ends, and a new
    /// certificate for this start.
    ///
    /// `now` is the system's time and not the emulator's clock: clients judge certificates by theirs.
    pub(crate) fn open(folder: &StateFolder, now: OffsetDateTime) -> Result<Self, Error> {
        let authority = match Authority::read(folder)? {
            Some(authority) if authority.ends - RENEWED_BEFORE > now => authority,
            _ => Authority::make(folder, now)?,
        };
        let tls = authority.server_config(now)?;
        Ok(Self {
            authority_path: folder.file(CERTIFICATE_FILE),
            authority_pem: authority.pem,
            tls: Arc::new(tls),
        })
    }
}

/// A certificate authority for this machine's own names.
struct Authority {
    pem: String,
    key: KeyPair,
    ends: OffsetDateTime,
}

impl Authority {
    fn read(folder: &StateFolder) -> Result<Option<Self>, Error> {
        let (Some(pem), Some(key)) = (folder.read(CERTIFICATE_FILE)?, folder.read(KEY_FILE)?)
        else {
            return Ok(None);
        };
        let damaged = |name: &str, message: &str| Error::StateFile {
            path: folder.file(name),
            message: message.to_owned(),
        };
        let not_a_certificate = || damaged(CERTIFICATE_FILE, "no certificate in PEM");
        let pem = String::from_utf8(pem).map_err(|_| not_a_certificate())?;
        let ends = ends(&pem).ok_or_else(not_a_certificate)?;
        let key = String::from_utf8(key)
            .ok()
            .and_then(|key| KeyPair::from_pem(&key).ok())
            .ok_or_else(|| damaged(KEY_FILE, "no private key in PEM"))?;
        // Two first starts at once can leave the certificate of one and the key of the other.
        Ok(is_of(&pem, &key).then_some(Self { pem, key, ends }))
    }

    fn make(folder: &StateFolder, now: OffsetDateTime) -> Result<Self, Error> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::default();
        params.not_before = now - CLOCK_SKEW;
        params.not_after = now + LIFETIME;
        params.distinguished_name = name("Doorkey emulator (local tests only)");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // RFC 5280, section 4.2.1.10: whoever steals the key can pose as this machine, and no other.
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![
                GeneralSubtree::DnsName("localhost".to_owned()),
                GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 1], 32)),
                GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                    Ipv6Addr::LOCALHOST.octets(),
                    128,
                )),
            ],
            excluded_subtrees: Vec::new(),
        });
        let pem = params.self_signed(&key).map_err(failed)?.pem();
        folder.write_secret(KEY_FILE, key.serialize_pem().as_bytes())?;
        folder.write_public(CERTIFICATE_FILE, pem.as_bytes())?;
        Ok(Self {
            pem,
            key,
            ends: now + LIFETIME,
        })
    }

    /// A certificate for `localhost` and loopback, and how to serve with it.
    fn server_config(&self, now: OffsetDateTime) -> Result<ServerConfig, Error> {
        let key = KeyPair::generate().map_err(failed)?;
        let issuer = Issuer::from_ca_cert_pem(&self.pem, &self.key).map_err(failed)?;
        let mut params = CertificateParams::new(["localhost".to_owned()]).map_err(failed)?;
        params
            .subject_alt_names
            .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params
            .subject_alt_names
            .push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
        params.not_before = now - CLOCK_SKEW;
        params.not_after = self.ends;
        params.distinguished_name = name("localhost");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        // The provider is named, as a process may have set another default.
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(failed)?
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], private)
                .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn ends(pem: &str) -> Option<OffsetDateTime> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).ok()?;
    Some(pem.parse_x509().ok()?.validity().not_after.to_datetime())
}

/// Whether the certificate is of this key.
fn is_of(pem: &str, key: &KeyPair) -> bool {
    parse_x509_pem(pem.as_bytes()).is_ok_and(|(_, pem)| {
        pem.parse_x509().is_ok_and(|certificate| {
            *certificate.public_key().subject_public_key.data == *key.public_key_raw()
        })
    })
}

fn name(text: &str) -> rcgen::DistinguishedName {
    let mut name = rcgen::DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Cryptography {
        message: format!("a certificate: {error}"),
    }
}

#[cfg(test)]
mod tests;
