//! Tokens that are bound to a key: what Windows hands on, and what is made of its answer.

use super::*;
use doorkey::{
    Broker as _, BrokerInteractiveRequest, BrokerPop, BrokerSilentRequest, ErrorKind, Prompt,
};
use std::num::NonZeroIsize;

const KEY: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

/// `{"kid":"…"}` of it, by Python's `base64`.
const PROPERTIES: &str = "req_cnf=eyJraWQiOiJOemJMc1hoOHVEQ2NkLTZNTndYRjRXXzdub1dYRlpBZkhreFpzUkdDOVhzIn0 token_type=pop wam_compat=2.0";

fn pop() -> Option<BrokerPop> {
    Some(BrokerPop::new(KEY, "GET", "graph.example", "/me", "n"))
}

fn silent(tenant: &str, account: BrokerAccount) -> BrokerSilentRequest {
    let scopes = vec!["scope".into()];
    let mut request = BrokerSilentRequest::new(application(tenant), account, scopes);
    request.pop = pop();
    request
}

fn interactive(tenant: &str) -> BrokerInteractiveRequest {
    let mut request = BrokerInteractiveRequest::new(application(tenant), vec!["scope".into()]);
    request.parent_window = NonZeroIsize::new(42);
    request.pop = pop();
    request
}

fn bound_to(key: &str) -> String {
    id_token(&format!(r#"{{"cnf":{{"kid":"{key}","xms_ksl":"sw"}}}}"#))
}

fn answering(access_token: &str) -> Recorder {
    answering_of(access_token, OBJECT, TENANT)
}

fn answering_of(access_token: &str, object: &str, tenant: &str) -> Recorder {
    let info = client_info(object, tenant);
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    Recorder::answering([success(response(access_token, &members, written()))])
        .knowing([written()])
        .signed_in_by("organizations")
}

#[tokio::test]
async fn the_keys_name_is_handed_on_by_each_way() {
    let token = bound_to(KEY);
    for way in ["silent", "window", "no prompt", "no prompt, named"] {
        let system = answering(&token);
        let wam = system.wam();
        let mut asking = interactive("organizations");
        // A caller's own do not replace ours.
        asking.extra_query_parameters = vec![
            ("token_type".into(), "Bearer".into()),
            ("req_cnf".into(), "x".into()),
        ];
        let outcome = match way {
            "silent" => {
                wam.acquire_silently(&silent("organizations", account()))
                    .await
            }
            "window" => {
                asking.prompt = Prompt::Omitted;
                wam.acquire_interactively(&asking).await
            }
            _ => {
                asking.prompt = Prompt::None;
                asking.account = (way == "no prompt, named").then(account);
                wam.acquire_interactively(&asking).await
            }
        };
        let given = outcome.unwrap();
        assert_eq!(given.token_type, "pop", "{way}");
        assert!(!given.is_signed_request, "{way}");
        assert_eq!(given.access_token.secret(), token);
        let call = system.calls().pop().unwrap();
        assert!(call.contains(&format!("] {PROPERTIES}")), "{way}: {call}");
    }
}

#[tokio::test]
async fn who_asks_for_a_bearer_token_hands_nothing_on_and_reads_nothing() {
    let mut request = silent("organizations", account());
    request.pop = None;
    let system = answering("opaque");
    let token = system.wam().acquire_silently(&request).await.unwrap();
    assert_eq!(token.token_type, "Bearer");
    let call = system.calls().pop().unwrap();
    assert!(call.contains("] wam_compat=2.0"), "{call}");
}

/// It may be one from Windows' own cache.
#[tokio::test]
async fn a_token_that_does_not_name_the_key_is_never_taken_for_a_bound_one() {
    let jwk = r#"{"cnf":{"jwk":{"kty":"RSA","e":"AQAB","n":"x"}}}"#;
    for token in [
        "opaque".to_owned(),
        id_token("{}"),
        id_token(r#"{"cnf":null}"#),
        id_token(jwk),
        bound_to("another"),
        format!("{}.more.parts", bound_to(KEY)),
    ] {
        let mut asking = interactive("organizations");
        asking.prompt = Prompt::Omitted;
        for silently in [true, false] {
            let system = answering(&token);
            let wam = system.wam();
            let outcome = match silently {
                true => {
                    wam.acquire_silently(&silent("organizations", account()))
                        .await
                }
                false => wam.acquire_interactively(&asking).await,
            };
            let error = outcome.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{token}");
            let text = error.to_string();
            assert!(text.contains("InteractiveBrowserCredential"), "{text}");
            assert!(!text.contains(&token), "{text}");
        }
    }
}

#[tokio::test]
async fn whose_it_is_is_looked_at_first() {
    let system = answering_of(&bound_to("another"), "somebody-else", TENANT);
    let request = silent("organizations", account());
    let error = system.wam().acquire_silently(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAccount);
}

#[tokio::test]
async fn personal_accounts_are_told_before_anybody_is_asked() {
    let mut unasked = interactive("common");
    unasked.prompt = Prompt::None;
    let silent = silent("common", personal_account());
    let mut calls = Vec::new();
    let system = Recorder::default().signed_in_by("consumers");
    let wam = system.wam();
    for outcome in [
        wam.acquire_silently(&silent).await,
        wam.acquire_interactively(&interactive("consumers")).await,
        wam.acquire_interactively(&unasked).await,
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("personal"), "{error}");
        calls.extend(system.calls());
    }
    assert!(
        !calls.iter().any(|call| call.contains("scope")),
        "{calls:?}"
    );
}

/// Entra ID gives the token, whoever the person is.
#[tokio::test]
async fn a_personal_account_at_entra_id_has_a_bound_token() {
    let info = client_info(PERSONAL_OBJECT, PERSONAL_TENANT);
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    let token = bound_to(KEY);
    let system = Recorder::answering([
        success(response("code=assertion", &[], personal_written())),
        success(response(&token, &members, personal_written())),
    ])
    .knowing([personal_written()]);
    let mut request = silent("organizations", personal_account());
    request.application.enable_msa_passthrough = true;
    let given = system.wam().acquire_silently(&request).await.unwrap();
    assert_eq!(given.token_type, "pop");
    let calls = system.calls();
    let asked: Vec<_> = calls
        .iter()
        .map(|call| call.contains("token_type=pop"))
        .collect();
    assert_eq!(
        asked,
        [false, false, false, false, false, true],
        "{calls:?}"
    );
}
