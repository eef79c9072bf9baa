//! Each call to Windows, with each property.

use super::{
    super::{
        messages::{AccountsStatus, Failure, ProviderError},
        system::Console,
    },
    *,
};
use doorkey::{Broker as _, ErrorKind, Prompt};
use std::num::NonZeroIsize;

#[tokio::test]
async fn silence_is_of_the_account_that_windows_has() {
    let mut request = silent("organizations", account());
    let claims = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
    request.claims = Some(claims.into());
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
                 claims={claims} wam_compat=2.0 as work-id"
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

    // A guest of two tenants, who is meant in the second.
    let mut elsewhere = written();
    elsewhere.id = "elsewhere-id".into();
    elsewhere.properties = properties(&[("OID", "guest"), ("TenantId", "elsewhere")]);
    let info = client_info(OBJECT, "another-home");
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    let mut meant = guest.clone();
    meant.tenant_id = "elsewhere".into();
    let answer = success(response("token", &members, elsewhere.clone()));
    let system = Recorder::answering([answer]).knowing([written(), elsewhere]);
    let request = silent("organizations", meant);
    system.wam().acquire_silently(&request).await.unwrap();
    assert!(system.calls().last().unwrap().ends_with(" as elsewhere-id"));

    let mut nameless = guest;
    nameless.username.clear();
    let system = Recorder::default().knowing([written()]);
    let request = silent("organizations", nameless);
    let error = system.wam().acquire_silently(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
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
        (
            Prompt::Omitted,
            Some("ADA@contoso.com"),
            false,
            true,
            "Default|| as work-id",
        ),
        (
            Prompt::SelectAccount,
            Some("ada@contoso.com"),
            false,
            true,
            "ForceAuthentication|LoginHint=ada@contoso.com prompt=select_account|",
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
        ("instance_aware".into(), "true".into()),
    ];
    let system = Recorder::answering([work_token()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    assert!(
        system.calls()[1]
            .ends_with("claims={} discover=home domain_hint=contoso.com slice=test wam_compat=2.0"),
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
            "provider https://login.microsoft.com organizations".to_owned(),
            format!(
                "silently organizations Default client correlated [scope {IDENTITY}] claims={{}} \
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
    let error = system.refused(&request).await;
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
}

#[tokio::test]
async fn a_console_has_a_window_and_without_one_nobody_is_asked() {
    let mut request = interactive("organizations");
    request.parent_window = None;
    let system = Recorder::answering([work_token()])
        .in_console(Console::Window(NonZeroIsize::new(7).unwrap()));
    system.wam().acquire_interactively(&request).await.unwrap();
    assert!(system.calls()[1].starts_with("window 7 "));

    let system = Recorder::default();
    let error = system.refused(&request).await;
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("parent_window"), "{error}");
    assert_eq!(system.calls().len(), 1);

    // Where there is no desktop, no window could be given.
    let system = Recorder::default().in_console(Console::NoDesktop);
    let error = system.refused(&request).await;
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);

    // Where there is no broker, a window is not what is missing.
    let system = Recorder::default().without_provider();
    let error = system.refused(&request).await;
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
}

#[tokio::test]
async fn a_window_that_is_none_is_an_argument_where_it_was_given() {
    for (window, kind) in [
        (NonZeroIsize::new(42), ErrorKind::InvalidArgument),
        (None, ErrorKind::CredentialUnavailable),
    ] {
        let mut request = interactive("organizations");
        request.parent_window = window;
        let failure = Failure {
            code: 0x8007_0578,
            message: String::new(),
        };
        let system = Recorder::default()
            .failing_to_answer(failure)
            .in_console(Console::Window(NonZeroIsize::new(7).unwrap()));
        let error = system.refused(&request).await;
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn a_tenant_and_a_cloud_are_named_whole_and_never_organizations() {
    for (authority, property) in [
        ("https://login.microsoftonline.com/common", ""),
        ("https://login.microsoftonline.com/organizations", ""),
        (
            "https://login.microsoftonline.com/contoso.example",
            "authority=https://login.microsoftonline.com/contoso.example ",
        ),
        (
            "https://login.microsoftonline.us/organizations",
            "authority=https://login.microsoftonline.us/common ",
        ),
    ] {
        let mut request = interactive("organizations");
        request.application.authority = authority.into();
        request.prompt = Prompt::Omitted;
        let system = Recorder::answering([work_token()]);
        system.wam().acquire_interactively(&request).await.unwrap();
        let last = system.calls().pop().unwrap();
        let expected = format!("[scope {IDENTITY}] {property}wam_compat=2.0");
        assert!(last.ends_with(&expected), "{last}");
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_taken_from_windows_cache() {
    let challenge = r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#;
    let mut request = silent("organizations", account());
    request.claims = Some(challenge.into());
    let system = Recorder::answering([work_token()]).knowing([written()]);
    system.wam().acquire_silently(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    let fresh = "minimum_token_lifetime=604800000 wam_compat=2.0 as work-id";
    assert!(last.ends_with(fresh), "{last}");

    let mut request = interactive("organizations");
    request.account = Some(account());
    for (claims, kind) in [
        (challenge, "ForceAuthentication"),
        (r#"{"id_token":{"acr":null}}"#, "ForceAuthentication"),
        ("no JSON", "ForceAuthentication"),
        (
            r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
            "Default",
        ),
        ("{}", "Default"),
    ] {
        request.claims = Some(claims.into());
        let system = Recorder::answering([work_token()]).knowing([written()]);
        system.wam().acquire_interactively(&request).await.unwrap();
        let last = system.calls().pop().unwrap();
        let begin = format!("window 42 organizations {kind} ");
        assert!(last.starts_with(&begin), "{last}");
        let is_fresh = last.ends_with(fresh);
        assert_eq!(is_fresh, kind != "Default", "{last}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_had_keeps_nobody_from_being_asked() {
    let mut request = interactive("organizations");
    request.account = Some(account());
    request.prompt = Prompt::Omitted;
    let error = ProviderError::default();
    let system = Recorder::answering([work_token()]).listing(AccountsStatus::ProviderError, error);
    system.wam().acquire_interactively(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    assert!(last.contains("LoginHint=ada@contoso.com"), "{last}");
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
        let error = system.refused(&request).await;
        assert_eq!(error.kind(), ErrorKind::WrongAccount);
        for name in ["bob@contoso.com", "ada@contoso.com"] {
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    // Windows does not say who it is, but that it is somebody else.
    let mut answer = success(response("token", &members[..1], WebAccount::default()));
    answer.status = TokenStatus::AccountSwitch;
    let system = Recorder::answering([answer]);
    let error = system.refused(&request).await;
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
