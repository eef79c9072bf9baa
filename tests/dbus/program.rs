//! A program that asks this session's broker: each test runs it with an environment of its own.
//!
//! ```text
//! dbus-program accounts [default]
//! dbus-program silent ID
//! dbus-program interactive [ID]
//! dbus-program sign-out ID
//! dbus-program version
//! dbus-program versions       one, and another once the file AGAIN is there
//! dbus-program cookies ID
//! dbus-program sign ID
//! dbus-program credential     a credential's signed request, and the nonce that it was for
//! ```
//!
//! Where `WINDOWS` is the path of a `doorkey.exe`, that is asked instead, as in WSL.
//!
//! `AUTHORITY` is the authority, if not Entra ID's, `HINT` the login hint. It prints JSON, or the
//! error's kind and text. With `KEY` a token has to be bound to the key of that name. Once the file of
//! `UNTIL` has a line about `METHOD`, it
//! lets hours pass if `THEN` is `wait`, and stops waiting for the answer if it is `leave`: then it
//! makes the file `LEFT`, and ends when the broker has been told.

#[cfg(target_os = "linux")]
mod linux {
    use azure_core::credentials::Secret;
    use doorkey::{
        Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
        BrokerPop, BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, Error, ErrorKind,
        InteractiveBrowserBrokerCredential, InteractiveCredential, PopTokenRequestOptions, Result,
        TokenInfoOptions,
    };
    use doorkey_broker::{LinuxBroker, WslBroker};
    use serde_json::{Value, json};
    use std::{env, fs, sync::Arc, time::Duration};

    pub(crate) async fn run() -> Result<Value> {
        let arguments: Vec<_> = env::args().skip(1).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let asking = ask(&arguments);
        let Ok(method) = env::var("METHOD") else {
            return asking.await;
        };
        tokio::pin!(asking);
        tokio::select! {
            answer = &mut asking => return answer,
            () = is_called(&method) => {}
        }
        if env::var("THEN").as_deref() == Ok("wait") {
            // Nothing is left to do but to wait, so that the clock jumps to the limit.
            tokio::time::pause();
            return asking.await;
        }
        Err(Error::new(ErrorKind::Declined, "left"))
    }

    /// After the question was dropped.
    pub(crate) async fn leave() {
        if env::var("THEN").as_deref() == Ok("leave") {
            fs::write(env::var("LEFT").unwrap_or_default(), "").expect("a file");
            is_called("cancelInteractiveFlow").await;
        }
    }

    async fn is_called(method: &str) {
        let file = env::var("UNTIL").unwrap_or_default();
        let line = format!("\"method\":\"{method}\"");
        for _ in 0..2_000 {
            if fs::read_to_string(&file).is_ok_and(|calls| calls.contains(&line)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nobody called {method}");
    }

    async fn ask(arguments: &[&str]) -> Result<Value> {
        // As the credential has it; the rest is Linux's own.
        let broker: Arc<dyn Broker> = match env::var_os("WINDOWS") {
            Some(program) => Arc::new(WslBroker::at(program)),
            None => doorkey_broker::system(),
        };
        let linux = LinuxBroker::new();
        let authority = env::var("AUTHORITY");
        let authority = authority.as_deref();
        let authority = authority.unwrap_or("https://login.microsoftonline.com/organizations");
        let application = BrokerApplication::new("client", authority);
        let scopes = vec!["scope".to_owned()];
        match *arguments {
            ["accounts", ref which @ ..] => {
                let mut request = BrokerAccountsRequest::new(application);
                request.default_account = which == ["default"];
                let accounts = broker.accounts(&request).await?;
                Ok(accounts.iter().map(account).collect())
            }
            ["silent", id] => {
                let who = BrokerAccount::new(id);
                let mut request = BrokerSilentRequest::new(application, who, scopes);
                request.claims = env::var("CLAIMS").ok();
                request.pop = pop();
                broker
                    .acquire_silently(&request)
                    .await
                    .map(|token| shown(&token))
            }
            ["interactive", ref who @ ..] => {
                let mut request = BrokerInteractiveRequest::new(application, scopes);
                request.account = who.first().map(|id| BrokerAccount::new(*id));
                request.pop = pop();
                request.login_hint = env::var("HINT").ok().filter(|hint| !hint.is_empty());
                let token = broker.acquire_interactively(&request).await?;
                Ok(shown(&token))
            }
            ["sign-out", id] => {
                let request = BrokerSignOutRequest::new(application, BrokerAccount::new(id));
                broker.sign_out(&request).await.map(|()| Value::Null)
            }
            ["version"] => linux.version().await.map(Value::from),
            ["versions"] => {
                let first = linux.version().await?;
                let again = env::var("AGAIN").unwrap_or_default();
                while !fs::exists(&again).is_ok_and(|is_there| is_there) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Ok(json!([first, linux.version().await?]))
            }
            ["cookies", id] => {
                let who = BrokerAccount::new(id);
                let url = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";
                let cookies = linux.sso_cookies(&application, &who, url).await?;
                let pair = |(name, content): (String, &str)| json!([name, content]);
                let cookies = cookies
                    .iter()
                    .map(|one| (one.name.clone(), one.content.secret()));
                Ok(cookies.map(pair).collect())
            }
            ["sign", id] => {
                let who = BrokerAccount::new(id);
                let signed = linux
                    .sign_http_request(&application, &who, "GET", "graph.example", "n")
                    .await?;
                Ok(signed.secret().into())
            }
            ["credential"] => {
                let credential = InteractiveBrowserBrokerCredential::new(broker, None)?;
                let options = TokenInfoOptions {
                    pop: Some(PopTokenRequestOptions {
                        resource_request_method: "GET".into(),
                        resource_request_url: "https://graph.example/me".into(),
                        nonce: "n".into(),
                    }),
                    ..Default::default()
                };
                let info = credential.get_token_info(&["scope"], Some(options));
                let info = info.await?;
                Ok(json!([info.token_type, info.token.secret()]))
            }
            _ => Err(Error::new(ErrorKind::InvalidArgument, "which of them?")),
        }
    }

    fn pop() -> Option<BrokerPop> {
        let key = env::var("KEY").ok()?;
        Some(BrokerPop::new(key, "GET", "graph.example", "/me", "n"))
    }

    fn account(account: &BrokerAccount) -> Value {
        json!({
            "id": account.home_account_id,
            "username": account.username,
            "tenant": account.tenant_id,
        })
    }

    fn shown(token: &BrokerToken) -> Value {
        json!({
            "token": token.access_token.secret(),
            "type": token.token_type,
            "is_signed_request": token.is_signed_request,
            "expires_on": token.expires_on.unix_timestamp(),
            "scopes": token.scopes,
            "id_token": token.id_token.as_ref().map(Secret::secret),
            "account": token.account.as_ref().map(account),
        })
    }
}

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the test reads it")]
async fn main() -> std::process::ExitCode {
    let answer = linux::run().await;
    linux::leave().await;
    match answer {
        Ok(answer) => {
            println!("{answer}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{:?}: {error}", error.kind());
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
