//! Who and what the emulator knows: tenants, applications and people.

mod application;
mod file;
mod person;

pub use application::Application;
pub use person::{Guest, User};

use crate::Error;

/// The well-known tenant of personal Microsoft accounts.
pub(crate) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

const BUILT_IN: &str = include_str!("built_in.toml");

/// The tenants, applications and people that an emulator knows.
///
/// [`Directory::default`] is the built-in one: two tenants, four applications, and five people, one
/// of whom just signs in, one has a second factor, one must consent, one is disabled and one is a
/// guest. Another one is read from TOML:
///
/// ```
/// # fn main() -> Result<(), doorkey_emulator::Error> {
/// use doorkey_emulator::Directory;
///
/// let directory = Directory::from_toml(
///     r#"
///     [[tenants]]
///     id = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
///     domain = "contoso.example"
///     name = "Contoso"
///
///     [[applications]]
///     client_id = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
///     name = "Microsoft Azure CLI"
///     redirect_uris = ["http://localhost", "http://127.0.0.1"]
///
///     [[people]]
///     username = "robin@contoso.example"
///     password = "not-a-secret"
///     tenant = "contoso.example"
///     "#,
/// )?;
/// assert_eq!(directory.users()[0].username, "robin@contoso.example");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Directory {
    tenants: Vec<Tenant>,
    applications: Vec<Application>,
    users: Vec<User>,
}

impl Directory {
    /// Reads a directory from TOML, in the format of the built-in one ([`Directory::BUILT_IN`]).
    ///
    /// # Errors
    ///
    /// [`Error::Directory`] names the line, or the entry and field, that cannot be used.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        file::read(text)
    }

    /// The built-in directory as TOML, to start an own one from.
    pub const BUILT_IN: &'static str = BUILT_IN;

    /// The tenants; the first one is the emulator's [`tenant_id`](crate::Emulator::tenant_id).
    pub fn tenants(&self) -> &[Tenant] {
        &self.tenants
    }

    /// The applications; the first one is the emulator's [`client_id`](crate::Emulator::client_id).
    pub fn applications(&self) -> &[Application] {
        &self.applications
    }

    /// The people, in the order in which they are written.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The tenant with this id or domain name.
    pub(crate) fn tenant(&self, id_or_domain: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| {
            tenant.id.eq_ignore_ascii_case(id_or_domain)
                || tenant.domain.eq_ignore_ascii_case(id_or_domain)
        })
    }

    pub(crate) fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications
            .iter()
            .find(|known| known.client_id.eq_ignore_ascii_case(client_id))
    }

    pub(crate) fn user(&self, username: &str) -> Option<&User> {
        self.users
            .iter()
            .find(|known| known.username.eq_ignore_ascii_case(username.trim()))
    }
}

impl Default for Directory {
    fn default() -> Self {
        Self::from_toml(BUILT_IN).expect("the built-in directory is valid")
    }
}

/// An organization's directory in Entra ID.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Tenant {
    /// Its id, a GUID in lower case.
    pub id: String,
    /// Its domain name.
    pub domain: String,
    /// What people call it.
    pub name: String,
}

#[cfg(test)]
mod tests;
