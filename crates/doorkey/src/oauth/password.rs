//! The grants by which somebody proves themselves without a page.

use super::{OAuthClient, Parameters, Redeemed, transport::Resend};
use crate::{error::Result, sensitive::Sensitive, tokens::Tokens};
use tokio::time::Instant;

impl OAuthClient {
    /// [RFC 6749, section 4.3.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2).
    pub(crate) async fn redeem_password(
        &self,
        parameters: &Parameters<'_>,
        username: &str,
        password: &Sensitive,
        deadline: Instant,
    ) -> Result<Tokens> {
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password.expose()),
        ];
        let redeemed = Redeemed::Password;
        self.redeem_proof(parameters, &form, redeemed, username, deadline)
            .await
    }

    /// [RFC 7522, section 2.1](https://www.rfc-editor.org/rfc/rfc7522#section-2.1), and the same for
    /// SAML 1.1: `grant_type` says which. The assertion is base64url.
    pub(crate) async fn redeem_assertion(
        &self,
        parameters: &Parameters<'_>,
        grant_type: &str,
        assertion: &Sensitive,
        username: &str,
        deadline: Instant,
    ) -> Result<Tokens> {
        let form = [
            ("grant_type", grant_type),
            ("assertion", assertion.expose()),
        ];
        let redeemed = Redeemed::Assertion;
        self.redeem_proof(parameters, &form, redeemed, username, deadline)
            .await
    }

    async fn redeem_proof(
        &self,
        parameters: &Parameters<'_>,
        proof: &[(&str, &str)],
        redeemed: Redeemed<'_>,
        username: &str,
        deadline: Instant,
    ) -> Result<Tokens> {
        let scope = parameters.scopes.parameter();
        let mut form = proof.to_vec();
        form.push(("scope", scope.as_str()));
        // By which Entra ID finds the right part of itself, where a header can hold it.
        let is_plain = username.bytes().all(|byte| byte.is_ascii_graphic());
        let route = is_plain.then(|| ("x-anchormailbox", format!("upn:{username}")));
        let endpoints = self.endpoints_until(parameters.tenant, deadline).await?;
        let reply = self
            .post_token(
                &endpoints,
                parameters,
                &form,
                route.as_slice(),
                Resend::IfUndelivered,
                deadline,
            )
            .await?;
        let mut tokens = self.read_token(parameters, &reply, &endpoints, redeemed)?;
        if let Some(id_token) = &mut tokens.id_token {
            id_token.claims.name_if_nameless(username);
        }
        Ok(tokens)
    }
}
