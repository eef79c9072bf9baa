//! Each call to Windows, with each property.

use super::{
    super::{
        messages::{AccountsStatus, Failure, ProviderError},
        system::Console,
    },
    *,
};
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
    let system = Recorder::answering([work_token()])
        .in_console(Console::Window(NonZeroIsize::new(7).unwrap()));
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

    // Where there is no desktop, no window could be given.
    let system = Recorder::default().in_console(Console::NoDesktop);
    let error = system
        .wam()
        .acquire_interactively(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);

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
        let error = system
            .wam()
            .acquire_interactively(&request)
            .await
            .unwrap_err();
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
async fn a_personal_account_that_windows_does_not_list_may_be_the_default_one() {
    let request = silent("consumers", personal_account());
    let system = Recorder::answering([personal_token()]);
    system.wam().acquire_silently(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    let unnamed = "api-version=2.0 oauth2_batch=1 x-client-info=1";
    assert!(last.starts_with("silently consumers Default "), "{last}");
    assert!(last.ends_with(unnamed), "{last}");

    let info = client_info("somebody-else", PERSONAL_TENANT);
    let list = format!("access_token=token&expires_in=3600&client_info={info}");
    let other = success(response(&list, &[], personal_written()));
    let system = Recorder::answering([other]);
    let error = system.wam().acquire_silently(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");
}

#[tokio::test]
async fn a_personal_account_is_added_where_windows_has_none_to_begin_with() {
    let mut request = interactive("consumers");
    request.prompt = Prompt::Omitted;
    for (default, kind) in [
        ("consumers", "Default client correlated [scope"),
        (
            "organizations",
            "ForceAuthentication client correlated [scope",
        ),
    ] {
        let system = Recorder::answering([personal_token()]).signed_in_by(default);
        system.wam().acquire_interactively(&request).await.unwrap();
        let last = system.calls().pop().unwrap();
        let begin = format!("window 42 consumers {kind}");
        assert!(last.starts_with(&begin), "{last}");
        let is_added = last.contains("Client_uiflow=new_account");
        assert_eq!(is_added, default != "consumers", "{last}");
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
async fn a_work_account_of_the_same_name_is_not_the_personal_one() {
    let mut namesake = personal_account();
    namesake.username = "ada@contoso.com".into();
    let request = silent(TENANT, namesake.clone());
    let system = Recorder::answering([work_token()]).knowing([written()]);
    let error = system.wam().acquire_silently(&request).await.unwrap_err();
    // Nobody has signed in as anybody: it is the account that is not there.
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired, "{error}");

    // Who is asked can sign in as the one that is meant.
    let mut request = interactive(TENANT);
    request.account = Some(namesake.clone());
    request.prompt = Prompt::Omitted;
    let info = client_info(PERSONAL_OBJECT, PERSONAL_TENANT);
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    let theirs = success(response("token", &members, personal_written()));
    let system = Recorder::answering([work_token(), theirs]).knowing([written()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    assert!(last.contains("LoginHint=ada@contoso.com"), "{last}");
    assert!(!last.contains(" as work-id"), "{last}");

    // And is shown to Entra ID as such.
    let mut request = silent("organizations", namesake);
    request.application.enable_msa_passthrough = true;
    let list = "access_token=theirs&expires_in=3600&code=assertion";
    let assertion = success(response(list, &[], personal_written()));
    let theirs = success(response("token", &members, personal_written()));
    let answers = [work_token(), assertion, theirs];
    let known = [written(), personal_written()];
    let system = Recorder::answering(answers).knowing(known);
    system.wam().acquire_silently(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    assert!(last.contains("SamlAssertion=assertion"), "{last}");
}

#[tokio::test]
async fn a_personal_account_is_shown_to_entra_id_by_an_assertion() {
    let assertion = || {
        let list = "access_token=theirs&token_type=bearer&expires_in=3600&code=assertion";
        success(response(list, &[], personal_written()))
    };
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
            "provider https://login.microsoft.com organizations".to_owned(),
            "accounts organizations client".to_owned(),
            "provider https://login.microsoft.com consumers".to_owned(),
            "accounts consumers client".to_owned(),
            format!(
                "silently consumers Default client correlated [{IDENTITY} {transfer}] \
                 api-version=2.0 oauth2_batch=1 x-client-info=1 as personal-id"
            ),
            format!(
                "silently organizations Default client correlated [scope {IDENTITY}] \
                 SamlAssertion=assertion SamlAssertionType=SAMLV1 wam_compat=2.0"
            ),
        ]
    );

    // Afterwards Entra ID's plugin has it, as a guest.
    let mut guest = written();
    guest.username = "ada@outlook.com".into();
    let of_guest = || {
        let mut answer = work();
        answer.response.as_mut().unwrap().account = Some(guest.clone());
        answer
    };
    let system = Recorder::answering([of_guest(), of_guest()]).knowing([guest.clone()]);
    system.wam().acquire_silently(&request).await.unwrap();
    let last = system.calls().pop().unwrap();
    assert!(last.ends_with(" wam_compat=2.0 as work-id"), "{last}");
    assert!(!last.contains("SamlAssertion"), "{last}");

    // The default account of Windows is a personal one.
    let mut default = interactive("organizations");
    default.application.enable_msa_passthrough = true;
    default.prompt = Prompt::None;
    let system = Recorder::answering([assertion(), work()]).signed_in_by("consumers");
    system.wam().acquire_interactively(&default).await.unwrap();
    let calls = system.calls();
    assert!(calls[3].contains(transfer), "{calls:?}");
    assert!(calls[4].contains(" SamlAssertion=assertion "), "{calls:?}");

    let mut request = interactive("organizations");
    request.application.enable_msa_passthrough = true;
    request.account = Some(personal_account());
    let system = Recorder::answering([assertion(), work()]);
    system.wam().acquire_interactively(&request).await.unwrap();
    let calls = system.calls();
    assert_eq!(
        calls[4],
        format!(
            "window 42 consumers ForceAuthentication client correlated [{IDENTITY} {transfer}] \
             Client_uiflow=new_account LoginHint=ada@outlook.com api-version=2.0 oauth2_batch=1 \
             x-client-info=1"
        )
    );
    assert_eq!(
        calls[5],
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
