//! Who and what the emulator knows: tenants, applications and people.

mod application;
mod federation;
mod file;
mod person;

pub use application::Application;
pub(crate) use federation::{Federation, SamlVersion, WsTrustVersion};
pub use person::{Guest, User};

use crate::Error;

/// The well-known tenant of personal Microsoft accounts.
pub(crate) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

const BUILT_IN: &str = include_str!("built_in.toml");

/// The tenants, applications and people that an emulator knows.
///
/// [`Directory::default`] is the built-in one: two tenants, four applications, and a person of each
/// kind; the first one just signs in, and each one's `note` says what is special about them. Another
/// one is read from TOML:
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
    /// What personal accounts belong to; no organization, so not among the tenants.
    consumers: Tenant,
    applications: Vec<Application>,
    federations: Vec<Federation>,
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
        let mut all = self.tenants.iter().chain([&self.consumers]);
        all.find(|tenant| {
            tenant.id.eq_ignore_ascii_case(id_or_domain)
                || tenant.domain.eq_ignore_ascii_case(id_or_domain)
        })
    }

    pub(crate) fn application(&self, client_id: &str) -> Option<&Application> {
        self.applications
            .iter()
            .find(|known| known.client_id.eq_ignore_ascii_case(client_id))
    }

    /// The people with this name. The same name can be somebody in each of several tenants.
    pub(crate) fn named(&self, username: &str) -> impl Iterator<Item = &User> {
        let username = username.trim().to_ascii_lowercase();
        self.users
            .iter()
            .filter(move |known| known.username.to_ascii_lowercase() == username)
    }

    /// The person with this id at home.
    pub(crate) fn person(&self, object_id: &str) -> Option<&User> {
        self.users.iter().find(|known| known.object_id == object_id)
    }

    /// The server that checks the passwords of this domain's people, if it is not Entra ID.
    pub(crate) fn federation(&self, domain: &str) -> Option<&Federation> {
        self.federations
            .iter()
            .find(|known| known.domain.eq_ignore_ascii_case(domain))
    }

    /// The server that checks this person's password, if it is not Entra ID.
    pub(crate) fn federation_of(&self, username: &str) -> Option<&Federation> {
        self.federation(username.rsplit_once('@')?.1.trim())
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
