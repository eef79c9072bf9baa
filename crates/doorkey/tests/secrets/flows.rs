//! Every way to a token, and every way to none. One more is one more row of [`FLOWS`].

use crate::{
    broker::by_broker,
    browser::{Conduct, post},
    scene::{OTHER_SCOPE, SCOPE, Scene},
};
use azure_core::{
    credentials::{Secret, TokenCredential},
    http::{ClientOptions, Context, Method, Pipeline, Request, Url},
};
use doorkey::{
    AuthenticateOptions, BrowserLauncher, ChainedTokenCredential, DeviceCodeCredential,
    DeviceCodeCredentialOptions, EncryptedFileStore, EncryptionKey, Error,
    InteractiveBrowserCredential, InteractiveBrowserCredentialOptions, InteractiveCredential,
    Partition, PlainFileStore, PopTokenRequestOptions, PublicClientOptions,
    TokenCachePersistenceOptions, TokenCacheStore, TokenInfoOptions, UsernamePasswordCredential,
    UsernamePasswordCredentialOptions, accounts, bearer_token_provider, sign_out,
};
use doorkey_emulator::{DeviceDecision, Endpoint, Reply};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::json;
use std::{collections::BTreeMap, fs, process::Command, sync::Arc, time::Duration};

type Flow = (
    &'static str,
    for<'a> fn(&'a Scene) -> LocalBoxFuture<'a, ()>,
);

pub(crate) const FLOWS: &[Flow] = &[
    ("browser", |scene| by_browser(scene).boxed_local()),
    ("a browser that ends badly", |scene| {
        by_browser_in_vain(scene).boxed_local()
    }),
    ("broker", |scene| by_broker(scene).boxed_local()),
    ("device code", |scene| by_device_code(scene).boxed_local()),
    ("a device code that ends badly", |scene| {
        by_device_code_in_vain(scene).boxed_local()
    }),
    ("password", |scene| by_password(scene).boxed_local()),
    ("a password in vain", |scene| {
        by_password_in_vain(scene).boxed_local()
    }),
    ("silent, cached, claims", |scene| {
        silently(scene).boxed_local()
    }),
    ("silent in vain", |scene| {
        silently_in_vain(scene).boxed_local()
    }),
    ("claims challenge", |scene| challenged(scene).boxed_local()),
    ("proof-of-possession", |scene| {
        bound_to_a_key(scene).boxed_local()
    }),
    ("chain", |scene| by_chain(scene).boxed_local()),
    ("plain file", |scene| in_a_plain_file(scene).boxed_local()),
    ("encrypted file", |scene| {
        in_an_encrypted_file(scene).boxed_local()
    }),
    ("damaged file", |scene| {
        in_a_damaged_file(scene).boxed_local()
    }),
];

fn scoped(scope: &str) -> Option<AuthenticateOptions> {
    Some(AuthenticateOptions {
        scopes: vec![scope.to_owned()],
        ..Default::default()
    })
}

fn with_claims() -> Option<TokenInfoOptions> {
    Some(TokenInfoOptions {
        claims: Some(r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#.into()),
        ..Default::default()
    })
}

fn with_browser(scene: &Scene, browser: BrowserLauncher) -> InteractiveBrowserCredentialOptions {
    InteractiveBrowserCredentialOptions {
        browser,
        login_hint: Some(scene.username("adele")),
        timeout: Some(Duration::from_secs(60)),
        client: scene.client(),
        ..Default::default()
    }
}

/// The quickest way to be signed in.
fn of_adele(scene: &Scene) -> InteractiveBrowserCredentialOptions {
    with_browser(scene, scene.browser(Conduct::SignIn))
}

fn browser(options: &InteractiveBrowserCredentialOptions) -> Arc<InteractiveBrowserCredential> {
    InteractiveBrowserCredential::new(Some(options.clone())).unwrap()
}

/// What a person agrees to for the sake of support.
pub(crate) async fn with_support_logging(scene: &Scene) {
    let mut options = of_adele(scene);
    options.client.enable_support_logging = true;
    browser(&options).authenticate(scoped(SCOPE)).await.unwrap();
}

/// The browser is a child process, whose command line and environment are read.
async fn by_browser(scene: &Scene) {
    let pipe = scene.home.path().join("opened");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let script = r#"{ tr '\0' '\n' < /proc/$$/cmdline; env; } > "$0""#;
    let pipe_name = pipe.to_str().unwrap().to_owned();
    let command = ["sh", "-c", script, &pipe_name].map(str::to_owned);
    let launcher = BrowserLauncher::Command(command.to_vec());
    let options = with_browser(scene, launcher);
    let credential = browser(&options);
    scene.debug("InteractiveBrowserCredentialOptions", &options);
    let person = async {
        let opened = tokio::task::spawn_blocking(move || fs::read_to_string(pipe).unwrap());
        let opened = opened.await.unwrap();
        let url = opened
            .lines()
            .find(|line| line.starts_with("https://"))
            .unwrap();
        scene.say("command line and environment of the browser", &*opened);
        scene.debug("InteractiveBrowserCredential that waits", &credential);
        let url = Url::parse(url).unwrap();
        let redirect_uri = url
            .query_pairs()
            .find(|(name, _)| name == "redirect_uri")
            .unwrap()
            .1;
        // Somebody else's answer first.
        let forged = "a-code-that-somebody-has-put-in";
        scene.secret("authorization code", forged);
        let fields = [("code", forged), ("state", "a-state-that-is-none")];
        let fields: BTreeMap<_, _> = fields
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        scene.say(
            "the answer to a forged redirect",
            post(&redirect_uri, &fields).await,
        );
        let BrowserLauncher::Callback(opens) = scene.browser(Conduct::SignIn) else {
            unreachable!("it is one")
        };
        opens(url.as_str()).unwrap();
    };
    let (token, ()) = tokio::join!(credential.get_token_info(&[SCOPE], None), person);
    scene.token(&token.unwrap());
    scene.debug("InteractiveBrowserCredential", &credential);
}

async fn by_browser_in_vain(scene: &Scene) {
    let programs = [&["/nowhere/browser"][..], &["false"], &[]];
    let mut launchers: Vec<_> = programs
        .map(|program| BrowserLauncher::Command(program.iter().map(|&word| word.into()).collect()))
        .into();
    launchers.push(BrowserLauncher::Callback(Arc::new(|_| {
        Err(std::io::Error::other("no"))
    })));
    launchers.push(scene.browser(|_| Conduct::Cancel));
    for launcher in launchers {
        let credential = browser(&with_browser(scene, launcher));
        let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
        scene.error("a browser that ends badly", &error);
    }
    let mut late = with_browser(scene, BrowserLauncher::Callback(Arc::new(|_| Ok(()))));
    late.timeout = Some(Duration::from_millis(1));
    let error = browser(&late)
        .authenticate(scoped(SCOPE))
        .await
        .unwrap_err();
    scene.error("a browser that ends badly", &error);
    // The code is good, and what it brings is not.
    for body in bad_token_replies(scene) {
        let reply = Reply::new(200).body(body);
        scene.emulator.replace_next(Endpoint::Token, 1, reply);
        let error = browser(&of_adele(scene))
            .authenticate(scoped(SCOPE))
            .await
            .unwrap_err();
        scene.error("a browser that ends badly", &error);
    }
}

fn device_code(options: &DeviceCodeCredentialOptions) -> Arc<DeviceCodeCredential> {
    DeviceCodeCredential::new(Some(options.clone())).unwrap()
}

async fn by_device_code(scene: &Scene) {
    let options = scene.by_code(scene.adele());
    scene.debug("DeviceCodeCredentialOptions", &options);
    let credential = device_code(&options);
    scene.token(&credential.get_token_info(&[SCOPE], None).await.unwrap());
    scene.debug("DeviceCodeCredential", &credential);
}

async fn by_device_code_in_vain(scene: &Scene) {
    let mut ends = vec![scene.by_code(Some(DeviceDecision::Decline))];
    let mut late = scene.by_code(None);
    late.timeout = Some(Duration::from_millis(500));
    ends.push(late);
    let mut other = scene.by_code(scene.adele());
    let adele = device_code(&other)
        .authenticate(scoped(SCOPE))
        .await
        .unwrap();
    scene.record(&adele);
    let username = scene.username("morgan");
    other = scene.by_code(Some(DeviceDecision::Approve { username }));
    other.authentication_record = Some(adele);
    ends.push(other);
    let mut silent = scene.by_code(None);
    silent.disable_automatic_authentication = true;
    ends.push(silent);
    for options in ends {
        let error = device_code(&options)
            .get_token_info(&[SCOPE], None)
            .await
            .unwrap_err();
        scene.error("a device code that ends badly", &error);
    }
    let planted = "a-device-code-that-no-reply-should-lose";
    scene.secret("device code", planted);
    for body in [
        json!({"device_code": planted, "user_code": 5}),
        json!({"device_code": [planted]}),
        json!({"error": "invalid_request", "device_code": planted}),
    ] {
        let reply = Reply::new(200).body(body.to_string());
        scene.emulator.replace_next(Endpoint::DeviceCode, 1, reply);
        let credential = device_code(&scene.by_code(None));
        let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
        scene.error("a device code that ends badly", &error);
    }
}

fn password(scene: &Scene, who: &str, password: &str) -> Arc<UsernamePasswordCredential> {
    scene.secret("password", password);
    let options = UsernamePasswordCredentialOptions {
        client: scene.client(),
    };
    scene.debug("UsernamePasswordCredentialOptions", &options);
    UsernamePasswordCredential::new(
        scene.emulator.client_id().to_owned(),
        scene.username(who),
        Secret::new(password.to_owned()),
        Some(options),
    )
    .unwrap()
}

/// At the authority, and at both kinds of servers of an organization.
async fn by_password(scene: &Scene) {
    for who in ["adele", "avery", "blake"] {
        let credential = password(scene, who, &scene.password(who));
        for scope in [SCOPE, OTHER_SCOPE] {
            scene.token(&credential.get_token_info(&[scope], None).await.unwrap());
        }
        scene.debug("UsernamePasswordCredential", &credential);
    }
}

async fn by_password_in_vain(scene: &Scene) {
    let wrong = "an\"other <pass> & word";
    let of_morgan = scene.password("morgan");
    for (who, text) in [
        ("adele", wrong),
        ("avery", wrong),
        ("blake", wrong),
        ("morgan", &of_morgan),
        ("ellis", &scene.password("ellis")),
        ("harper", &scene.password("harper")),
        ("riley", &scene.password("riley")),
    ] {
        let credential = password(scene, who, text);
        for _ in 0..2 {
            let asked = credential.get_token_info(&[SCOPE], None);
            scene.error("a password in vain", &asked.await.unwrap_err());
        }
        scene.debug("UsernamePasswordCredential", &credential);
    }
    let planted = "an-assertion-that-a-bad-reply-brings-along";
    scene.secret("assertion", planted);
    let fault = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>{planted}"
    );
    for body in [fault, planted.to_owned(), format!("<a>{planted}</a>")] {
        for status in [200, 500] {
            let reply = Reply::new(status).body(body.clone());
            scene.emulator.replace_next(Endpoint::WsTrust, 1, reply);
            let credential = password(scene, "avery", &scene.password("avery"));
            let error = credential.authenticate(scoped(SCOPE)).await.unwrap_err();
            scene.error("a password in vain", &error);
        }
    }
    let argument = UsernamePasswordCredential::new(
        "a-client".into(),
        "somebody@contoso.example".into(),
        Secret::new(format!("{of_morgan} ")),
        None,
    );
    scene.error("a password in vain", &argument.unwrap_err());
}

async fn silently(scene: &Scene) {
    let credential = browser(&of_adele(scene));
    let record = credential.authenticate(scoped(SCOPE)).await.unwrap();
    scene.record(&record);
    for (scope, options) in [(SCOPE, None), (OTHER_SCOPE, None), (SCOPE, with_claims())] {
        let token = credential.get_token_info(&[scope], options).await.unwrap();
        scene.token(&token);
    }
    let token = credential.get_token(&[SCOPE], None).await.unwrap();
    scene.debug("AccessToken", &token);
    let provider = bearer_token_provider(credential.clone(), &[SCOPE]).unwrap();
    scene.secret("access token", provider.token().await.unwrap().secret());
    scene.debug("BearerTokenProvider", &provider);
    scene.debug("Scoped", &credential.scoped(TokenInfoOptions::default()));
    scene.debug(
        "ContinuousAccessPolicy",
        &credential.continuous_access_policy(),
    );
    scene.debug("InteractiveBrowserCredential", &credential);
}

async fn silently_in_vain(scene: &Scene) {
    let mut options = of_adele(scene);
    options.disable_automatic_authentication = true;
    let credential = browser(&options);
    let record = credential.authenticate(scoped(SCOPE)).await.unwrap();
    let refused = |error: &str| Reply::new(400).body(json!({"error": error}).to_string());
    for (count, reply) in [
        (1, refused("unauthorized_client")),
        (1, refused("interaction_required")),
        (3, Reply::new(503)),
        (3, Reply::cut()),
        (1, Reply::new(429).header("retry-after", "60")),
    ] {
        scene.emulator.replace_next(Endpoint::Token, count, reply);
        let asked = with_claims();
        let error = credential
            .get_token_info(&[OTHER_SCOPE], asked)
            .await
            .unwrap_err();
        scene.error("silent in vain", &error);
        // What was said is not remembered for longer than this test can wait.
        credential.authenticate(scoped(SCOPE)).await.unwrap();
    }
    scene.emulator.revoke_refresh_tokens(&record.username);
    let error = credential
        .get_token_info(&[OTHER_SCOPE], None)
        .await
        .unwrap_err();
    scene.error("silent in vain", &error);
    let malformed = TokenInfoOptions {
        claims: Some("no JSON".into()),
        ..Default::default()
    };
    let error = credential
        .get_token_info(&[SCOPE], Some(malformed))
        .await
        .unwrap_err();
    scene.error("silent in vain", &error);
    scene.debug("InteractiveBrowserCredential", &credential);
}

/// Replies of status 200 that are none, with a secret in each.
fn bad_token_replies(scene: &Scene) -> Vec<String> {
    let planted = "a-token-that-a-bad-reply-brings-along";
    scene.secret("access token", planted);
    let claims = "e30.eyJub25jZSI6ImEtdG9rZW4tdGhhdC1hLWJhZC1yZXBseS1icmluZ3MtYWxvbmcifQ.c2ln";
    scene.secret("id token", claims);
    let good = |member: &str, value: serde_json::Value| {
        let mut reply = json!({"access_token": planted, "token_type": "Bearer", "expires_in": 1});
        reply[member] = value;
        reply.to_string()
    };
    vec![
        good("access_token", json!([planted])),
        good("access_token", json!(format!("{planted} and a blank"))),
        good("token_type", json!(planted)),
        good("id_token", json!(planted)),
        good("id_token", json!(claims)),
        good("refresh_token", json!({"planted": planted})),
        good("id_token", json!(null)),
        format!("<html>{planted}</html>"),
        format!(r#"{{"access_token":"{planted}"#),
        json!(planted).to_string(),
    ]
}

/// A resource refuses the token, and the policy gets another.
async fn challenged(scene: &Scene) {
    let mut options = of_adele(scene);
    options.client.enable_cae = true;
    let credential = browser(&options);
    let token = credential.get_token_info(&[SCOPE], None).await.unwrap();
    scene.token(&token);
    let client_options = ClientOptions {
        per_try_policies: vec![credential.continuous_access_policy()],
        transport: options.client.client_options.transport,
        ..Default::default()
    };
    let pipeline = Pipeline::new(Some("a-client"), None, client_options, vec![], vec![], None);
    let mut request = Request::new("https://resource.example/".parse().unwrap(), Method::Get);
    let header = token.authorization_header().secret().to_owned();
    request.insert_header("authorization", header);
    let answer = pipeline
        .send(&Context::new(), &mut request, None)
        .await
        .unwrap();
    assert_eq!(u16::from(answer.status()), 200);
}

/// A token that is bound to a key, which is kept where the tokens are; and a client below which each
/// request is signed.
async fn bound_to_a_key(scene: &Scene) {
    let folder = scene.home.path().join("bound");
    let store = PlainFileStore::in_folder(&folder);
    let mut options = of_adele(scene);
    kept(&mut options.client, store);
    let credential = browser(&options);
    let url = format!("{}/resource/me", scene.emulator.authority());
    let pop = |nonce: &str| {
        let pop = PopTokenRequestOptions {
            resource_request_method: "GET".into(),
            resource_request_url: url.clone(),
            nonce: nonce.into(),
        };
        let options = TokenInfoOptions {
            pop: Some(pop),
            ..Default::default()
        };
        scene.debug("TokenInfoOptions", &options);
        Some(options)
    };
    let nonce = "a nonce for one request";
    scene.secret("a resource's nonce", nonce);
    let info = credential.get_token_info(&[SCOPE], pop(nonce)).await;
    let info = info.unwrap();
    scene.secret("signed request", info.token.secret());
    let (_, signature) = info.token.secret().rsplit_once('.').unwrap();
    scene.secret("signed request", signature);
    scene.debug("AccessTokenInfo", &info);
    let key = fs::read_to_string(folder.join("msal.cache.pop")).unwrap();
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    let key = key["DoorkeyPopKey"]["private_key"].as_str().unwrap();
    scene.secret("private key", key);
    let client_options = ClientOptions {
        per_try_policies: vec![credential.pop_policy(&[SCOPE])],
        transport: options.client.client_options.transport,
        ..Default::default()
    };
    let shared = client_options.clone();
    let pipeline = Pipeline::new(Some("a-client"), None, client_options, vec![], vec![], None);
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    let answer = pipeline
        .send(&Context::new(), &mut request, None)
        .await
        .unwrap();
    assert_eq!(u16::from(answer.status()), 200);
    scene.debug("pop_policy", &shared);
    let error = credential.get_token_info(&[SCOPE], pop("")).await;
    scene.error("proof-of-possession", &error.unwrap_err());
    // An authority that binds no tokens.
    let unbound = Reply::rewritten(|body| {
        let body = String::from_utf8_lossy(&body).into_owned();
        body.replace("\"pop\"", "\"Bearer\"").into()
    });
    scene.emulator.replace_next(Endpoint::Token, 1, unbound);
    let error = credential.get_token_info(&[OTHER_SCOPE], pop("n")).await;
    scene.error("proof-of-possession", &error.unwrap_err());
    scene.debug("InteractiveBrowserCredential", &credential);
    scene.files("bound", &folder);
}

async fn by_chain(scene: &Scene) {
    let mut nobody = of_adele(scene);
    nobody.disable_automatic_authentication = true;
    let links: Vec<Arc<dyn TokenCredential>> = vec![browser(&of_adele(scene)), browser(&nobody)];
    scene.debug("TokenCredential", &links);
    let chain = ChainedTokenCredential::new(links).unwrap();
    let token = chain.get_token_info(&[SCOPE], None).await.unwrap();
    scene.token(&token);
    scene.debug("ChainedTokenCredential", &chain);
}

fn kept(client: &mut PublicClientOptions, store: impl TokenCacheStore + 'static) {
    client.cache_persistence = Some(TokenCachePersistenceOptions {
        store: Some(Arc::new(store)),
        ..Default::default()
    });
}

/// Signs in, lets another run use it, and signs out.
async fn from_run_to_run(
    scene: &Scene,
    place: &str,
    store: impl TokenCacheStore + Clone + 'static,
) {
    let folder = scene.home.path().join(place);
    let mut options = of_adele(scene);
    kept(&mut options.client, store.clone());
    scene.debug("options of a file", &options);
    let first = browser(&options);
    scene.record(&first.authenticate(scoped(SCOPE)).await.unwrap());
    let second = browser(&options);
    scene.token(&second.get_token_info(&[OTHER_SCOPE], None).await.unwrap());
    scene.files(place, &folder);
    scene.debug(
        "StoredCache",
        &store
            .load(&Partition::new("msal.cache", false))
            .await
            .unwrap(),
    );
    scene.debug("a store", &store);
    scene.debug("InteractiveBrowserCredential", &second);
    let people = accounts(&options.client).await.unwrap();
    scene.debug("Account", &people);
    sign_out(&options.client, &people[0]).await.unwrap();
    scene.files(&format!("{place}, after the sign-out"), &folder);
}

async fn in_a_plain_file(scene: &Scene) {
    let store = PlainFileStore::in_folder(scene.home.path().join("plain"));
    from_run_to_run(scene, "plain", store).await;
}

async fn in_an_encrypted_file(scene: &Scene) {
    let passphrase = "pass phrase of/the file";
    scene.secret("passphrase", passphrase);
    let key = EncryptionKey::from_passphrase(Secret::new(passphrase));
    scene.debug("EncryptionKey", &key);
    let folder = scene.home.path().join("sealed");
    let store = EncryptedFileStore::new(key).in_folder(&folder);
    from_run_to_run(scene, "sealed", store).await;
    let another = "another pass phrase";
    scene.secret("passphrase", another);
    let key = EncryptionKey::from_passphrase(Secret::new(another));
    let mut options = of_adele(scene);
    kept(
        &mut options.client,
        EncryptedFileStore::new(key).in_folder(folder),
    );
    let error = browser(&options)
        .get_token_info(&[SCOPE], None)
        .await
        .unwrap_err();
    scene.error("encrypted file", &error);
}

/// What was a cache and is none any more: what is said of it does not quote it.
async fn in_a_damaged_file(scene: &Scene) {
    let folder = scene.home.path().join("damaged");
    let planted = "a-refresh-token-in-a-damaged-file";
    scene.secret("refresh token", planted);
    for damaged in [
        format!(r#"{{"RefreshToken": {{"key": {{"secret": ["{planted}"]}}}}}}"#),
        format!(r#"{{"RefreshToken": "{planted}"}}"#),
        format!(r#"{{"RefreshToken": {{"key": {{"secret": "{planted}"#),
        planted.to_owned(),
    ] {
        let store = PlainFileStore::in_folder(&folder);
        let partition = Partition::new("msal.cache", false);
        let mut change = |_: &[u8]| Some(damaged.clone().into_bytes());
        store.update(&partition, &mut change).await.unwrap();
        let mut options = of_adele(scene);
        kept(&mut options.client, store);
        let credential = browser(&options);
        scene.token(&credential.get_token_info(&[SCOPE], None).await.unwrap());
    }
    // A folder where the file should be.
    let folder = scene.home.path().join("blocked");
    fs::DirBuilder::new()
        .recursive(true)
        .create(folder.join(Partition::new("msal.cache", false).file_name()))
        .unwrap();
    let mut options = of_adele(scene);
    kept(&mut options.client, PlainFileStore::in_folder(folder));
    let error: Error = browser(&options)
        .get_token_info(&[SCOPE], None)
        .await
        .unwrap_err();
    scene.error("damaged file", &error);
}
