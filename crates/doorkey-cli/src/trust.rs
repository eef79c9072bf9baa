//! `--ca-certificate`: whom our connections trust besides those that this machine trusts.

use crate::{failure::Failure, proxy::Way};
use azure_core::http::Transport;
use reqwest::{Certificate, ClientBuilder, redirect::Policy};
use std::{fs, path::Path, sync::Arc, time::Duration};

/// A transport like the library's own, that goes the given way and trusts the certificates of the PEM
/// file, too.
pub(crate) fn transport(file: Option<&Path>, way: Option<Way>) -> Result<Transport, Failure> {
    let client = match way {
        Some(way) => way.apply(builder()),
        None => builder(),
    };
    match file {
        Some(file) => trusting(client, file),
        None => client.build().map_err(Failure::NoTransport),
    }
    .map(over)
}

fn trusting(client: ClientBuilder, file: &Path) -> Result<reqwest::Client, Failure> {
    let refuse = |why: &str| {
        Failure::Usage(format!(
            "--ca-certificate {} {why}; give a file of certificates in PEM \
             (-----BEGIN CERTIFICATE-----)",
            file.display()
        ))
    };
    let text = fs::read(file).map_err(|error| refuse(&format!("cannot be read: {error}")))?;
    let certificates =
        Certificate::from_pem_bundle(&text).map_err(|_| refuse("holds what is no certificate"))?;
    if certificates.is_empty() {
        return Err(refuse("holds no certificate"));
    }
    client
        .tls_certs_merge(certificates)
        .build()
        // The machine's own certificates are loaded with the file's: which of them is at fault?
        .map_err(|_| match builder().build() {
            Ok(_) => refuse("holds a certificate that cannot be used"),
            Err(error) => Failure::NoTransport(error),
        })
}

/// A client for an authority of our own on this machine: it trusts the certificates of `pem` alone,
/// and goes by no proxy.
#[cfg(feature = "emulator")]
pub(crate) fn local_client(pem: &str) -> Result<reqwest::Client, Failure> {
    Certificate::from_pem_bundle(pem.as_bytes())
        .and_then(|certificates| builder().tls_certs_only(certificates).no_proxy().build())
        .map_err(Failure::NoTransport)
}

/// The client as the library takes it.
pub(crate) fn over(client: reqwest::Client) -> Transport {
    Transport::new(Arc::new(client))
}

fn builder() -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(60))
}
