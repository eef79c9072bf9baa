//! What Windows is asked for personal accounts, whose plugin is another one.

use super::*;
use doorkey::{Broker as _, ErrorKind, Prompt};

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
