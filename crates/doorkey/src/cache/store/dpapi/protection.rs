//! The calls to Windows: `CryptProtectData` and `CryptUnprotectData`, as the other languages'
//! libraries make them.

use crate::error::{Error, ErrorKind, Result};
use std::{io, ptr, slice};
use windows_sys::{
    Win32::{
        Foundation::{ERROR_INVALID_DATA, LocalFree, NTE_BAD_KEY_STATE},
        Security::Cryptography::{
            CRYPT_INTEGER_BLOB, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData, CryptUnprotectData,
        },
    },
    core::w,
};
use zeroize::{Zeroize, Zeroizing};

/// How each protected text begins, and no JSON does: with its version.
const BEGINNING: [u8; 4] = [1, 0, 0, 0];

/// Encrypts for the current user.
pub(super) fn protect(bytes: &[u8]) -> Result<Vec<u8>> {
    let input = blob_of(bytes)?;
    let mut output = Output::default();
    #[expect(unsafe_code, reason = "a call to the system")]
    // SAFETY: `input` points to `bytes`, which outlive the call and are only read; the description
    // is a literal that ends with a zero; the other pointers may be null; `output` is written.
    let done = unsafe {
        CryptProtectData(
            &raw const input,
            // What the other libraries call it.
            w!("python_data"),
            ptr::null(),
            ptr::null(),
            ptr::null(),
            CRYPTPROTECT_UI_FORBIDDEN,
            &raw mut output.0,
        )
    };
    if done == 0 {
        let error = io::Error::last_os_error();
        return Err(failed("encrypt", error));
    }
    Ok(output.bytes().to_vec())
}

/// Decrypts what was encrypted for the current user; `None` where these bytes can never be
/// decrypted here.
pub(super) fn unprotect(bytes: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let input = blob_of(bytes)?;
    let mut output = Output::default();
    #[expect(unsafe_code, reason = "a call to the system")]
    // SAFETY: `input` points to `bytes`, which outlive the call and are only read; the other
    // pointers may be null; `output` is written.
    let done = unsafe {
        CryptUnprotectData(
            &raw const input,
            ptr::null_mut(),
            ptr::null(),
            ptr::null(),
            ptr::null(),
            CRYPTPROTECT_UI_FORBIDDEN,
            &raw mut output.0,
        )
    };
    if done != 0 {
        return Ok(Some(Zeroizing::new(output.bytes().to_vec())));
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error().map(i32::cast_unsigned) {
        // No such text or only half of it; another user's or machine's, or from before a password
        // was reset.
        Some(ERROR_INVALID_DATA) => Ok(None),
        Some(code) if code == NTE_BAD_KEY_STATE.cast_unsigned() => Ok(None),
        _ => Err(failed("decrypt", error)),
    }
}

/// Whether these bytes look like what `protect` gives, whoever made them.
pub(super) fn is_protected(bytes: &[u8]) -> bool {
    bytes.starts_with(&BEGINNING)
}

/// What the system allocated, overwritten before it is freed.
#[derive(Default)]
struct Output(CRYPT_INTEGER_BLOB);

impl Output {
    fn bytes(&self) -> &[u8] {
        if self.0.pbData.is_null() {
            return &[];
        }
        #[expect(unsafe_code, reason = "memory of the system")]
        // SAFETY: the system allocated as many bytes as it says, for us alone.
        unsafe {
            slice::from_raw_parts(self.0.pbData, self.0.cbData as usize)
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.0.pbData.is_null() {
            return;
        }
        #[expect(unsafe_code, reason = "memory of the system")]
        // SAFETY: as in `bytes`, and nobody borrows them any more; they are freed once.
        unsafe {
            slice::from_raw_parts_mut(self.0.pbData, self.0.cbData as usize).zeroize();
            LocalFree(self.0.pbData.cast());
        }
    }
}

/// The system's view of our bytes: not to be written through.
fn blob_of(bytes: &[u8]) -> Result<CRYPT_INTEGER_BLOB> {
    let length = u32::try_from(bytes.len()).map_err(|error| {
        Error::new(
            ErrorKind::Cache,
            "the token cache is longer than Windows can encrypt; move it away",
        )
        .with_source(error)
    })?;
    Ok(CRYPT_INTEGER_BLOB {
        cbData: length,
        pbData: bytes.as_ptr().cast_mut(),
    })
}

fn failed(what: &str, error: io::Error) -> Error {
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "Windows (DPAPI) cannot {what} the token cache here ({error}); it needs the profile of \
             the user to be loaded: sign in to Windows as that user, or give a `store` of your own, \
             such as an `EncryptedFileStore`"
        ),
    )
    .with_source(error)
}
