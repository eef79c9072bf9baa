//! What people granted to applications, and the tokens made from it.

mod adfs;
pub(crate) mod code;
pub(crate) mod consent;
pub(crate) mod device;
pub(crate) mod refresh;
mod tokens;

pub(crate) use tokens::{Issue, client_info};

use serde::{Deserialize, Serialize};

/// Somebody's sign-in to an application, and how they proved themselves.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Grant {
    /// Who, by their id at home.
    pub(crate) object_id: String,
    /// The tenant that they signed in to.
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    /// The scopes asked for at sign-in; later requests may leave theirs out.
    pub(crate) scope: String,
    pub(crate) second_factor: bool,
    /// The authentication contexts that the sign-in met.
    pub(crate) contexts: Vec<String>,
    /// The audiences that they consented to in this sign-in, where consent is needed.
    pub(crate) consented: Vec<String>,
}
