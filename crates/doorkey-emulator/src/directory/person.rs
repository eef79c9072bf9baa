use super::{CONSUMERS, Tenant};
use aws_lc_rs::digest::{SHA256, digest};
use std::fmt;

/// Somebody who signs in.
///
/// The password is no secret: it is printed when the emulator starts. It is left out of `Debug`
/// all the same, as people replace the built-in ones.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// The name to sign in with.
    pub username: String,
    /// The password.
    pub password: String,
    /// What is special about this person, for whoever tries the emulator.
    pub note: String,
    /// What people call them.
    pub name: String,
    /// The tenant that they belong to.
    pub tenant_id: String,
    /// Their id in that tenant; with the tenant's id it makes `home_account_id`.
    pub object_id: String,
    /// The code of their second factor, where they have one.
    pub mfa_code: Option<String>,
    /// Whether they may not sign in.
    pub disabled: bool,
    /// Whether too many wrong passwords have locked the account for a while.
    pub locked: bool,
    /// Whether the password has to be replaced before it is of use again.
    pub password_expired: bool,
    /// Whether their id tokens leave out who they are by name.
    pub nameless: bool,
    /// A resource for which a policy demands more than a sign-in: the token for it is refused with a
    /// claims challenge, which a person satisfies on the pages.
    pub conditional_access: Option<String>,
    /// Whether they have to consent to an application before it gets a token.
    pub must_consent: bool,
    /// The other tenants that invited them.
    pub guest_in: Vec<Guest>,
}

/// A person's place in a tenant that invited them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Guest {
    /// The tenant that invited them.
    pub tenant_id: String,
    /// Their id in that tenant, which is not their id at home.
    pub object_id: String,
}

impl User {
    pub(crate) fn is_personal(&self) -> bool {
        self.tenant_id == CONSUMERS
    }

    /// The policy that demands more of them for this resource, if there is one.
    pub(crate) fn policy_for(&self, resource: &str) -> Option<String> {
        let guarded = self.conditional_access.as_deref()?;
        let is_guarded = guarded.trim_end_matches('/') == resource.trim_end_matches('/');
        is_guarded.then(|| object_id(guarded, &self.username))
    }

    /// Their object id in `tenant`, if they belong to it or are its guest.
    pub(crate) fn object_id_in(&self, tenant: &Tenant) -> Option<&str> {
        if self.tenant_id == tenant.id {
            return Some(&self.object_id);
        }
        let guest = self
            .guest_in
            .iter()
            .find(|guest| guest.tenant_id == tenant.id)?;
        Some(&guest.object_id)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("username", &self.username)
            .field("note", &self.note)
            .field("tenant_id", &self.tenant_id)
            .finish_non_exhaustive()
    }
}

/// The id of `username` in a tenant: the same one in every run, so that caches stay of use.
pub(super) fn object_id(tenant_id: &str, username: &str) -> String {
    let name = format!("{tenant_id}/{}", username.to_lowercase());
    let hash = digest(&SHA256, name.as_bytes());
    let bytes = hash.as_ref().first_chunk().expect("SHA-256 has 32 bytes");
    crate::random::uuid_from(*bytes, 8)
}
