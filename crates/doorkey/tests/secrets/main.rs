//! Runs every flow at the most verbose level, and looks for the secrets that were used in it: in
//! events, errors, `Debug`, the browser's command line and environment, and files.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that finds nothing fails")]

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
];

#[tokio::test]
async fn no_secret_is_where_it_should_not_be() {
    let log = Captured::start();
    let scene = Scene::new().await;
    for (name, flow) in FLOWS {
        eprintln!("{name}");
        flow(&scene).await;
        scene.collect();
    }
    let (secrets, said, errors) = scene.end();
    // Else nothing would be found because nothing was looked for.
    let kinds: Vec<_> = secrets.kinds().into_iter().collect();
    assert_eq!(
        kinds,
        [
            "PKCE verifier",
            "access token",
            "authorization code",
            "device code",
            "id token",
            "nonce",
            "passphrase",
            "password",
            "refresh token",
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
    search.look("the log", log);
    search.assert_clean();
}
