//! Asking a person by the browser: the authorization code flow with PKCE on a loopback redirect
//! ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)).

mod connection;
mod desktop;
mod launcher;
mod listener;
mod loopback;
mod pages;
mod program;
mod redirect_uri;
mod request;
mod response;

pub use launcher::BrowserLauncher;
pub use pages::BrowserPages;
pub(crate) use redirect_uri::RedirectUri;

use super::{Question, before, deadline_after, observed::Observed};
use crate::{
    error::{Error, ErrorKind, Result},
    oauth::{Attempt, AuthorityKind, AuthorizationRequest, CodeGrant, Endpoints, OAuthClient},
    oauth_error::OAuthError,
    options::{SignInObserver, SignInPrompt},
    tokens::Tokens,
};
use listener::{Listener, Redirect};
use pages::PageOutcome;
use request::AuthorizationResponse;
use std::time::Duration;
use url::Url;

/// How the authority is to treat the person's existing session
/// ([OpenID Connect Core, section 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Prompt {
    /// `select_account`: the person picks who signs in. The default.
    #[default]
    SelectAccount,
    /// `login`: the person types their password again.
    Login,
    /// `consent`: the person is shown what the application may do.
    Consent,
    /// `none`: succeed without asking, or fail.
    None,
    /// No `prompt` is sent, and the authority decides: whoever is signed in to the browser may be
    /// signed in without seeing a page.
    Omitted,
}

impl Prompt {
    fn parameter(self) -> Option<&'static str> {
        match self {
            Self::SelectAccount => Some("select_account"),
            Self::Login => Some("login"),
            Self::Consent => Some("consent"),
            Self::None => Some("none"),
            Self::Omitted => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct BrowserSignIn {
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) prompt: Prompt,
    pub(crate) login_hint: Option<String>,
    pub(crate) domain_hint: Option<String>,
    pub(crate) extra_query_parameters: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) launcher: BrowserLauncher,
    pub(crate) pages: BrowserPages,
}

impl BrowserSignIn {
    pub(super) fn login_hint(&self) -> Option<&str> {
        self.login_hint.as_deref()
    }

    pub(super) async fn ask(&self, oauth: &OAuthClient, question: &Question<'_>) -> Result<Tokens> {
        // The authority first: where it is wrong, no page needs to open.
        let endpoints = oauth.endpoints(question.parameters.tenant).await?;
        let attempt = Attempt::new()?;
        let listener = match oauth.authority().kind() {
            AuthorityKind::Adfs => Listener::bind(&self.redirect_uri.at_adfs()).await?,
            _ => Listener::bind(&self.redirect_uri).await?,
        };
        let redirect_uri = listener.redirect_uri().to_owned();
        let url = self.url(oauth, question, &endpoints, &attempt, &redirect_uri);
        // The deadline is the person's: it begins when they are asked.
        let deadline = deadline_after(self.timeout);
        let launch_error = self.launcher.open(url.as_str()).await.err();
        let unseen = launch_error
            .clone()
            .filter(|_| !question.observer.is_some_and(SignInObserver::shows_url));
        if let Some(why) = unseen {
            return Err(Error::new(
                ErrorKind::CredentialUnavailable,
                format!(
                    "no browser could be opened ({why}), and nobody else shows the sign-in page; \
                     sign in with a device code, or give a `browser` callback or an `observer` \
                     that shows the URL"
                ),
            ));
        }
        let prompt = SignInPrompt::Browser {
            url: url.into(),
            launch_error,
        };
        let observed = Observed::begin(question.observer, &prompt);
        let signing_in = async {
            let wait = listener.wait(attempt.state.expose(), &self.pages);
            let redirect = before(deadline, wait, || self.late()).await?;
            let Redirect { response, page } = redirect;
            let outcome = finish(
                oauth,
                question,
                &endpoints,
                &attempt,
                &redirect_uri,
                response,
            )
            .await;
            let reason = outcome
                .as_ref()
                .err()
                .map(ToString::to_string)
                .unwrap_or_default();
            page.close(&match outcome.as_ref().map_err(Error::kind) {
                Ok(_) => PageOutcome::SignedIn,
                Err(ErrorKind::Declined) => PageOutcome::Declined,
                Err(_) => PageOutcome::Failed(&reason),
            })
            .await;
            outcome
        };
        observed.end(signing_in.await)
    }

    fn url(
        &self,
        oauth: &OAuthClient,
        question: &Question<'_>,
        endpoints: &Endpoints,
        attempt: &Attempt,
        redirect_uri: &str,
    ) -> Url {
        AuthorizationRequest {
            client_id: oauth.client_id(),
            redirect_uri,
            scopes: question.parameters.scopes,
            attempt,
            prompt: self.prompt.parameter(),
            login_hint: question.login_hint,
            domain_hint: self.domain_hint.as_deref(),
            claims: question.parameters.claims,
            extra: &self.extra_query_parameters,
        }
        .url(&endpoints.authorization)
    }

    fn late(&self) -> String {
        format!(
            "nobody finished signing in within {} seconds. A page that ends in an error and never \
             comes back (a policy of the organization may block this sign-in, or demand a managed \
             device) looks like this too: read what it says, then try again or raise `timeout`",
            self.timeout.as_secs()
        )
    }
}

/// Turns what the redirect brought into tokens, or into the reason why there are none.
async fn finish(
    oauth: &OAuthClient,
    question: &Question<'_>,
    endpoints: &Endpoints,
    attempt: &Attempt,
    redirect_uri: &str,
    response: AuthorizationResponse,
) -> Result<Tokens> {
    // RFC 9207, section 2.4: before anything else in the response is believed.
    if response
        .iss()
        .is_some_and(|issuer| !endpoints.issuer.redirects(issuer))
    {
        return Err(Error::protocol(
            "the redirect came from another authority than the one that was asked (RFC 9207); the \
             code was not used. Check `authority`, and try again",
        ));
    }
    match response {
        AuthorizationResponse::Code {
            code, client_info, ..
        } => {
            let grant = CodeGrant {
                code: &code,
                client_info: client_info.as_deref(),
                redirect_uri,
                attempt,
            };
            let reply = oauth.redeem_code(&question.parameters, &grant).await?;
            (question.accept)(&reply)?;
            Ok(reply)
        }
        AuthorizationResponse::Error {
            error,
            error_description,
            suberror,
            ..
        } => {
            let oauth_error = OAuthError::from_redirect(
                &error,
                error_description.as_deref(),
                suberror.as_deref(),
            );
            Err(crate::oauth::refused_by_redirect(oauth_error))
        }
    }
}

#[cfg(test)]
mod tests;
