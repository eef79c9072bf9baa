mod arrival;
mod nonsense;
mod page;
#[cfg(windows)]
mod windows;

use super::{answering::answer_by, request::Question};
use async_trait::async_trait;
use azure_core::{credentials::Secret, time::OffsetDateTime};
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerPop, BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, Prompt, Result,
};
use std::sync::Mutex;

/// Answers everything with what a test gave it, and keeps what it was asked.
#[derive(Debug)]
struct Fake {
    answer: Result<BrokerToken>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn new(answer: Result<BrokerToken>) -> Self {
        Self {
            answer,
            asked: Mutex::default(),
        }
    }

    fn asked(&self, request: &impl std::fmt::Debug) -> Result<BrokerToken> {
        self.asked.lock().unwrap().push(format!("{request:?}"));
        self.answer.clone()
    }
}

#[async_trait]
impl Broker for Fake {
    async fn accounts(&self, request: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        let token = self.asked(request)?;
        Ok(token.account.into_iter().chain([bob()]).collect())
    }

    async fn acquire_silently(&self, request: &BrokerSilentRequest) -> Result<BrokerToken> {
        self.asked(request)
    }

    async fn acquire_interactively(
        &self,
        request: &BrokerInteractiveRequest,
    ) -> Result<BrokerToken> {
        self.asked(request)
    }

    async fn sign_out(&self, request: &BrokerSignOutRequest) -> Result<()> {
        self.asked(request).map(drop)
    }
}

fn application() -> BrokerApplication {
    let mut application = BrokerApplication::new("client", "https://login.example/tenant");
    application.enable_msa_passthrough = true;
    application
}

fn ada() -> BrokerAccount {
    let mut account = BrokerAccount::new("object.tenant");
    account.username = "ada@contoso.example".into();
    account.tenant_id = "tenant".into();
    account.local_account_id = Some("{local}".into());
    account
}

fn bob() -> BrokerAccount {
    BrokerAccount::new("bob.tenant")
}

fn pop() -> BrokerPop {
    BrokerPop::new("key", "GET", "graph.example", "/me", "nonce")
}

fn silent() -> BrokerSilentRequest {
    let mut request = BrokerSilentRequest::new(application(), ada(), vec!["a".into(), "b".into()]);
    request.claims = Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.into());
    request.pop = Some(pop());
    request
}

fn interactive() -> BrokerInteractiveRequest {
    let mut request = BrokerInteractiveRequest::new(application(), vec!["a".into()]);
    request.account = Some(ada());
    request.claims = Some("{}".into());
    request.login_hint = Some("ada \u{1f511} \"quoted\"\n".into());
    request.domain_hint = Some("contoso.example".into());
    request.prompt = Prompt::Consent;
    request.extra_query_parameters =
        vec![("dc".into(), "x=y&z".into()), (String::new(), "".into())];
    request.pop = Some(pop());
    request
}

fn given() -> BrokerToken {
    let expires_on = OffsetDateTime::from_unix_timestamp(4_102_444_800).unwrap();
    let mut token = BrokerToken::new(Secret::new("secret".to_owned()), expires_on);
    token.token_type = "pop".into();
    token.is_signed_request = true;
    token.scopes = vec!["a".into(), "b".into()];
    token.id_token = Some(Secret::new("head.body.signature".to_owned()));
    token.account = Some(ada());
    token
}

/// All of a token, which its `Debug` does not show.
fn shown(token: &BrokerToken) -> String {
    let id_token = token.id_token.as_ref().map(Secret::secret);
    format!("{token:?} {} {id_token:?}", token.access_token.secret())
}

async fn exchanged(broker: &Fake, question: &Question) -> Vec<u8> {
    let answer = answer_by(broker, Ok(None), question.written().as_bytes()).await;
    answer.secret().as_bytes().to_vec()
}
