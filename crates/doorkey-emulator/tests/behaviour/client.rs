//! A client that knows its own half of the protocol: requests, a proof key, and reading tokens.

use crate::person::{Page, Person};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use doorkey_emulator::Emulator;
use http::{Request, StatusCode};
use serde_json::Value;
use url::Url;

pub(crate) const ARM: &str = "https://management.azure.com/.default";
pub(crate) const REDIRECT_URI: &str = "http://localhost:54321";
pub(crate) const NOTES: &str = "11112222-bbbb-3333-cccc-4444dddd5555";
pub(crate) const EXPENSES: &str = "22223333-cccc-4444-dddd-5555eeee6666";
pub(crate) const VS_CODE: &str = "aebc6443-996d-45c2-90f0-388ff96faa56";
pub(crate) const DEVELOPER: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// The example of RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

pub(crate) async fn emulator() -> Emulator {
    Emulator::builder().start().await.unwrap()
}

/// `pairs` with those of `changes` in place of the ones of the same name; an empty one leaves it out.
pub(crate) fn changed<'a>(pairs: Pairs<'a>, changes: Pairs<'a>) -> Vec<(&'a str, &'a str)> {
    let mut all: Vec<_> = pairs
        .iter()
        .filter(|(name, _)| changes.iter().all(|(other, _)| other != name))
        .collect();
    all.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    all.into_iter().copied().collect()
}

pub(crate) fn form(pairs: Pairs<'_>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// A reply in JSON.
#[derive(Clone, Debug)]
pub(crate) struct Json {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Json {
    /// A text member.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.body))
    }

    /// The number of a refusal.
    pub(crate) fn code(&self) -> i64 {
        self.body["error_codes"][0]
            .as_i64()
            .unwrap_or_else(|| panic!("{:?}", self.body))
    }

    /// The claims of a token, unchecked.
    pub(crate) fn claims(&self, name: &str) -> Value {
        let claims = self.text(name).split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    }
}

pub(crate) async fn send(emulator: &Emulator, request: Request<Bytes>) -> Json {
    let (parts, body) = emulator.send(request).await.into_parts();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Json {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

pub(crate) async fn get(emulator: &Emulator, path: &str) -> Json {
    let uri = format!("{}{path}", emulator.authority());
    send(emulator, Request::get(uri).body(Bytes::new()).unwrap()).await
}

pub(crate) async fn post(emulator: &Emulator, path: &str, pairs: Pairs<'_>) -> Json {
    let request = Request::post(format!("{}{path}", emulator.authority()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(pairs).into())
        .unwrap();
    send(emulator, request).await
}

/// Posts to the token endpoint of `organizations`.
pub(crate) async fn token(emulator: &Emulator, pairs: Pairs<'_>) -> Json {
    post(emulator, "/organizations/oauth2/v2.0/token", pairs).await
}

/// The usual parameters of an authorization request.
pub(crate) const AUTHORIZE: Pairs<'static> = &[
    ("client_id", DEVELOPER),
    ("response_type", "code"),
    ("redirect_uri", REDIRECT_URI),
    (
        "scope",
        "https://management.azure.com/.default openid profile offline_access",
    ),
    ("response_mode", "form_post"),
    ("state", "the-state"),
    ("nonce", "the-nonce"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
    ("client_info", "1"),
];

/// The URL of an authorization request at `tenant`.
pub(crate) fn authorize_url(tenant: &str, changes: Pairs<'_>) -> String {
    let pairs = changed(AUTHORIZE, changes);
    format!("/{tenant}/oauth2/v2.0/authorize?{}", form(&pairs))
}

/// The answer at a redirect URI, however it travelled.
pub(crate) fn answer(page: &Page) -> Vec<(String, String)> {
    if page.status == StatusCode::FOUND {
        let location = Url::parse(page.header("location")).unwrap();
        let text = location.fragment().or(location.query()).unwrap_or_default();
        return url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect();
    }
    assert_eq!(page.form_id(), "return", "{}", page.html);
    page.hidden()
}

pub(crate) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map_or("", |(_, value)| value)
}

/// Signs `username` in by browser at `tenant`, and gives the code.
pub(crate) async fn code(
    emulator: &Emulator,
    username: &str,
    tenant: &str,
    changes: Pairs<'_>,
) -> String {
    let mut person = Person::new(emulator);
    let page = person
        .sign_in(&authorize_url(tenant, changes), username)
        .await;
    let answer = answer(&page);
    let code = value(&answer, "code");
    assert!(!code.is_empty(), "{answer:?}");
    code.to_owned()
}

/// The usual parameters of a redemption.
pub(crate) fn redemption(code: &str) -> Vec<(&str, &str)> {
    vec![
        ("client_id", DEVELOPER),
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
        (
            "scope",
            "https://management.azure.com/.default openid profile offline_access",
        ),
        ("client_info", "1"),
    ]
}

/// Signs the first person in by browser, and gives the token reply.
pub(crate) async fn signed_in(emulator: &Emulator) -> Json {
    let username = emulator.users()[0].username.clone();
    let code = code(emulator, &username, "organizations", &[]).await;
    let reply = token(emulator, &redemption(&code)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply
}
