//! Runs every flow at the most verbose level, and looks for the secrets that were used in it: in
//! events, errors, `Debug`, the browser's command line and environment, and files. And for people in our
//! events, who are in none unless support logging is on.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

mod broker;
#[path = "../../src/testing/browser.rs"]
mod browser;
mod capture;
mod flows;
mod scene;
mod search;

use capture::Captured;
use doorkey::BrowserLauncher;
use flows::FLOWS;
use scene::Scene;
use search::Exception;

/// Where a secret may be, and why.
const ALLOWED: &[Exception] = &[
    Exception {
        place: "command line and environment of the browser",
        secrets: &["state", "nonce"],
        why: "the browser is given the page's address, and both are in it (RFC 6749, section 4.1.1). \
              Whoever reads it has neither the code nor the verifier: `state` lets them answer our \
              listener with a code that our verifier does not fit, and `nonce` only binds the id token",
    },
    Exception {
        place: "what the observer is to show",
        secrets: &["state", "nonce", "user code"],
        why: "it is what the person is to open or to type",
    },
    Exception {
        place: "plain: msal.cache.nocae",
        secrets: &["access token", "refresh token", "id token"],
        why: "it is the token cache, unencrypted as was asked for",
    },
    Exception {
        place: "bound: msal.cache.nocae",
        secrets: &["access token", "refresh token", "id token", "nonce"],
        why: "it is the token cache, unencrypted as was asked for, with the id token of a sign-in",
    },
    Exception {
        place: "the SDK's log of headers",
        secrets: &["a resource's nonce"],
        why: "it writes `www-authenticate` where a program logs all that it does. A nonce is worth \
              nothing without the key, and none is in what we write",
    },
    Exception {
        place: "bound: msal.cache.pop",
        secrets: &["private key"],
        why: "it is the key, which is kept as the tokens are",
    },
];

/// Which of these are in events of ours.
fn named<'a>(names: &[&'a str], log: &str) -> Vec<&'a str> {
    let ours: Vec<_> = log
        .lines()
        .filter(|line| line.contains(" doorkey: "))
        .collect();
    assert!(ours.len() > 100, "{ours:?}");
    let mut named = names.to_vec();
    named.retain(|name| ours.iter().any(|line| line.contains(name)));
    named
}

#[tokio::test]
async fn no_secret_is_where_it_should_not_be() {
    let log = Captured::start();
    let scene = Scene::new().await;
    for (name, flow) in FLOWS {
        eprintln!("{name}");
        flow(&scene).await;
        scene.collect();
    }
    let people: Vec<_> = scene.emulator.users().iter().collect();
    let of_people = people
        .iter()
        .flat_map(|user| [&user.username, &user.object_id]);
    let of_people: Vec<_> = of_people
        .map(String::as_str)
        .chain(["contoso.example"])
        .collect();
    assert_eq!(named(&of_people, &log.text()), [] as [&str; 0]);
    flows::with_support_logging(&scene).await;
    scene.collect();
    let adele = people
        .iter()
        .find(|user| user.username == scene.username("adele"))
        .unwrap();
    let named_now = named(&of_people, &log.text());
    for name in [&adele.username, &adele.object_id] {
        assert!(named_now.contains(&name.as_str()), "{name}");
    }
    let (secrets, said, errors) = scene.end();
    // Else nothing would be found because nothing was looked for.
    let kinds: Vec<_> = secrets.kinds().into_iter().collect();
    assert_eq!(
        kinds,
        [
            "PKCE verifier",
            "a resource's nonce",
            "access token",
            "assertion",
            "authorization code",
            "device code",
            "id token",
            "nonce",
            "passphrase",
            "password",
            "private key",
            "refresh token",
            "signed request",
            "state",
            "user code",
        ]
    );
    let errors: Vec<_> = errors.iter().map(String::as_str).collect();
    assert_eq!(
        errors,
        [
            "AuthenticationRequired",
            "Cache",
            "CredentialUnavailable",
            "Declined",
            "InvalidArgument",
            "Network",
            "Protocol",
            "Refused",
            "TimedOut",
            "WrongAccount",
        ]
    );
    let log = log.text();
    for target in [
        "doorkey.acquire",
        "typespec_client_core",
        "doorkey_emulator",
        "log DEBUG reqwest",
    ] {
        assert!(log.contains(target), "nothing of {target} was captured");
    }
    let mut search = secrets.search(ALLOWED);
    for (place, text) in said {
        search.look(&place, text);
    }
    let is_of_sdk = |line: &&str| line.contains("typespec_client_core::http::policies::logging");
    let (of_sdk, log): (Vec<_>, Vec<_>) = log.lines().partition(is_of_sdk);
    search.look("the SDK's log of headers", of_sdk.join("\n"));
    search.look("the log", log.join("\n"));
    search.assert_clean();
}
