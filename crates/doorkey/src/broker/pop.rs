use crate::pop::{names_key, req_cnf};
use std::fmt;

/// What a token has to be bound to, and the one request that it is for: see `docs/proof-of-possession.md`.
/// All of it goes into what is signed.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct BrokerPop {
    /// The thumbprint ([RFC 7638](https://www.rfc-editor.org/rfc/rfc7638)) of the credential's own key,
    /// in base64url without padding: the `kid` of `req_cnf`.
    pub key_id: String,
    /// `GET`, `HEAD`, `POST`, `PUT`, `DELETE`, `OPTIONS`, `TRACE` or `PATCH`.
    pub http_method: String,
    /// The resource's host, with the port where it is not 443.
    pub host: String,
    /// The path of its URL, from the first slash on and without the query.
    pub path: String,
    /// What the resource sent in its challenge.
    pub nonce: String,
}

impl BrokerPop {
    /// Bound to this key, for this request.
    #[must_use]
    pub fn new(
        key_id: impl Into<String>,
        http_method: impl Into<String>,
        host: impl Into<String>,
        path: impl Into<String>,
        nonce: impl Into<String>,
    ) -> Self {
        Self {
            key_id: key_id.into(),
            http_method: http_method.into(),
            host: host.into(),
            path: path.into(),
            nonce: nonce.into(),
        }
    }

    /// The parameter `req_cnf` of a token request, which goes with `token_type=pop`: the
    /// [`key_id`](Self::key_id) as a `kid` in JSON, in base64url.
    #[must_use]
    pub fn req_cnf(&self) -> String {
        req_cnf(&self.key_id)
    }

    /// Whether an access token says that it is bound to this key
    /// ([RFC 7800](https://www.rfc-editor.org/rfc/rfc7800#section-3.1): `cnf` with its `kid`, or with a
    /// `jwk` of its thumbprint). `None` where it cannot be read: it is no JWT, or an encrypted one. Its
    /// signature is not checked.
    #[must_use]
    pub fn is_named_by(&self, access_token: &str) -> Option<bool> {
        names_key(access_token, &self.key_id)
    }
}

impl fmt::Debug for BrokerPop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BrokerPop")
            .field("key_id", &self.key_id)
            .field("http_method", &self.http_method)
            .field("host", &self.host)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
