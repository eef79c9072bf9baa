//! The whole way of a browser sign-in: pages of the emulator, a person who fills them, a real
//! socket for the redirect.

use crate::{
    AuthenticateOptions, BrowserLauncher, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential, PromptOutcome, SignInObserver,
    SignInPrompt,
    testing::{
        Entra, OTHER_SCOPE, SCOPE,
        browser::{Conduct, browser, post},
    },
};
use azure_core::http::Url;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorkey_emulator::{Endpoint, Reply};
use http::Request;
use std::{
    collections::{BTreeMap, HashMap},
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
    time::Duration,
};

/// An authority, a person with a browser, and what they saw.
struct Scene {
    entra: Entra,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    async fn new() -> Self {
        Self {
            entra: Entra::start().await,
            seen: Arc::default(),
        }
    }

    fn browser(&self, conduct: Conduct) -> BrowserLauncher {
        browser(&self.entra.emulator, conduct, Arc::clone(&self.seen))
    }

    fn first_person(&self) -> BrowserLauncher {
        self.browser(Conduct::SignIn(self.entra.username(0)))
    }

    fn credential(
        &self,
        change: impl FnOnce(&mut InteractiveBrowserCredentialOptions),
    ) -> Arc<InteractiveBrowserCredential> {
        let mut options = InteractiveBrowserCredentialOptions {
            browser: self.first_person(),
            // A person who fails ends a test soon.
            timeout: Some(Duration::from_secs(20)),
            client: self.entra.client(),
            ..Default::default()
        };
        change(&mut options);
        InteractiveBrowserCredential::with_seams(options, self.entra.seams(&[])).unwrap()
    }

    /// The page that the person saw last, once it is there.
    async fn last_page(&self) -> String {
        loop {
            if let Some(page) = self.seen.lock().unwrap().pop() {
                return page;
            }
            tokio::task::yield_now().await;
        }
    }

    fn authorize_query(&self) -> HashMap<String, String> {
        self.entra.requests_to(Endpoint::Authorize)[0]
            .query
            .iter()
            .cloned()
            .collect()
    }
}

#[tokio::test]
async fn browser_credential_signs_in_with_one_request_besides_the_persons_own() {
    let scene = Scene::new().await;
    let credential = scene.credential(|_| {});
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert!(scene.last_page().await.contains("You are signed in"));
    assert_eq!(scene.entra.grants(), ["authorization_code"]);
    for endpoint in [Endpoint::OpenIdConfiguration, Endpoint::InstanceDiscovery] {
        assert!(scene.entra.requests_to(endpoint).is_empty());
    }
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(scene.entra.grants().len(), 1, "the next one is silent");
    credential
        .get_token_info(&[OTHER_SCOPE], None)
        .await
        .unwrap();
    assert_eq!(
        scene.entra.grants(),
        ["authorization_code", "refresh_token"]
    );
}

#[tokio::test]
async fn three_clients_that_start_together_open_one_tab() {
    let scene = Scene::new().await;
    let credential = scene.credential(|_| {});
    let third = "https://management.azure.com/.default";
    let scopes = [SCOPE, OTHER_SCOPE, third];
    let clients = scopes.map(|scope| {
        let credential = Arc::clone(&credential);
        tokio::spawn(async move { credential.get_token_info(&[scope], None).await })
    });
    for client in clients {
        client.await.unwrap().unwrap();
    }
    assert_eq!(
        scene.entra.grants(),
        ["authorization_code", "refresh_token", "refresh_token"]
    );
    scene.last_page().await;
    assert!(scene.seen.lock().unwrap().is_empty(), "one tab");
}

#[tokio::test]
async fn the_request_says_what_the_options_say() {
    let scene = Scene::new().await;
    let credential = scene.credential(|options| {
        options.login_hint = Some("somebody@contoso.example".into());
        options.domain_hint = Some("contoso.example".into());
        options.extra_query_parameters = vec![("dc".into(), "x y".into())];
        options.redirect_uri = Some("http://127.0.0.1/call%20back".into());
        options.client.enable_cae = true;
        options.client.tenant_id = Some(scene.entra.emulator.tenant_id().into());
    });
    let claims = r#"{"id_token":{"acr":null}}"#;
    let asked = AuthenticateOptions {
        scopes: vec![SCOPE.into()],
        claims: Some(claims.into()),
        ..Default::default()
    };
    credential.authenticate(Some(asked)).await.unwrap();
    let query = scene.authorize_query();
    for (name, value) in [
        ("response_mode", "form_post"),
        ("prompt", "select_account"),
        ("login_hint", "somebody@contoso.example"),
        ("domain_hint", "contoso.example"),
        ("dc", "x y"),
        ("code_challenge_method", "S256"),
        (
            "claims",
            r#"{"id_token":{"acr":null},"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
        ),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
    let sent = &query["redirect_uri"];
    assert!(
        sent.starts_with("http://127.0.0.1:") && sent.ends_with("/call%20back"),
        "{sent}"
    );
    let token = &scene.entra.requests_to(Endpoint::Token)[0];
    assert_eq!(token.form_value("claims"), Some(query["claims"].as_str()));
    assert_eq!(token.form_value("redirect_uri"), Some(sent.as_str()));
    assert_eq!(token.header("x-client-sku"), Some("doorkey"));
}

/// What comes back beside a code is anybody's word, and no header is made of just anything.
#[tokio::test]
async fn acquire_token_by_auth_code_flow_names_the_account_that_came_with_the_code() {
    for (info, is_said) in [
        (r#"{"uid":"the-person","utid":"the-tenant"}"#, true),
        (r#"{"uid":"x\r\nX-Evil: 1","utid":"t"}"#, false),
        ("not json", false),
    ] {
        let scene = Scene::new().await;
        let info = BASE64_URL_SAFE_NO_PAD.encode(info);
        let credential = scene.credential(|options| {
            options.browser = BrowserLauncher::Callback(Arc::new(move |url| {
                let query: HashMap<_, _> = Url::parse(url)
                    .unwrap()
                    .query_pairs()
                    .into_owned()
                    .collect();
                let fields = BTreeMap::from([
                    ("code".into(), "a code".into()),
                    ("state".into(), query["state"].clone()),
                    ("client_info".into(), info.clone()),
                ]);
                tokio::spawn(async move { post(&query["redirect_uri"], &fields).await });
                Ok(())
            }));
        });
        let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        let request = &scene.entra.requests_to(Endpoint::Token)[0];
        let said = is_said.then_some("Oid:the-person@the-tenant");
        assert_eq!(request.header("x-anchormailbox"), said);
    }
}

#[tokio::test]
async fn a_code_that_may_have_arrived_is_not_sent_again() {
    for reply in [
        Reply::cut(),
        Reply::new(503),
        Reply::new(429).header("retry-after", "1"),
    ] {
        let scene = Scene::new().await;
        scene.entra.emulator.replace_next(Endpoint::Token, 1, reply);
        let error = scene
            .credential(|_| {})
            .get_token_info(&[SCOPE], None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Network);
        assert_eq!(scene.entra.grants(), ["authorization_code"]);
        assert!(scene.last_page().await.contains("Signing in did not work"));
    }
}

#[tokio::test]
async fn auth_code_flow_error_response_is_what_the_person_sees() {
    let scene = Scene::new().await;
    let credential = scene.credential(|options| options.browser = scene.browser(Conduct::Cancel));
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Declined);
    assert_eq!(error.oauth().unwrap().error, "access_denied");
    assert!(scene.last_page().await.contains("You did not sign in"));

    let body = r#"{"error":"invalid_grant","error_description":"AADSTS1: <script>bad()</script>"}"#;
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, Reply::new(400).body(body));
    let credential = scene.credential(|_| {});
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let page = scene.last_page().await;
    assert!(
        page.contains("&lt;script&gt;bad()") && !page.contains("<script>bad"),
        "{page}"
    );

    let credential = scene.credential(|options| {
        options.pages.success = Some("<p>Thank you!".into());
        options.pages.failure = Some("<p>Alas: {reason}".into());
    });
    credential.authenticate(None).await.unwrap();
    assert!(scene.last_page().await.ends_with("<p>Thank you!"));
}

#[tokio::test]
async fn the_wrong_person_is_told_on_the_page() {
    let scene = Scene::new().await;
    let other = scene.entra.guest();
    let record = scene.credential(|_| {}).authenticate(None).await.unwrap();
    scene.last_page().await;
    let credential = scene.credential(|options| {
        options.authentication_record = Some(record.clone());
        options.browser = scene.browser(Conduct::SignIn(other.clone()));
    });
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAccount);
    let page = scene.last_page().await;
    assert!(
        page.contains(&record.username) && page.contains(&other),
        "{page}"
    );
}

#[tokio::test]
async fn the_page_of_a_sign_in_that_names_nobody_says_so() {
    let scene = Scene::new().await;
    let record = scene.credential(|_| {}).authenticate(None).await.unwrap();
    scene.last_page().await;
    let nameless = Reply::new(200).body(r#"{"access_token":"a","expires_in":3600}"#);
    scene
        .entra
        .emulator
        .replace_next(Endpoint::Token, 1, nameless);
    let credential = scene.credential(|options| options.authentication_record = Some(record));
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(scene.last_page().await.contains("Signing in did not work"));
}

#[tokio::test]
async fn post_request_state_mismatch_does_not_end_the_wait() {
    let scene = Scene::new().await;
    let real = scene.first_person();
    let credential = scene.credential(|options| {
        options.browser = BrowserLauncher::Callback(Arc::new(move |url| {
            let query: HashMap<_, _> = Url::parse(url)
                .unwrap()
                .query_pairs()
                .into_owned()
                .collect();
            let (url, real) = (url.to_owned(), real.clone());
            tokio::spawn(async move {
                let forged = |state: &str| {
                    BTreeMap::from([("code".into(), "x".into()), ("state".into(), state.into())])
                };
                for state in ["", "AAAAAAAA", &query["state"][1..]] {
                    let page = post(&query["redirect_uri"], &forged(state)).await;
                    assert!(page.starts_with("HTTP/1.1 400"), "{page}");
                }
                real.open(&url).await.unwrap();
            });
            Ok(())
        }));
    });
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(scene.entra.grants(), ["authorization_code"]);
}

#[tokio::test]
async fn a_redirect_that_names_another_issuer_is_not_believed() {
    let scene = Scene {
        entra: Entra::start_with(|builder| builder.authorization_response_issuer(true)).await,
        seen: Arc::default(),
    };
    scene
        .credential(|_| {})
        .get_token_info(&[SCOPE], None)
        .await
        .unwrap();
    assert!(scene.last_page().await.contains("You are signed in"));
    scene.entra.emulator.clear_requests();

    let credential = scene.credential(|options| {
        options.browser = BrowserLauncher::Callback(Arc::new(|url| {
            let query: HashMap<_, _> = Url::parse(url)
                .unwrap()
                .query_pairs()
                .into_owned()
                .collect();
            let fields = BTreeMap::from([
                ("code".into(), "a code of somebody else".into()),
                ("state".into(), query["state"].clone()),
                ("iss".into(), "https://evil.example/t/v2.0".into()),
            ]);
            tokio::spawn(async move { post(&query["redirect_uri"], &fields).await });
            Ok(())
        }));
    });
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("9207"), "{error}");
    assert!(scene.entra.grants().is_empty(), "the code went nowhere");
}

#[tokio::test]
async fn an_id_token_with_another_nonce_is_refused_and_nothing_is_kept() {
    let scene = Scene::new().await;
    // The tokens of another sign-in, as a proxy that replays them would bring.
    let other = scene.entra.emulator.clone();
    let credential = scene.credential(|_| {});
    credential.get_token_info(&[SCOPE], None).await.unwrap();
    let replayed = replay(&scene.entra).await;
    other.replace_next(Endpoint::Token, 1, replayed);
    let fresh = scene.credential(|_| {});
    let error = fresh.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("nonce"), "{error}");
    fresh.get_token_info(&[SCOPE], None).await.unwrap();
    assert_eq!(
        scene.entra.grants().last().map(String::as_str),
        Some("authorization_code")
    );
}

/// A reply of the device code grant, whose id token has no nonce.
async fn replay(entra: &Entra) -> Reply {
    let codes =
        Request::post("https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(
                format!(
                    "client_id={}&scope={SCOPE} openid",
                    entra.emulator.client_id()
                )
                .into(),
            );
    let codes = entra.emulator.send(codes.unwrap()).await;
    let codes: serde_json::Value = serde_json::from_slice(codes.body()).unwrap();
    let user_code = codes["user_code"].as_str().unwrap();
    let person = crate::testing::Answer::As(entra.username(0));
    entra.person.answers(user_code, person).unwrap();
    let form = format!(
        "client_id={}&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code={}",
        entra.emulator.client_id(),
        codes["device_code"].as_str().unwrap()
    );
    let token = Request::post("https://login.microsoftonline.com/organizations/oauth2/v2.0/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.into());
    let token = entra.emulator.send(token.unwrap()).await;
    assert!(token.status().is_success());
    Reply::new(200).body(token.into_body())
}

#[tokio::test]
async fn setup_at_a_given_port_and_teardown_by_dropping_the_call() {
    let scene = Scene::new().await;
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let (open, opened) = tokio::sync::oneshot::channel();
    let open = Mutex::new(Some(open));
    let credential = scene.credential(|options| {
        options.redirect_uri = Some(format!("http://localhost:{port}"));
        options.browser = BrowserLauncher::Callback(Arc::new(move |_| {
            open.lock().unwrap().take().unwrap().send(()).unwrap();
            Ok(())
        }));
    });
    let scopes = [SCOPE];
    let call = credential.get_token_info(&scopes, None);
    tokio::select! {
        _ = call => panic!("nobody signs in"),
        _ = opened => {}
    }
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
}

#[tokio::test]
async fn timeout_of_a_page_that_never_comes_back() {
    let scene = Scene::new().await;
    let credential = scene.credential(|options| {
        options.timeout = Some(Duration::from_millis(1));
        options.browser = BrowserLauncher::Callback(Arc::new(|_| Ok(())));
    });
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(error.to_string().contains("policy"), "{error}");
}

#[derive(Debug)]
struct Observer {
    shows_url: bool,
    events: Mutex<Vec<String>>,
    browser: BrowserLauncher,
}

impl SignInObserver for Observer {
    fn prompt_began(&self, prompt: &SignInPrompt) {
        let SignInPrompt::Browser { url, launch_error } = prompt else {
            panic!("{prompt:?}")
        };
        self.events
            .lock()
            .unwrap()
            .push(format!("began, {launch_error:?}"));
        let BrowserLauncher::Callback(open) = &self.browser else {
            panic!()
        };
        open(url).unwrap();
    }

    fn prompt_ended(&self, outcome: &PromptOutcome) {
        self.events.lock().unwrap().push(format!("{outcome:?}"));
    }

    fn shows_url(&self) -> bool {
        self.shows_url
    }
}

#[tokio::test]
async fn no_browser_is_an_error_unless_somebody_shows_the_url() {
    for shows_url in [true, false] {
        let scene = Scene::new().await;
        let browser = scene.first_person();
        let observer = Arc::new(Observer {
            shows_url,
            events: Mutex::default(),
            browser,
        });
        let credential = scene.credential(|options| {
            let broken = |_: &str| Err(std::io::Error::other("no display"));
            options.browser = BrowserLauncher::Callback(Arc::new(broken));
            options.client.observer = Some(observer.clone());
        });
        let outcome = credential.get_token_info(&[SCOPE], None).await;
        let events = observer.events.lock().unwrap().clone();
        if shows_url {
            outcome.unwrap();
            assert_eq!(events, ["began, Some(\"no display\")", "SignedIn"]);
        } else {
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            assert!(error.to_string().contains("no display"), "{error}");
            assert!(events.is_empty());
        }
    }
}
