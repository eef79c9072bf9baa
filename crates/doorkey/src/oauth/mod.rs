//! One request, one reply: what is said to the authority. Never asks a person, never caches a
//! token.

mod authority;
mod authorize;
mod device;
mod discovery;
mod endpoints;
mod hint;
mod id_token;
mod issuer;
#[cfg(feature = "username-password")]
mod password;
mod pkce;
mod refusal;
mod token_reply;
mod transport;
mod unreachable;
#[cfg(feature = "username-password")]
mod user_realm;

pub(crate) use authority::{Authority, AuthorityKind};
pub(crate) use authorize::{AuthorizationRequest, check_extra_parameters};
pub(crate) use device::{DeviceAuthorization, Poll};
pub(crate) use endpoints::Endpoints;
pub(crate) use id_token::read as read_id_token;

pub(crate) use pkce::Attempt;
pub(crate) use refusal::refused_by_redirect;

use crate::{
    error::{Error, ErrorKind, Result},
    oauth_error::OAuthError,
    scopes::Scopes,
    seams::Clock,
    sensitive::Sensitive,
    tenant::{self, TenantId},
    tokens::{TokenKind, Tokens},
};
use azure_core::{Uuid, http::ClientOptions};
use id_token::Expected;
use refusal::{Asked, refused};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
#[cfg(feature = "username-password")]
pub(crate) use transport::Reply;
#[cfg(not(feature = "username-password"))]
use transport::Reply;
use transport::Resend;
pub(crate) use transport::Transport;
#[cfg(feature = "chain")]
pub(crate) use transport::default_transport;
#[cfg(feature = "username-password")]
pub(crate) use user_realm::{Federation, UserRealm};

/// How long one exchange with the authority may take in all, tries and pauses included.
pub(crate) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest rest that an authority can ask for, as in MSAL: a mistake must not end a session.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// How long it may take where a token is at hand all the same.
const SHORT_TIMEOUT: Duration = Duration::from_secs(5);

/// How much time a renewal has.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    Full,
    /// For one try, while the old token still lives.
    Short,
}

impl Patience {
    pub(crate) fn total(self) -> Duration {
        match self {
            Self::Full => EXCHANGE_TIMEOUT,
            Self::Short => SHORT_TIMEOUT,
        }
    }
}

/// An application's conversation with one authority.
#[derive(Debug)]
pub(crate) struct OAuthClient {
    authority: Authority,
    client_id: String,
    disable_instance_discovery: bool,
    transport: Transport,
    clock: Clock,
}

/// What every request of one sign-in says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) scopes: &'a Scopes,
    pub(crate) claims: Option<&'a str>,
    pub(crate) kind: &'a TokenKind,
    /// One for all requests of a sign-in, for the authority's support.
    pub(crate) correlation_id: Uuid,
}

/// An authorization code, and what proves that it is ours to redeem.
pub(crate) struct CodeGrant<'a> {
    pub(crate) code: &'a str,
    /// What came with it, for the way to the authority alone.
    pub(crate) client_info: Option<&'a str>,
    pub(crate) redirect_uri: &'a str,
    pub(crate) attempt: &'a Attempt,
}

impl OAuthClient {
    pub(crate) fn new(
        authority: Authority,
        client_id: String,
        disable_instance_discovery: bool,
        client_options: ClientOptions,
        clock: Clock,
    ) -> Self {
        let transport = Transport::new(client_options, clock.clone());
        Self {
            authority,
            client_id,
            disable_instance_discovery,
            transport,
            clock,
        }
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Unix seconds, by the clock that tokens are measured with.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now()
    }

    pub(crate) async fn endpoints(&self, tenant: &TenantId) -> Result<Arc<Endpoints>> {
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        self.endpoints_until(tenant, deadline).await
    }

    pub(crate) async fn endpoints_until(
        &self,
        tenant: &TenantId,
        deadline: Instant,
    ) -> Result<Arc<Endpoints>> {
        endpoints::endpoints(
            &self.transport,
            &self.authority,
            tenant,
            self.disable_instance_discovery,
            deadline,
        )
        .await
    }

    /// [RFC 6749, section 4.1.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3).
    pub(crate) async fn redeem_code(
        &self,
        parameters: &Parameters<'_>,
        grant: &CodeGrant<'_>,
    ) -> Result<Tokens> {
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        let scope = parameters.scopes.parameter();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", grant.code),
            ("redirect_uri", grant.redirect_uri),
            ("code_verifier", grant.attempt.code_verifier.expose()),
            ("scope", scope.as_str()),
        ];
        let info = grant.client_info.and_then(token_reply::read_client_info);
        let headers: Vec<_> = info
            .and_then(|info| route(&info.uid, &info.utid))
            .into_iter()
            .collect();
        let endpoints = self.endpoints_until(parameters.tenant, deadline).await?;
        let reply = self
            .post_token(
                &endpoints,
                parameters,
                &form,
                &headers,
                Resend::IfUndelivered,
                deadline,
            )
            .await?;
        let nonce = &grant.attempt.nonce;
        self.read_token(parameters, &reply, &endpoints, Redeemed::Code { nonce })
    }

    /// [RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6). `account` is the
    /// home account id, by which Entra ID finds the right part of itself.
    pub(crate) async fn refresh(
        &self,
        parameters: &Parameters<'_>,
        refresh_token: &Sensitive,
        account: &str,
        patience: Patience,
    ) -> Result<Tokens> {
        // Entra ID lets an old refresh token live on, so asking twice loses nothing but time.
        let (time, resend) = match patience {
            Patience::Full => (EXCHANGE_TIMEOUT, Resend::Freely),
            Patience::Short => (SHORT_TIMEOUT, Resend::IfUndelivered),
        };
        let deadline = Instant::now() + time;
        let scope = parameters.scopes.parameter();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("scope", scope.as_str()),
        ];
        // Not of an account that has no home tenant, as at AD FS.
        let headers: Vec<_> = tenant::home_of(account)
            .and_then(|utid| Some((account.strip_suffix(utid)?.strip_suffix('.')?, utid)))
            .and_then(|(uid, utid)| route(uid, utid))
            .into_iter()
            .collect();
        let endpoints = self.endpoints_until(parameters.tenant, deadline).await?;
        let reply = self
            .post_token(&endpoints, parameters, &form, &headers, resend, deadline)
            .await?;
        self.read_token(parameters, &reply, &endpoints, Redeemed::RefreshToken)
    }

    /// [RFC 8628, section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1).
    pub(crate) async fn begin_device_code(
        &self,
        parameters: &Parameters<'_>,
    ) -> Result<DeviceAuthorization> {
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        let endpoints = self.endpoints_until(parameters.tenant, deadline).await?;
        let Some(url) = endpoints.device_authorization.clone() else {
            return Err(Error::new(
                ErrorKind::CredentialUnavailable,
                format!(
                    "{} offers no device code sign-in; sign in with a browser",
                    self.authority.as_str()
                ),
            ));
        };
        let scope = parameters.scopes.parameter();
        let mut form = vec![
            ("client_id", self.client_id.as_str()),
            ("scope", scope.as_str()),
        ];
        form.extend(parameters.claims.map(|claims| ("claims", claims)));
        let headers = common_headers(parameters.correlation_id);
        let reply = self
            .transport
            .post_form(url, &headers, &form, Resend::Freely, deadline)
            .await?;
        if reply.status == 200 {
            return DeviceAuthorization::read(&reply.body);
        }
        let error = OAuthError::from_json(Some(reply.status), &reply.body);
        Err(refused(
            &Asked::new("the device code request"),
            reply.status,
            error,
            reply.retry_after,
        ))
    }

    /// One poll of [RFC 8628, section 3.4](https://www.rfc-editor.org/rfc/rfc8628#section-3.4).
    pub(crate) async fn poll_device_code(
        &self,
        parameters: &Parameters<'_>,
        device_code: &Sensitive,
    ) -> Result<Poll<Tokens>> {
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device_code.expose()),
        ];
        let endpoints = self.endpoints_until(parameters.tenant, deadline).await?;
        let reply = self
            .post_token(
                &endpoints,
                parameters,
                &form,
                &[],
                Resend::IfUndelivered,
                deadline,
            )
            .await?;
        let error = OAuthError::from_json(Some(reply.status), &reply.body);
        match error.as_ref().map(|error| error.error.as_str()) {
            Some("authorization_pending") => Ok(Poll::Pending),
            Some("slow_down") => Ok(Poll::SlowDown),
            _ => self
                .read_token(parameters, &reply, &endpoints, Redeemed::DeviceCode)
                .map(Poll::Done),
        }
    }

    async fn post_token(
        &self,
        endpoints: &Endpoints,
        parameters: &Parameters<'_>,
        form: &[(&str, &str)],
        headers: &[(&'static str, String)],
        resend: Resend,
        deadline: Instant,
    ) -> Result<Reply> {
        let mut form = form.to_vec();
        form.extend([("client_id", self.client_id.as_str()), ("client_info", "1")]);
        form.extend(parameters.claims.map(|claims| ("claims", claims)));
        let confirmation = parameters.kind.confirmation();
        if let Some(confirmation) = &confirmation {
            form.push(("token_type", parameters.kind.token_type()));
            form.push(("req_cnf", confirmation));
        }
        let mut all = common_headers(parameters.correlation_id);
        all.extend_from_slice(headers);
        self.transport
            .post_form(endpoints.token.clone(), &all, &form, resend, deadline)
            .await
    }

    fn read_token(
        &self,
        parameters: &Parameters<'_>,
        reply: &Reply,
        endpoints: &Endpoints,
        redeemed: Redeemed<'_>,
    ) -> Result<Tokens> {
        // Some put an error into a reply of status 200.
        let error = OAuthError::from_json(Some(reply.status), &reply.body);
        if reply.status != 200 || error.is_some() {
            let asked = redeemed.asked();
            return Err(refused(&asked, reply.status, error, reply.retry_after));
        }
        token_reply::read(
            &reply.body,
            parameters.kind,
            &Expected {
                client_id: &self.client_id,
                issuer: &endpoints.issuer,
                nonce: match redeemed {
                    Redeemed::Code { nonce } => Some(nonce),
                    _ => None,
                },
                is_renewal: matches!(redeemed, Redeemed::RefreshToken),
                now: self.clock.now(),
            },
        )
    }
}

/// For what tokens were asked.
#[derive(Clone, Copy, Debug)]
enum Redeemed<'a> {
    Code {
        nonce: &'a Sensitive,
    },
    RefreshToken,
    DeviceCode,
    #[cfg(feature = "username-password")]
    Password,
    #[cfg(feature = "username-password")]
    Assertion,
}

impl Redeemed<'_> {
    fn asked(self) -> Asked<'static> {
        match self {
            #[cfg(feature = "username-password")]
            Self::Password => Asked {
                what: "the request with the user name and password",
                hint: hint::without_a_page,
                of_person: false,
            },
            #[cfg(feature = "username-password")]
            Self::Assertion => Asked {
                what: "what the organization's own sign-in server says of the person",
                hint: hint::of_an_assertion,
                of_person: false,
            },
            _ => Asked::new("the token request"),
        }
    }
}

/// Where the account is at home: whoever carries the request finds the way without reading it.
fn route(uid: &str, utid: &str) -> Option<(&'static str, String)> {
    // They come from a cache or a redirect, and a header takes no other bytes.
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let route = || ("x-anchormailbox", format!("Oid:{uid}@{utid}"));
    (is_plain(uid) && is_plain(utid)).then(route)
}

/// Who asks: never as another library.
fn common_headers(correlation_id: Uuid) -> Vec<(&'static str, String)> {
    vec![
        ("client-request-id", correlation_id.to_string()),
        ("return-client-request-id", "true".into()),
        ("x-client-sku", "doorkey".into()),
        ("x-client-ver", env!("CARGO_PKG_VERSION").into()),
        ("x-client-os", std::env::consts::OS.into()),
        // True: see `Transport` and the session's pauses.
        ("x-ms-lib-capability", "retry-after, h429".into()),
    ]
}
