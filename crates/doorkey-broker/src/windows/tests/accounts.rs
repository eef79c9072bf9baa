use super::super::messages::{AccountsStatus, Failure, ProviderError, TokenStatus};
use super::*;
use doorkey::{Broker as _, BrokerAccountsRequest, BrokerSignOutRequest, ErrorKind};

fn everybody(tenant: &str) -> BrokerAccountsRequest {
    BrokerAccountsRequest::new(application(tenant))
}

fn the_default(tenant: &str) -> BrokerAccountsRequest {
    let mut request = everybody(tenant);
    request.default_account = true;
    request
}

#[tokio::test]
async fn people_are_those_of_the_plugins_that_the_authority_serves() {
    let both = ["work-id", "personal-id"].as_slice();
    for (tenant, passthrough, asked, ids) in [
        (
            "organizations",
            false,
            ["organizations"].as_slice(),
            &both[..1],
        ),
        ("consumers", false, &["consumers"], &both[1..]),
        (PERSONAL_TENANT, false, &["consumers"], &both[1..]),
        ("common", false, &["organizations", "consumers"], both),
        ("organizations", true, &["organizations", "consumers"], both),
        (
            TENANT,
            false,
            &["https://login.microsoftonline.com/99999999-8888-7777-6666-555555555555"],
            &both[..1],
        ),
    ] {
        let system = Recorder::default().knowing([written(), personal_written(), written()]);
        let mut request = everybody(tenant);
        request.application.enable_msa_passthrough = passthrough;
        let people = system.wam().accounts(&request).await.unwrap();
        let expected: Vec<_> = asked
            .iter()
            .flat_map(|authority| {
                [
                    format!("provider https://login.microsoft.com {authority}"),
                    format!("accounts {authority} client"),
                ]
            })
            .collect();
        assert_eq!(system.calls(), expected, "{tenant}");
        let found: Vec<_> = people
            .iter()
            .map(|account| account.local_account_id.as_deref().unwrap())
            .collect();
        assert_eq!(found, ids, "{tenant}");
    }
}

#[tokio::test]
async fn other_clouds_are_named_whole() {
    let system = Recorder::default();
    let authority = "https://login.microsoftonline.us/organizations";
    let application = BrokerApplication::new("client", authority);
    let request = BrokerAccountsRequest::new(application);
    assert!(system.wam().accounts(&request).await.unwrap().is_empty());
    let provider = format!("provider https://login.microsoft.com {authority}");
    assert_eq!(system.calls()[0], provider);
}

#[tokio::test]
async fn a_list_that_is_not_given_is_empty_and_an_error_is_one() {
    let error = ProviderError {
        code: 0xCAA8_2EE7,
        message: "no name".into(),
    };
    for (status, kind) in [
        (AccountsStatus::Success, None),
        (AccountsStatus::NotAllowedByProvider, None),
        (AccountsStatus::NotSupportedByProvider, None),
        (AccountsStatus::ProviderError, Some(ErrorKind::Network)),
        (AccountsStatus::Unknown(9), Some(ErrorKind::Protocol)),
    ] {
        let system = Recorder::default().listing(status, error.clone());
        let answer = system.wam().accounts(&everybody("organizations")).await;
        assert_eq!(answer.err().map(|error| error.kind()), kind, "{status:?}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_missing_hides_no_accounts_of_the_other() {
    let system = Recorder::default()
        .knowing([written()])
        .without_provider_of("consumers");
    let people = system.wam().accounts(&everybody("common")).await.unwrap();
    assert_eq!(people.len(), 1);
    let alone = system.wam().accounts(&everybody("consumers")).await;
    let kind = alone.unwrap_err().kind();
    assert_eq!(kind, ErrorKind::CredentialUnavailable);
}

#[tokio::test]
async fn the_default_account_is_whoever_gets_a_token_without_being_named() {
    let system = Recorder::answering([work_token()]).signed_in_by("organizations");
    let people = system.wam().accounts(&the_default("organizations")).await;
    assert_eq!(
        people.unwrap()[0].home_account_id,
        account().home_account_id
    );
    assert_eq!(
        system.calls(),
        [
            "provider https://login.windows.local -",
            "silently default Default client correlated [openid profile offline_access] \
             wam_compat=2.0",
        ]
    );

    let system = Recorder::answering([personal_token()]).signed_in_by("consumers");
    let people = system.wam().accounts(&the_default("common")).await.unwrap();
    let home = personal_account().home_account_id;
    assert_eq!(people[0].home_account_id, home);
}

#[tokio::test]
async fn nobody_is_the_default_where_a_person_would_be_asked_or_is_of_another_kind() {
    let answer = status(TokenStatus::UserInteractionRequired);
    let system = Recorder::answering([answer]).signed_in_by("organizations");
    let people = system.wam().accounts(&the_default("organizations")).await;
    assert!(people.unwrap().is_empty());
    let system = Recorder::default().signed_in_by("consumers");
    let people = system.wam().accounts(&the_default("organizations")).await;
    assert!(people.unwrap().is_empty());
    assert_eq!(system.calls().len(), 1);
}

#[tokio::test]
async fn a_sign_out_is_for_this_application_and_of_nobody_a_success() {
    let request = BrokerSignOutRequest::new(application("organizations"), account());
    let system = Recorder::default().knowing([written()]);
    system.wam().sign_out(&request).await.unwrap();
    assert_eq!(system.calls().last().unwrap(), "sign out work-id client");

    let system = Recorder::default();
    system.wam().sign_out(&request).await.unwrap();
    assert_eq!(
        system.calls().last().unwrap(),
        "accounts organizations client"
    );
}

#[tokio::test]
async fn without_a_web_account_manager_the_browser_steps_in() {
    // Under Wine, and on Server Core.
    let absent = Failure {
        code: 0x8004_0154,
        message: "Class not registered".into(),
    };
    for system in [
        Recorder::default().failing(absent),
        Recorder::default().without_provider(),
    ] {
        for request in [everybody("organizations"), the_default("organizations")] {
            let error = system.wam().accounts(&request).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            assert!(error.to_string().contains("Server Core"), "{error}");
        }
    }
}

#[tokio::test]
async fn authorities_that_windows_does_not_know_are_not_asked_for() {
    for authority in [
        "https://login.microsoftonline.com/adfs",
        "https://adfs.contoso.com/adfs",
        "https://contoso.b2clogin.com/contoso.onmicrosoft.com/policy",
        "https://contoso.ciamlogin.com/contoso.onmicrosoft.com",
        "https://127.0.0.1:8443/organizations",
        "http://login.microsoftonline.com/organizations",
        "https://login.microsoftonline.com.evil.example/organizations",
        "https://login.microsoftonline.com",
        "no URL",
    ] {
        let system = Recorder::default();
        let application = BrokerApplication::new("client", authority);
        let request = BrokerAccountsRequest::new(application);
        let error = system.wam().accounts(&request).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::CredentialUnavailable,
            "{authority}"
        );
        assert!(error.to_string().contains(authority), "{error}");
        assert!(system.calls().is_empty(), "{authority}");
    }
}
