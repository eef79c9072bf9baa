//! A key in the Linux kernel's keyring of the user.

use crate::error::{Error, ErrorKind, Result};
use linux_keyutils::{KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use zeroize::Zeroizing;

pub(super) fn find(description: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let key = match ring()?.search(description) {
        Ok(key) => key,
        Err(
            KeyError::KeyDoesNotExist
            | KeyError::KeyExpired
            | KeyError::KeyRevoked
            | KeyError::KeyRejected,
        ) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let content = key.read_to_vec().map_err(failed)?;
    Ok(Some(Zeroizing::new(content)))
}

pub(super) fn add(description: &str, content: &[u8]) -> Result<()> {
    let key = ring()?.add_key(description, content).map_err(failed)?;
    // A process of another session of the same user does not possess it, and has to read it.
    let permissions = KeyPermissionsBuilder::builder()
        .posessor(Permission::ALL)
        .user(Permission::VIEW | Permission::READ | Permission::SEARCH)
        .build();
    key.set_perms(permissions).map_err(failed)
}

/// The one that all sessions of a user share, and that outlives them.
fn ring() -> Result<KeyRing> {
    KeyRing::from_special_id(KeyRingIdentifier::User, true).map_err(failed)
}

fn failed(error: KeyError) -> Error {
    let next = match error {
        KeyError::AccessDenied | KeyError::PermissionDenied | KeyError::OperationNotSupported => {
            "containers often forbid it; allow the calls `keyctl` and `add_key`, or use another key"
        }
        KeyError::QuotaExceeded => "remove keys that are not needed (`keyctl show @u`)",
        _ => "use another key",
    };
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!("the kernel's keyring cannot be used here ({error:?}); {next}"),
    )
}
