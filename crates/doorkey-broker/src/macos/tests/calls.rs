//! Each operation, with each query item.

use super::super::messages::Program;
use super::*;
use doorkey::{
    Broker as _, BrokerAccountsRequest, BrokerInteractiveRequest, BrokerPop, BrokerSignOutRequest,
    BrokerSilentRequest, ErrorKind, Prompt,
};
use std::num::NonZeroIsize;

const UNSIGNED: &str = "msauth.com.msauth.unsignedapp://auth";

fn silent() -> BrokerSilentRequest {
    let scopes = vec!["scope".into(), "openid".into(), "more".into()];
    BrokerSilentRequest::new(application("organizations"), account(), scopes)
}

fn interactive() -> BrokerInteractiveRequest {
    BrokerInteractiveRequest::new(application("organizations"), vec!["scope".into()])
}

/// The members that every question for a token has, in order of their names.
fn question(operation: &str, before: &str, force_refresh: u8, within: &str, after: &str) -> String {
    let text = format!(
        "{operation} authority=https://login.microsoftonline.com/organizations keyed{before} \
         client_id=client client_sku=doorkey correlated extra_oidc_scopes=openid profile \
         offline_access{within} instance_aware=0{after}"
    );
    text.replace("FORCE", &format!("force_refresh={force_refresh}"))
}

#[tokio::test]
async fn silence_is_a_refresh_of_the_account() {
    let system = Recorder::answering([reply(&token())]);
    system
        .extension()
        .acquire_silently(&silent())
        .await
        .unwrap();
    let within = format!(" FORCE home_account_id={OBJECT}.{TENANT}");
    let after = format!(
        " provider_type=provider_aad_v2 redirect_uri={UNSIGNED} scope=scope more \
         skip_validate_result_account=0 username=ada@contoso.com"
    );
    let expected = question("refresh silently", "", 0, &within, &after);
    assert_eq!(system.calls(), [expected]);
}

#[tokio::test]
async fn claims_pass_by_what_the_extension_has() {
    let mut request = silent();
    request.claims = Some(r#"{"access_token":{}}"#.into());
    let system = Recorder::answering([reply(&token())]);
    system.extension().acquire_silently(&request).await.unwrap();
    let calls = system.calls();
    assert!(
        calls[0].contains(r#" claims={"access_token":{}} "#),
        "{calls:?}"
    );
    assert!(calls[0].contains(" force_refresh=1 "), "{calls:?}");
}

#[tokio::test]
async fn asking_is_a_login_with_all_that_the_caller_wants() {
    let mut request = interactive();
    request.account = Some(account());
    request.login_hint = Some("hint".into());
    request.domain_hint = Some("contoso.com".into());
    request.parent_window = NonZeroIsize::new(42);
    request.claims = Some("{}".into());
    request.application.enable_msa_passthrough = true;
    request.extra_query_parameters = vec![("slice".into(), "a b&c".into())];
    let program = Program {
        bundle_id: Some("com.contoso.tool".into()),
        name: Some("Tool".into()),
        version: Some("1.2".into()),
    };
    let system = Recorder::answering([reply(&token())]).program(program);
    system
        .extension()
        .acquire_interactively(&request)
        .await
        .unwrap();
    let within = format!(
        " extra_query_param=slice=a+b%26c&domain_hint=contoso.com\
         &msal_request_type=consumer_passthrough FORCE home_account_id={OBJECT}.{TENANT}"
    );
    let after = " prompt=select_account provider_type=provider_aad_v2 \
                 redirect_uri=msauth.com.contoso.tool://auth scope=scope \
                 skip_validate_result_account=0 username=ada@contoso.com";
    let before = " claims={} client_app_name=Tool client_app_version=1.2";
    let expected = question("login asking before 42", before, 1, &within, after);
    assert_eq!(system.calls(), [expected]);
}

#[tokio::test]
async fn a_prompt_and_a_name_are_what_the_caller_wants() {
    let mut nameless = account();
    nameless.username.clear();
    for (prompt, hint, named, expected) in [
        (
            Prompt::SelectAccount,
            None,
            None,
            ["prompt=select_account", ""],
        ),
        (
            Prompt::Login,
            Some("hint"),
            None,
            ["prompt=login", "username=hint"],
        ),
        (Prompt::Consent, Some(""), None, ["prompt=consent", ""]),
        (
            Prompt::Omitted,
            Some("hint"),
            Some(account()),
            ["prompt=", "username=ada@contoso.com"],
        ),
        (
            Prompt::Omitted,
            Some("hint"),
            Some(nameless),
            ["prompt=", "username=hint"],
        ),
    ] {
        let mut request = interactive();
        request.prompt = prompt;
        request.login_hint = hint.map(str::to_owned);
        request.account = named;
        let system = Recorder::answering([reply(&token())]);
        let answer = system.extension().acquire_interactively(&request).await;
        answer.unwrap();
        let call = &system.calls()[0];
        assert!(call.starts_with("login asking authority="), "{call}");
        let member = |name: &str| {
            let mut members = call.split(' ');
            let member = members.find(|member| member.starts_with(name));
            member.unwrap_or_default().to_owned()
        };
        assert_eq!(
            [member("prompt="), member("username=")],
            expected,
            "{prompt:?}"
        );
    }
}

#[tokio::test]
async fn no_prompt_is_silence_of_the_named_or_the_default_account() {
    let mut request = interactive();
    request.prompt = Prompt::None;
    request.claims = Some("{}".into());
    request.account = Some(account());
    let system = Recorder::answering([reply(&token())]);
    let extension = system.extension();
    extension.acquire_interactively(&request).await.unwrap();
    let calls = system.calls();
    assert!(calls[0].starts_with("refresh silently "), "{calls:?}");
    assert!(calls[0].contains(" claims={} "), "{calls:?}");

    request.account = None;
    let known = json!({
        "success": "1",
        "home_account_id": format!("{OBJECT}.{TENANT}"),
        "username": "ada@contoso.com",
    });
    let system = Recorder::answering([reply(&known), reply(&token())]);
    let extension = system.extension();
    extension.acquire_interactively(&request).await.unwrap();
    let calls = system.calls();
    assert!(calls[0].starts_with("get_default_account silently "));
    assert!(calls[1].contains(&format!(" home_account_id={OBJECT}.{TENANT} ")));

    let system = Recorder::answering([reply(&json!({"success": "1"}))]);
    let error = system.extension().acquire_interactively(&request).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
}

#[tokio::test]
async fn accounts_and_sign_outs_name_the_application() {
    let request = BrokerAccountsRequest::new(application("organizations"));
    let system = Recorder::answering([reply(&json!({"success": "1"}))]);
    system.extension().accounts(&request).await.unwrap();
    assert_eq!(
        system.calls(),
        [
            "get_accounts_operation silently keyed client_id=client correlated \
          signed_in_accounts_only=1"
        ]
    );

    let mut the_default = request;
    the_default.default_account = true;
    let system = Recorder::answering([reply(&json!({"success": "1"}))]);
    system.extension().accounts(&the_default).await.unwrap();
    let expected = "get_default_account silently keyed correlated";
    assert_eq!(system.calls(), [expected]);

    let request = BrokerSignOutRequest::new(application("organizations"), account());
    let system = Recorder::answering([reply(&json!({"success": "1"}))]);
    system.extension().sign_out(&request).await.unwrap();
    let expected = format!(
        "remove_account_operation silently keyed client_id=client correlated \
         home_account_id={OBJECT}.{TENANT} username=ada@contoso.com"
    );
    assert_eq!(system.calls(), [expected]);
}

#[tokio::test]
async fn a_bound_token_is_asked_for_by_the_key() {
    let pop = BrokerPop::new("key", "GET", "host", "/", "nonce");
    let bound = changed(
        token(),
        &json!({"token_type": "Pop", "access_token": id_token(&json!({"cnf": {"kid": "key"}}))}),
    );
    let mut silent = silent();
    silent.pop = Some(pop.clone());
    let mut asking = interactive();
    asking.pop = Some(pop);
    let mut unasked = asking.clone();
    unasked.prompt = Prompt::None;
    unasked.account = Some(account());
    let system = Recorder::answering([reply(&bound), reply(&bound), reply(&bound)]);
    let extension = system.extension();
    for token in [
        extension.acquire_silently(&silent).await.unwrap(),
        extension.acquire_interactively(&asking).await.unwrap(),
        extension.acquire_interactively(&unasked).await.unwrap(),
    ] {
        assert_eq!(token.token_type, "pop");
        assert!(!token.is_signed_request);
    }
    let confirmation = URL_SAFE_NO_PAD.encode(r#"{"kid":"key"}"#);
    for call in system.calls() {
        assert!(
            call.contains(&format!(" req_cnf={confirmation} ")),
            "{call}"
        );
        assert!(call.contains(" token_type=Pop"), "{call}");
    }
}

#[tokio::test]
async fn authorities_that_the_extension_does_not_know_are_not_asked_for() {
    for authority in UNSERVED {
        let system = Recorder::answering([]);
        let application = BrokerApplication::new("client", authority);
        let request = BrokerAccountsRequest::new(application);
        let error = system.extension().accounts(&request).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::CredentialUnavailable,
            "{authority}"
        );
        assert!(error.to_string().contains(authority), "{error}");
        assert!(system.calls().is_empty(), "{authority}");
    }
}
