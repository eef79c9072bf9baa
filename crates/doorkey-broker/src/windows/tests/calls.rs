//! Each call to Windows, with each property.

use super::*;
use doorkey::{Broker as _, BrokerInteractiveRequest, BrokerSilentRequest, ErrorKind, Prompt};
use std::num::NonZeroIsize;

const IDENTITY: &str = "openid profile offline_access";

fn silent(tenant: &str, account: BrokerAccount) -> BrokerSilentRequest {
    BrokerSilentRequest::new(application(tenant), account, vec!["scope".into()])
}

fn interactive(tenant: &str) -> BrokerInteractiveRequest {
    let scopes = vec!["scope".into(), "openid".into()];
    let mut request = BrokerInteractiveRequest::new(application(tenant), scopes);
    request.parent_window = NonZeroIsize::new(42);
    request
}

#[tokio::test]
async fn silence_is_of_the_account_that_windows_has() {
    let mut request = silent("organizations", account());
    request.claims = Some(r#"{"access_token":{}}"#.into());
    let system = Recorder::answering([work_token()]).knowing([written()]);
    let token = system.wam().acquire_silently(&request).await.unwrap();
    assert_eq!(token.access_token.secret(), "token");
    assert_eq!(
        system.calls(),
        [
            "provider https://login.microsoft.com organizations".to_owned(),
            "accounts organizations client".to_owned(),
            format!(
                "silently organizations Default client correlated [scope {IDENTITY}] \
                 claims={{\"access_token\":{{}}}} wam_compat=2.0 as work-id"
            ),
        ]
    );
}

#[tokio::test]
async fn an_account_is_found_by_windows_id_by_who_it_is_and_by_name() {
    let mut by_id = account();
    by_id.local_account_id = Some("work-id".into());
    let mut stale = account();
    stale.local_account_id = Some("no longer".into());
    let mut guest = BrokerAccount::new(format!("{OBJECT}.another-home"));
    guest.username = "ADA@contoso.com".into();
    for (account, calls) in [(by_id, 3), (stale, 4), (account(), 3), (guest.clone(), 3)] {
        let info = client_info(OBJECT, account.home_account_id.split_once('.').unwrap().1);
        let members = [
            ("TokenExpiresOn", EXPIRES_ON),
            ("wamcompat_client_info", &*info),
        ];
        let answer = success(response("token", &members, written()));
        let system = Recorder::answering([answer]).knowing([personal_written(), written()]);
        let request = silent("organizations", account);
        system.wam().acquire_silently(&request).await.unwrap();
        assert_eq!(system.calls().len(), calls);
        assert!(system.calls().last().unwrap().ends_with(" as work-id"));
    }

    let mut nameless = guest;
    nameless.username.clear();
    let system = Recorder::default().knowing([written()]);
    let request = silent("organizations", nameless);
    let error = system.wam().acquire_silently(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
}

#[tokio::test]
async fn personal_accounts_have_a_plugin_of_their_own() {
    let request = silent("common", personal_account());
    let system = Recorder::answering([personal_token()]).knowing([personal_written()]);
    system.wam().acquire_silently(&request).await.unwrap();
    assert_eq!(
        system.calls(),
        [
            "provider https://login.microsoft.com consumers".to_owned(),
            "accounts consumers client".to_owned(),
            format!(
                "silently consumers Default client correlated [scope {IDENTITY}] api-version=2.0 \
                 oauth2_batch=1 x-client-info=1 as personal-id"
            ),
        ]
    );

    let request = interactive("consumers");
    let system = Recorder::answering([personal_token()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    assert_eq!(
        system.calls().last().unwrap(),
        &format!(
            "window 42 consumers ForceAuthentication client correlated [scope {IDENTITY}] \
             Client_uiflow=new_account api-version=2.0 oauth2_batch=1 x-client-info=1"
        )
    );
}

#[tokio::test]
async fn a_prompt_is_what_the_caller_wants_and_windows_needs() {
    for (prompt, hint, named, known, expected) in [
        // Who, how: the type of prompt, and the properties beside `wam_compat`.
        (
            Prompt::SelectAccount,
            None,
            false,
            false,
            "ForceAuthentication| prompt=select_account|",
        ),
        (Prompt::Omitted, None, false, false, "Default||"),
        (
            Prompt::Login,
            None,
            false,
            false,
            "ForceAuthentication| prompt=login|",
        ),
        (
            Prompt::Consent,
            None,
            false,
            false,
            "ForceAuthentication| prompt=consent|",
        ),
        (
            Prompt::Omitted,
            Some("hint"),
            false,
            false,
            "ForceAuthentication|LoginHint=hint |",
        ),
        (
            Prompt::SelectAccount,
            Some("hint"),
            false,
            false,
            "ForceAuthentication|LoginHint=hint prompt=select_account|",
        ),
        // The account is not in Windows yet: its name is the hint.
        (
            Prompt::Omitted,
            None,
            true,
            false,
            "ForceAuthentication|LoginHint=ada@contoso.com |",
        ),
        (
            Prompt::SelectAccount,
            None,
            true,
            true,
            "Default|| as work-id",
        ),
        (
            Prompt::SelectAccount,
            Some("hint"),
            true,
            true,
            "Default|| as work-id",
        ),
        (
            Prompt::Login,
            None,
            true,
            true,
            "ForceAuthentication| prompt=login| as work-id",
        ),
    ] {
        let mut request = interactive("organizations");
        request.prompt = prompt;
        request.login_hint = hint.map(str::to_owned);
        request.account = named.then(account);
        let known = known.then(written);
        let system = Recorder::answering([work_token()]).knowing(known);
        system.wam().acquire_interactively(&request).await.unwrap();
        let [kind, properties, account] = expected.split('|').collect::<Vec<_>>()[..] else {
            panic!("{expected}");
        };
        let (before, after) = properties.split_once(' ').unwrap_or_default();
        let expected = [
            &format!("window 42 organizations {kind} client correlated [scope {IDENTITY}]"),
            before,
            after,
            "wam_compat=2.0",
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        assert_eq!(
            system.calls().last().unwrap(),
            &format!("{}{account}", expected.join(" "))
        );
    }
}

#[tokio::test]
async fn hints_and_parameters_travel_along_but_replace_nothing() {
    let mut request = interactive("organizations");
    request.prompt = Prompt::Omitted;
    request.domain_hint = Some("contoso.com".into());
    request.claims = Some("{}".into());
    request.extra_query_parameters = vec![
        ("wam_compat".into(), "1.0".into()),
        ("slice".into(), "test".into()),
    ];
    let system = Recorder::answering([work_token()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    assert!(
        system.calls()[1].ends_with("claims={} domain_hint=contoso.com slice=test wam_compat=2.0"),
        "{:?}",
        system.calls()
    );
}

#[tokio::test]
async fn no_prompt_is_silence() {
    let mut request = interactive("organizations");
    request.prompt = Prompt::None;
    request.claims = Some("{}".into());
    let system = Recorder::answering([work_token()]).signed_in_by("organizations");
    system.wam().acquire_interactively(&request).await.unwrap();
    assert_eq!(
        system.calls(),
        [
            "provider https://login.windows.local -".to_owned(),
            format!(
                "silently default Default client correlated [scope {IDENTITY}] claims={{}} \
                 wam_compat=2.0"
            ),
        ]
    );

    request.account = Some(account());
    let system = Recorder::answering([work_token()]).knowing([written()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    assert!(last.starts_with("silently organizations "), "{last}");
    assert!(last.contains(" claims={} "), "{last}");

    // Somebody of another kind is signed in to Windows.
    request.account = None;
    let system = Recorder::default().signed_in_by("consumers");
    let error = system
        .wam()
        .acquire_interactively(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
}

#[tokio::test]
async fn a_console_has_a_window_and_without_one_nobody_is_asked() {
    let mut request = interactive("organizations");
    request.parent_window = None;
    let system = Recorder::answering([work_token()]).in_console(7);
    system.wam().acquire_interactively(&request).await.unwrap();
    assert!(system.calls()[1].starts_with("window 7 "));

    let system = Recorder::default();
    let error = system
        .wam()
        .acquire_interactively(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("parent_window"), "{error}");
    assert_eq!(system.calls().len(), 1);

    // Where there is no broker, a window is not what is missing.
    let system = Recorder::default().without_provider();
    let error = system
        .wam()
        .acquire_interactively(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
}

#[tokio::test]
async fn a_personal_account_is_shown_to_entra_id_by_an_assertion() {
    let assertion = || success(response("assertion", &[], personal_written()));
    let work = || {
        let info = client_info(PERSONAL_OBJECT, PERSONAL_TENANT);
        let members = [
            ("TokenExpiresOn", EXPIRES_ON),
            ("wamcompat_client_info", &*info),
        ];
        success(response("token", &members, personal_written()))
    };
    let transfer = "service::http://Passport.NET/purpose::PURPOSE_AAD_WAM_TRANSFER";

    let mut request = silent("organizations", personal_account());
    request.application.enable_msa_passthrough = true;
    let system = Recorder::answering([assertion(), work()]).knowing([personal_written()]);
    let token = system.wam().acquire_silently(&request).await.unwrap();
    assert_eq!(token.access_token.secret(), "token");
    assert_eq!(
        system.calls(),
        [
            "provider https://login.microsoft.com consumers".to_owned(),
            "accounts consumers client".to_owned(),
            format!(
                "silently consumers Default client correlated [{IDENTITY} {transfer}] \
                 api-version=2.0 oauth2_batch=1 x-client-info=1 as personal-id"
            ),
            "provider https://login.microsoft.com organizations".to_owned(),
            format!(
                "silently organizations Default client correlated [scope {IDENTITY}] \
                 SamlAssertion=assertion SamlAssertionType=SAMLV1 wam_compat=2.0"
            ),
        ]
    );

    let mut request = interactive("organizations");
    request.application.enable_msa_passthrough = true;
    request.account = Some(personal_account());
    let system = Recorder::answering([assertion(), work()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    let calls = system.calls();
    assert_eq!(
        calls[2],
        format!(
            "window 42 consumers ForceAuthentication client correlated [{IDENTITY} {transfer}] \
             Client_uiflow=new_account LoginHint=ada@outlook.com api-version=2.0 oauth2_batch=1 \
             x-client-info=1"
        )
    );
    assert_eq!(
        calls[4],
        format!(
            "window 42 organizations Default client correlated [scope {IDENTITY}] \
             SamlAssertion=assertion SamlAssertionType=SAMLV1 wam_compat=2.0"
        )
    );
}

#[tokio::test]
async fn a_token_of_somebody_else_is_not_given() {
    let info = client_info("somebody", TENANT);
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    let mut other = written();
    other.username = "bob@contoso.com".into();
    let mut request = interactive("organizations");
    request.account = Some(account());
    for status in [TokenStatus::Success, TokenStatus::AccountSwitch] {
        let mut answer = success(response("token", &members, other.clone()));
        answer.status = status;
        let system = Recorder::answering([answer]);
        let error = system
            .wam()
            .acquire_interactively(&request)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongAccount);
        for name in ["bob@contoso.com", "ada@contoso.com"] {
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    // Windows does not say who it is, but that it is somebody else.
    let mut answer = success(response("token", &members[..1], WebAccount::default()));
    answer.status = TokenStatus::AccountSwitch;
    let system = Recorder::answering([answer]);
    let error = system
        .wam()
        .acquire_interactively(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongAccount);
}

#[tokio::test]
async fn who_chooses_another_account_where_none_is_named_has_a_token() {
    let mut answer = work_token();
    answer.status = TokenStatus::AccountSwitch;
    let system = Recorder::answering([answer]);
    let request = interactive("organizations");
    let token = system.wam().acquire_interactively(&request).await.unwrap();
    assert_eq!(token.access_token.secret(), "token");
}
