//! A certificate with its key, as PKCS #12: the official crate takes nothing else.

use openssl::{pkcs12::Pkcs12, pkey::PKey, stack::Stack, x509::X509};
use std::error::Error;

/// The bytes, and the password that they are under now. PEM is what most people have.
pub(super) fn read(
    path: &str,
    password: Option<String>,
) -> Result<(Vec<u8>, Option<String>), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    if !bytes.windows(11).any(|part| part == b"-----BEGIN ") {
        return Ok((bytes, password));
    }
    let key = match &password {
        Some(password) => PKey::private_key_from_pem_passphrase(&bytes, password.as_bytes()),
        // Without a callback OpenSSL would ask at the terminal.
        None => PKey::private_key_from_pem_callback(&bytes, |_| Ok(0)),
    };
    let key = key.map_err(|_| "there is no private key in it, or its password is another one")?;
    let mut certificates = X509::stack_from_pem(&bytes)?.into_iter();
    let certificate = certificates.next().ok_or("there is no certificate in it")?;
    let mut chain = Stack::new()?;
    for issuer in certificates {
        chain.push(issuer)?;
    }
    let bundle = Pkcs12::builder()
        .pkey(&key)
        .cert(&certificate)
        .ca(chain)
        .build2("")?;
    Ok((bundle.to_der()?, None))
}
