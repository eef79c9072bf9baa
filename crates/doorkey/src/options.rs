//! What a caller may say, and what a caller is given.

use crate::{
    cache::TokenCacheStore,
    error::{Error, Result},
    pop,
};
use azure_core::{
    credentials::{AccessToken, Secret},
    http::ClientOptions,
    time::OffsetDateTime,
};
use std::{fmt, sync::Arc};

/// What the credentials of public clients have in common. The default is what
/// `azure-identity` does without options.
///
/// ```
/// use doorkey::PublicClientOptions;
///
/// let options = PublicClientOptions { tenant_id: Some("contoso.example".into()), ..Default::default() };
/// ```
#[derive(Clone, Debug, Default)]
pub struct PublicClientOptions {
    /// The tenant to sign in to, by id or by domain name. Default: that of `authority` where it has
    /// one, else the record's, else `organizations` (any work or school account). `adfs` is AD FS.
    pub tenant_id: Option<String>,
    /// The authority, such as [`AuthorityHosts::AZURE_GOVERNMENT`](crate::AuthorityHosts). Default:
    /// the record's, else that of `client_options.cloud`, else the environment variable
    /// `AZURE_AUTHORITY_HOST`, else the public cloud. Always https; an empty text is none.
    ///
    /// What it is, is told by how it is written:
    ///
    /// | authority | is written |
    /// |---|---|
    /// | a cloud of Entra ID, or a private one | `https://{host}`, and the tenant is `tenant_id` |
    /// | AD FS, Azure Stack with AD FS | `https://{host}/adfs`, or `https://{host}` with `tenant_id` `adfs` |
    /// | Azure AD B2C | `https://{name}.b2clogin.com/{tenant}/{policy}`, with `/tfp` before the tenant or without; on a domain of your own where the policy begins with `b2c_` |
    /// | Entra External ID | `https://{name}.ciamlogin.com`, with the tenant behind it or without |
    ///
    /// Where the tenant is a part of it, `tenant_id` can name no other. A record holds the host alone,
    /// so at B2C it needs the authority beside it. AD FS, B2C and External ID are not vouched for by
    /// Microsoft's instance discovery: whoever writes the address trusts it.
    pub authority: Option<String>,
    /// Other tenants for which a request may ask; `*` is any. A credential for `organizations`
    /// without this list takes any tenant.
    pub additionally_allowed_tenants: Vec<String>,
    /// Where tokens and accounts are kept from one run to the next, and shared with the other
    /// programs of this machine. By default they are kept in memory, and go with the credential.
    pub cache_persistence: Option<TokenCachePersistenceOptions>,
    /// Ask for tokens that can be revoked in the middle of their life (continuous access
    /// evaluation, capability `cp1`) on every request. Default: only where a request says so.
    pub enable_cae: bool,
    /// Trust an authority that Microsoft's instance discovery does not know: a private cloud, or
    /// an emulator. Default: such an authority is asked about first. It changes nothing for the
    /// clouds that are known here, nor for AD FS, B2C and External ID, which it knows nothing of.
    pub disable_instance_discovery: bool,
    /// Let log events name the person who signed in, and quote errors of the cache and of a broker, which may. Default:
    /// they hold no personal data.
    pub enable_support_logging: bool,
    /// Told when a person is asked and how that ended: for programs with a window.
    pub observer: Option<Arc<dyn SignInObserver>>,
    /// Transport, proxy, logging and policies of the requests to the authority. Its `retry` is not
    /// used: which of these requests may be sent twice is known here alone.
    pub client_options: ClientOptions,
}

/// Where a token cache is kept.
///
/// ```
/// use doorkey::{PublicClientOptions, TokenCachePersistenceOptions};
///
/// let client = PublicClientOptions {
///     cache_persistence: Some(TokenCachePersistenceOptions::default()),
///     ..Default::default()
/// };
/// ```
#[derive(Clone, Debug)]
pub struct TokenCachePersistenceOptions {
    /// The cache's name. `msal.cache` by default, which the Azure Identity libraries share. It becomes
    /// a part of files' names: a credential refuses path separators, a dot at its beginning, control
    /// characters, and more than 200 bytes.
    pub name: String,
    /// Whether the cache may be kept in a plain file where a Linux has no working keyring. `false`
    /// by default; it means nothing on Windows and macOS.
    pub allow_unencrypted_storage: bool,
    /// Your own place, instead of the system's.
    pub store: Option<Arc<dyn TokenCacheStore>>,
}

impl Default for TokenCachePersistenceOptions {
    fn default() -> Self {
        Self {
            name: "msal.cache".into(),
            allow_unencrypted_storage: false,
            store: None,
        }
    }
}

/// What [`authenticate`](crate::InteractiveCredential::authenticate) is to obtain.
#[derive(Clone, Debug, Default)]
pub struct AuthenticateOptions {
    /// The scopes to consent to. Default: the management of the authority's cloud.
    pub scopes: Vec<String>,
    /// Claims that the token must satisfy, as JSON: usually [`Error::claims`].
    pub claims: Option<String>,
    /// The tenant, if another than the credential's.
    pub tenant_id: Option<String>,
    /// Ask for a token of continuous access evaluation.
    pub enable_cae: bool,
}

/// What a token must be, for one call of
/// [`get_token_info`](crate::InteractiveCredential::get_token_info).
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct TokenInfoOptions {
    /// Claims that the token must satisfy, as JSON. Given, no cached token is used.
    pub claims: Option<String>,
    /// The tenant, if another than the credential's. See
    /// [`PublicClientOptions::additionally_allowed_tenants`].
    pub tenant_id: Option<String>,
    /// Ask for a token of continuous access evaluation.
    pub enable_cae: bool,
    /// Ask for a token that is bound to a key and good for one request alone, and not for a bearer
    /// token. `None`, as by default, is a bearer token.
    pub pop: Option<PopTokenRequestOptions>,
}

impl TokenInfoOptions {
    /// For whoever hands on a token without its type: a bound one would be sent as a bearer token.
    pub(crate) fn check_bearer(&self) -> Result<()> {
        match self.pop {
            None => Ok(()),
            Some(_) => Err(of_another_type()),
        }
    }
}

/// The request that a proof-of-possession token is for: it is good for no other.
///
/// The token is a
/// [Signed HTTP Request](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-signed-http-request-03),
/// signed anew on each call by a key that never leaves this process and its secure cache, or that an
/// operating system's broker has; see `docs/proof-of-possession.md`.
///
/// ```
/// use doorkey::{PopTokenRequestOptions, TokenInfoOptions};
///
/// let options = TokenInfoOptions {
///     pop: Some(PopTokenRequestOptions {
///         resource_request_method: "GET".into(),
///         resource_request_url: "https://graph.microsoft.com/v1.0/me".into(),
///         nonce: "the one of the resource's challenge".into(),
///     }),
///     ..Default::default()
/// };
/// # let _ = options;
/// ```
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct PopTokenRequestOptions {
    /// `GET`, `HEAD`, `POST`, `PUT`, `DELETE`, `OPTIONS`, `TRACE` or `PATCH`, in capitals.
    pub resource_request_method: String,
    /// The whole URL of the request, as it is sent: https, and no user name in it.
    pub resource_request_url: String,
    /// What the resource sent in its challenge, not empty: see [`Challenge::nonce`](crate::Challenge::nonce).
    pub nonce: String,
}

impl fmt::Debug for PopTokenRequestOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PopTokenRequestOptions")
            .field("resource_request_method", &self.resource_request_method)
            .field(
                "resource_request_url",
                &pop::without_secrets(&self.resource_request_url),
            )
            .finish_non_exhaustive()
    }
}

/// An access token, and what is known of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccessTokenInfo {
    /// The token itself. With [`pop`](TokenInfoOptions::pop) the signed request, which resources take
    /// for some minutes, and most of them once.
    pub token: Secret,
    /// When it expires; with `pop`, when the token within the signed request does.
    pub expires_on: OffsetDateTime,
    /// `Bearer` or `pop`, as the authority wrote it.
    pub token_type: String,
    /// From when on the authority would like it to be renewed, if it said so.
    pub refresh_on: Option<OffsetDateTime>,
    /// Whether `token` is a signed request already, a broker's.
    pub(crate) is_signed_request: bool,
}

impl AccessTokenInfo {
    /// The value of the HTTP header `Authorization`
    /// ([RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)), for either type:
    /// `Bearer …` or `PoP …`.
    #[must_use]
    pub fn authorization_header(&self) -> Secret {
        let scheme = match self.token_type.eq_ignore_ascii_case("pop") {
            true => "PoP",
            false => self.token_type.as_str(),
        };
        Secret::new(format!("{scheme} {}", self.token.secret()))
    }
}

/// Of a credential that says no more.
#[cfg(feature = "chain")]
impl From<AccessToken> for AccessTokenInfo {
    fn from(token: AccessToken) -> Self {
        Self {
            token: token.token,
            expires_on: token.expires_on,
            token_type: "Bearer".to_owned(),
            refresh_on: None,
            is_signed_request: false,
        }
    }
}

/// For whoever takes a bearer token without its type, as the SDK does. A token of another type, which
/// would be sent as one, is [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
impl TryFrom<AccessTokenInfo> for AccessToken {
    type Error = Error;

    fn try_from(info: AccessTokenInfo) -> Result<Self> {
        if !info.token_type.eq_ignore_ascii_case("Bearer") {
            return Err(of_another_type());
        }
        Ok(Self {
            token: info.token,
            expires_on: info.expires_on,
        })
    }
}

fn of_another_type() -> Error {
    Error::invalid_argument(
        "`get_token` gives bearer tokens alone, and `pop` asks for another one; call \
         `get_token_info`, or give a client of the SDK the `pop_policy`",
    )
}

/// Is told when a person is asked to sign in, and how that ended.
///
/// The calls come on the thread that waits for the token; they must not block.
///
/// ```
/// use doorkey::{PromptOutcome, SignInObserver, SignInPrompt};
///
/// #[derive(Debug)]
/// struct StatusBar;
///
/// impl SignInObserver for StatusBar {
///     fn prompt_began(&self, prompt: &SignInPrompt) {
///         if let SignInPrompt::Browser { url, .. } = prompt {
///             // show "Finish signing in in your browser", with a link to `url`
///             # let _ = url;
///         }
///     }
///     fn prompt_ended(&self, _outcome: &PromptOutcome) { /* hide it again */ }
///     fn shows_url(&self) -> bool { true }
/// }
/// ```
pub trait SignInObserver: fmt::Debug + Send + Sync {
    /// A person is asked now.
    fn prompt_began(&self, prompt: &SignInPrompt);

    /// The question that began last is over.
    fn prompt_ended(&self, outcome: &PromptOutcome);

    /// Something did not stop the sign-in, and the person should know of it: a token that could not
    /// be kept for the next run, a damaged cache. Default: nobody is, but for an event that says of which kind it was.
    fn warned(&self, warning: &Error) {
        let _ = warning;
    }

    /// Whether this observer shows the person the URL of a browser sign-in, so that the wait goes
    /// on where no browser opens. Default: no.
    fn shows_url(&self) -> bool {
        false
    }
}

/// How a person is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SignInPrompt {
    /// By the page at `url`.
    #[non_exhaustive]
    Browser {
        /// The page. Only this sign-in can use it.
        url: String,
        /// Why no browser opened it, if none did: the person has to open it.
        launch_error: Option<String>,
    },
    /// By a code that is typed on another device.
    DeviceCode(crate::DeviceCodeInfo),
    /// By a window of the operating system's broker. Where there is no broker, this ends at once, and a
    /// browser is next.
    Broker,
}

/// How a question to a person ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PromptOutcome {
    /// The person signed in.
    SignedIn,
    /// No token came of it.
    Failed(Error),
    /// The caller stopped waiting.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_debug_text_of_a_request_has_no_query() {
        let options = PopTokenRequestOptions {
            resource_request_method: "GET".into(),
            resource_request_url: "https://a.example/b?sig=secret#secret".into(),
            nonce: "n".into(),
        };
        let text = format!("{options:?}");
        assert!(text.contains("https://a.example/b"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn the_header_has_the_type_and_the_debug_text_has_no_token() {
        for (token_type, header) in [
            ("Bearer", "Bearer secret-token"),
            ("pop", "PoP secret-token"),
        ] {
            let info = AccessTokenInfo {
                token: Secret::new("secret-token"),
                expires_on: OffsetDateTime::UNIX_EPOCH,
                token_type: token_type.into(),
                refresh_on: None,
                is_signed_request: false,
            };
            assert_eq!(info.authorization_header().secret(), header);
            assert!(!format!("{info:?}").contains("secret-token"));
            // The SDK would write `Bearer` before it, whatever it is.
            let handed_on = AccessToken::try_from(info);
            assert_eq!(handed_on.is_ok(), token_type == "Bearer", "{token_type}");
        }
    }
}
