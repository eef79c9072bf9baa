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
    key.set_perms(permissions).map_err(|error| {
        // One that others of this user cannot read would be in their way.
        let _ = key.invalidate();
        failed(error)
    })
}

/// The one that all sessions of a user share, and that outlives them. Linked to this process, which
/// possesses its keys then, in a session without it too; where that fails, it may have it already.
fn ring() -> Result<KeyRing> {
    let ring = KeyRing::from_special_id(KeyRingIdentifier::User, true).map_err(failed)?;
    if let Ok(process) = KeyRing::from_special_id(KeyRingIdentifier::Process, true) {
        let _ = process.link_keyring(ring);
    }
    Ok(ring)
}

/// Keyrings are of a kernel, and there of a namespace of users: a home may be shared by several.
pub(super) fn place() -> Vec<u8> {
    let mut place = std::fs::read("/etc/machine-id").unwrap_or_default();
    if let Ok(namespace) = std::fs::read_link("/proc/self/ns/user") {
        place.extend(namespace.as_os_str().as_encoded_bytes());
    }
    place
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
