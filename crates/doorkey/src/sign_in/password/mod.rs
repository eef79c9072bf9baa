//! Signing in with a user name and a password
//! ([RFC 6749, section 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3)), also where a server of
//! the person's organization checks them.

mod ws_trust;

use super::Question;
use crate::{
    error::{Error, ErrorKind, Result},
    oauth::{EXCHANGE_TIMEOUT, Federation, LONGEST_PAUSE, OAuthClient, Reply, UserRealm},
    oauth_error::is_transient_status,
    sensitive::Sensitive,
    tenant::TenantId,
    tokens::Tokens,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use url::Url;
use ws_trust::{Endpoint, Saml};

/// A user name, and the password that goes with it.
pub(crate) struct PasswordSignIn {
    username: String,
    password: Sensitive,
    /// What was refused. Each wrong password that is sent again brings the account closer to being
    /// locked.
    refused: Mutex<Vec<Refused>>,
    /// Whoever asked to be left alone, until when (in Unix seconds). No person is there who would wait.
    rest: Mutex<Option<(i64, Error)>>,
}

struct Refused {
    /// The one tenant that refused it; all, where it was the person's own organization.
    tenant: Option<TenantId>,
    error: Error,
}

impl PasswordSignIn {
    pub(crate) fn new(username: String, password: Sensitive) -> Self {
        Self {
            username,
            password,
            refused: Mutex::default(),
            rest: Mutex::default(),
        }
    }

    pub(crate) fn username(&self) -> &str {
        &self.username
    }

    pub(super) async fn ask(&self, oauth: &OAuthClient, question: &Question<'_>) -> Result<Tokens> {
        let tenant = question.parameters.tenant;
        if ["common", "consumers"].contains(&tenant.as_str()) {
            return Err(Error::invalid_argument(format!(
                "`tenant_id` is {}, where no password is taken; give the organization's tenant, or \
                 `organizations`",
                tenant.as_str()
            )));
        }
        if question.insists {
            self.refused().clear();
            *self.rest() = None;
        } else if let Some(error) = self.refusal(tenant).or_else(|| self.resting(oauth.now())) {
            return Err(error);
        }
        let outcome = self.prove(oauth, question).await;
        let tokens = outcome.inspect_err(|error| self.leave_alone(error, oauth.now()))?;
        (question.accept)(&tokens)?;
        Ok(tokens)
    }

    async fn prove(&self, oauth: &OAuthClient, question: &Question<'_>) -> Result<Tokens> {
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        match self.realm(oauth, question, deadline).await? {
            UserRealm::Federated(federation) => {
                self.by_organization(oauth, question, &federation, deadline)
                    .await
            }
            UserRealm::Managed => self.by_authority(oauth, question, deadline).await,
            UserRealm::Personal => Err(Error::unavailable(
                "the user name is one of a personal account, which cannot sign in with a password like \
                 this, so it was sent nowhere; sign in by the browser, or take an account of an \
                 organization",
            )),
            UserRealm::Unknown => self
                .by_authority(oauth, question, deadline)
                .await
                .map_err(of_no_organization),
        }
    }

    async fn by_authority(
        &self,
        oauth: &OAuthClient,
        question: &Question<'_>,
        deadline: Instant,
    ) -> Result<Tokens> {
        let parameters = &question.parameters;
        oauth
            .redeem_password(parameters, &self.username, &self.password, deadline)
            .await
            .inspect_err(|error| self.remember(Some(parameters.tenant), error))
    }

    /// Entra ID alone knows organizations' servers; the others check all passwords themselves.
    async fn realm(
        &self,
        oauth: &OAuthClient,
        question: &Question<'_>,
        deadline: Instant,
    ) -> Result<UserRealm> {
        if !oauth.authority().kind().knows_user_realms() {
            return Ok(UserRealm::Managed);
        }
        // The name goes to the authority, and the password to whom it names, so it has to be one.
        oauth
            .endpoints_until(question.parameters.tenant, deadline)
            .await?;
        oauth
            .user_realm(&question.parameters, &self.username, deadline)
            .await
    }

    /// The organization's own server checks the password, and says so in an assertion, which the
    /// authority takes for a grant.
    async fn by_organization(
        &self,
        oauth: &OAuthClient,
        question: &Question<'_>,
        federation: &Federation,
        deadline: Instant,
    ) -> Result<Tokens> {
        let transport = oauth.transport();
        let endpoint = match federation.metadata_url.as_deref() {
            Some(url) => {
                let url = over_tls(url)?;
                let server = host(&url);
                let reply = transport.get_xml(url, deadline).await.map_err(unreached)?;
                if reply.status != 200 {
                    return Err(unexpected(&server, &reply));
                }
                ws_trust::endpoint(text(&reply, &server)?)?
            }
            None => federation
                .active_url
                .as_deref()
                .and_then(Endpoint::of_address)
                .ok_or_else(|| {
                    Error::unavailable(
                        "the person's organization checks passwords itself, and names no server that \
                         takes one from a program; sign in by the browser",
                    )
                })?,
        };
        let envelope = ws_trust::envelope(
            &endpoint,
            federation.audience(),
            &self.username,
            self.password.expose(),
            oauth.now(),
        )?;
        let server = host(&endpoint.url);
        let action = endpoint.version.action();
        let reply = transport
            .post_envelope(endpoint.url, action, &envelope, deadline)
            .await
            .map_err(unreached)?;
        drop(envelope);
        // ADFS tells a wrong password with status 500, so the words count before the status.
        let said = text(&reply, &server).and_then(|text| ws_trust::read(text, &server));
        let said = said.map_err(|error| match (error.kind(), reply.status) {
            (ErrorKind::Refused | ErrorKind::Network, _) | (_, 200) => {
                error.with_retry_after(reply.retry_after)
            }
            (_, 401) => not_accepted(&server),
            _ => unexpected(&server, &reply),
        });
        let assertion = said.inspect_err(|error| self.remember(None, error))?;
        let grant_type = match assertion.saml {
            Saml::V11 => "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
            Saml::V20 => "urn:ietf:params:oauth:grant-type:saml2-bearer",
        };
        let encoded = Sensitive::new(BASE64_URL_SAFE_NO_PAD.encode(assertion.text.expose()));
        oauth
            .redeem_assertion(
                &question.parameters,
                grant_type,
                &encoded,
                &self.username,
                deadline,
            )
            .await
    }

    fn remember(&self, tenant: Option<&TenantId>, error: &Error) {
        // What can pass by itself is asked again, and so is what names what else is missing (a second
        // factor, consent): the password was right there.
        let is_final = match error.oauth() {
            Some(oauth) => {
                // The latter is B2C's word for it.
                let is_refusal = matches!(oauth.error.as_str(), "invalid_grant" | "access_denied");
                is_refusal && oauth.suberror.is_none() && !oauth.is_transient()
            }
            None => error.kind() == ErrorKind::Refused,
        };
        if is_final {
            self.refused().push(Refused {
                tenant: tenant.cloned(),
                error: error.clone(),
            });
        }
    }

    fn refusal(&self, tenant: &TenantId) -> Option<Error> {
        let refused = self.refused();
        let is_ours =
            |refused: &&Refused| refused.tenant.as_ref().is_none_or(|known| known == tenant);
        let error = refused.iter().find(is_ours)?.error.clone();
        let message = format!(
            "{error} (this is the earlier answer: what was refused is not sent again, unless \
             `authenticate` is called)"
        );
        Some(error.within(message))
    }

    fn leave_alone(&self, error: &Error, now: i64) {
        let rest = error.retry_after().map(|rest| {
            let seconds = rest.min(LONGEST_PAUSE).as_secs();
            (now.saturating_add_unsigned(seconds), error.clone())
        });
        *self.rest() = rest;
    }

    fn resting(&self, now: i64) -> Option<Error> {
        let rest = self.rest();
        let (until, error) = rest.as_ref()?;
        let seconds = u64::try_from(until - now)
            .ok()
            .filter(|&seconds| seconds > 0)?;
        let message = format!(
            "{error} (this is the earlier answer: it asks to be left alone for {seconds} seconds more, \
             unless `authenticate` is called)"
        );
        let error = error.clone().within(message);
        Some(error.with_retry_after(Some(Duration::from_secs(seconds))))
    }

    fn rest(&self) -> MutexGuard<'_, Option<(i64, Error)>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Vec<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of_no_organization(error: Error) -> Error {
    if error.kind() != ErrorKind::Refused {
        return error;
    }
    let message = format!(
        "{error} (the authority knows no organization of that user name; a personal account cannot sign \
         in like this)"
    );
    error.within(message)
}

fn over_tls(address: &str) -> Result<Url> {
    ws_trust::https(address).ok_or_else(|| {
        Error::protocol(
            "the authority names an organization's sign-in server that does not speak TLS; nothing was \
             sent there. Ask its administrator",
        )
    })
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn text<'a>(reply: &'a Reply, server: &str) -> Result<&'a str> {
    std::str::from_utf8(&reply.body).map_err(|_| {
        Error::protocol(format!(
            "{server}, the organization's sign-in server, answered with something that is no UTF-8; ask \
             its administrator"
        ))
    })
}

/// Nobody configured that server, so what is to be checked is not the authority.
fn unreached(error: Error) -> Error {
    if error.kind() != ErrorKind::Network {
        return error;
    }
    let message = format!(
        "{error} (it is the organization's own sign-in server, which the authority names; some are open \
         to the organization's network alone: try from there, or sign in by the browser)"
    );
    error.within(message)
}

fn not_accepted(server: &str) -> Error {
    Error::new(
        ErrorKind::Refused,
        format!(
            "{server}, the organization's sign-in server, did not accept the user name and password (HTTP \
             status 401); check them, or sign in by the browser"
        ),
    )
}

fn unexpected(server: &str, reply: &Reply) -> Error {
    let (kind, next) = if is_transient_status(reply.status) {
        (ErrorKind::Network, "try again later")
    } else {
        (ErrorKind::Protocol, "ask its administrator")
    };
    Error::new(
        kind,
        format!(
            "{server}, the organization's sign-in server, answered with HTTP status {}; {next}, or sign in \
             by the browser",
            reply.status
        ),
    )
    .with_retry_after(reply.retry_after)
}

impl fmt::Debug for PasswordSignIn {
    // Neither the name nor the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PasswordSignIn")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
