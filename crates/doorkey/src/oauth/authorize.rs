use super::pkce::Attempt;
use crate::{
    error::{Error, Result},
    scopes::Scopes,
};
use url::Url;

/// What an authorization request says besides who we are
/// ([RFC 6749, section 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)).
#[derive(Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) scopes: &'a Scopes,
    pub(crate) attempt: &'a Attempt,
    pub(crate) prompt: Option<&'static str>,
    pub(crate) login_hint: Option<&'a str>,
    pub(crate) domain_hint: Option<&'a str>,
    pub(crate) claims: Option<&'a str>,
    pub(crate) extra: &'a [(String, String)],
}

/// Written by us, and not to be written twice.
const OURS: [&str; 15] = [
    "client_id",
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "client_info",
    "prompt",
    "login_hint",
    "domain_hint",
    "claims",
    // Refused by Entra ID beside `scope`.
    "resource",
];

/// Refuses extra parameters that would change what a sign-in means.
pub(crate) fn check_extra_parameters(extra: &[(String, String)]) -> Result<()> {
    match extra
        .iter()
        .find(|(name, _)| name.is_empty() || OURS.contains(&name.as_str()))
    {
        Some((name, _)) => Err(Error::invalid_argument(format!(
            "`extra_query_parameters` has {name:?}, which the sign-in sets itself; use the option \
             of that name, or leave it out"
        ))),
        None => Ok(()),
    }
}

impl AuthorizationRequest<'_> {
    /// The page that the person is sent to. `form_post` keeps the code out of the browser's
    /// history and of every log that has URLs
    /// ([OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html)).
    pub(crate) fn url(&self, endpoint: &Url) -> Url {
        let mut url = endpoint.clone();
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("client_id", self.client_id)
                .append_pair("response_type", "code")
                .append_pair("redirect_uri", self.redirect_uri)
                .append_pair("scope", &self.scopes.parameter())
                .append_pair("state", self.attempt.state.expose())
                .append_pair("response_mode", "form_post")
                .append_pair("code_challenge", &self.attempt.code_challenge())
                .append_pair("code_challenge_method", "S256")
                .append_pair("nonce", self.attempt.nonce.expose())
                .append_pair("client_info", "1");
            let optional = [
                ("prompt", self.prompt),
                ("login_hint", self.login_hint),
                ("domain_hint", self.domain_hint),
                ("claims", self.claims),
            ];
            for (name, value) in optional {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            query.extend_pairs(self.extra);
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_url_says_all_and_keeps_the_verifier() {
        let attempt = Attempt::new().unwrap();
        let request = AuthorizationRequest {
            client_id: "client",
            redirect_uri: "http://localhost:1",
            scopes: &Scopes::parse(&["a b".replace(' ', "/")]).unwrap(),
            attempt: &attempt,
            prompt: Some("select_account"),
            login_hint: Some("me+x@contoso.example"),
            domain_hint: None,
            claims: Some("{}"),
            extra: &[("dc".into(), "ESTS & more".into())],
        };
        let url = request.url(&Url::parse("https://authority.example/authorize?p=policy").unwrap());
        let query: HashMap<_, _> = url.query_pairs().into_owned().collect();
        for (name, value) in [
            ("p", "policy"),
            ("response_mode", "form_post"),
            ("response_type", "code"),
            ("code_challenge_method", "S256"),
            ("code_challenge", &attempt.code_challenge()),
            ("scope", "a/b offline_access openid profile"),
            ("login_hint", "me+x@contoso.example"),
            ("claims", "{}"),
            ("dc", "ESTS & more"),
        ] {
            assert_eq!(query[name], value, "{name}");
        }
        assert!(!query.contains_key("domain_hint"));
        assert!(!url.as_str().contains(attempt.code_verifier.expose()));
    }

    #[test]
    fn extra_parameters_cannot_override_ours() {
        for name in ["state", "redirect_uri", "resource", "prompt", ""] {
            assert!(
                check_extra_parameters(&[(name.into(), "x".into())]).is_err(),
                "{name}"
            );
        }
        check_extra_parameters(&[("dc".into(), "x".into())]).unwrap();
    }
}
