use super::super::{
    messages::{AccountsStatus, Failure, ProviderError, TokenStatus},
    person::described,
};
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
        let system = Recorder::answering([work_token(), work_token()]).knowing([
            written(),
            personal_written(),
            written(),
        ]);
        let mut request = everybody(tenant);
        request.application.enable_msa_passthrough = passthrough;
        let people = system.wam().accounts(&request).await.unwrap();
        let expected: Vec<_> = asked
            .iter()
            .flat_map(|authority| {
                let property = match authority.starts_with("https:") {
                    true => format!("authority={authority} "),
                    false => String::new(),
                };
                // Who they are is told by their tokens, as a guest is described otherwise.
                let told = format!(
                    "silently {authority} Default client correlated [{IDENTITY}] \
                     {property}wam_compat=2.0 as work-id"
                );
                let told = (*authority != "consumers").then_some(told);
                [
                    format!("provider https://login.microsoft.com {authority}"),
                    format!("accounts {authority} client"),
                ]
                .into_iter()
                .chain(told.clone())
                .chain(told)
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
        // Of personal accounts, whatever is said.
        let system = Recorder::default().listing(status, error.clone());
        let answer = system.wam().accounts(&everybody("consumers")).await;
        assert!(answer.unwrap().is_empty(), "{status:?}");

        let system = Recorder::default().listing(status, error.clone());
        let answer = system.wam().accounts(&everybody("organizations")).await;
        assert_eq!(answer.err().map(|error| error.kind()), kind, "{status:?}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_missing_hides_no_accounts_of_the_other() {
    let system = Recorder::answering([work_token()])
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
            "provider https://login.microsoft.com organizations",
            "silently organizations Default client correlated [openid profile offline_access] \
             wam_compat=2.0",
        ]
    );

    let system = Recorder::answering([personal_token()]).signed_in_by("consumers");
    let people = system.wam().accounts(&the_default("common")).await.unwrap();
    let home = personal_account().home_account_id;
    assert_eq!(people[0].home_account_id, home);
}

#[tokio::test]
async fn the_default_account_is_asked_at_the_tenant_and_in_the_cloud_that_are_wanted() {
    let authority = "https://login.partner.microsoftonline.cn/contoso.example";
    let mut request = the_default("organizations");
    request.application.authority = authority.into();
    let system = Recorder::answering([work_token()]).signed_in_by("organizations");
    system.wam().accounts(&request).await.unwrap();
    assert_eq!(
        system.calls()[1..],
        [
            format!("provider https://login.microsoft.com {authority}"),
            format!(
                "silently {authority} Default client correlated [{IDENTITY}] authority={authority} \
                 wam_compat=2.0"
            ),
        ]
    );
}

#[tokio::test]
async fn a_windows_with_nobody_is_no_windows_without_a_broker() {
    let system = Recorder::default().without_default();
    let people = system.wam().accounts(&the_default("organizations")).await;
    assert!(people.unwrap().is_empty());
    let last = system.calls().pop().unwrap();
    assert_eq!(last, "provider https://login.microsoft.com organizations");
}

#[tokio::test]
async fn a_guest_is_who_their_tokens_say() {
    let mut guest = written();
    guest.properties = properties(&[("OID", "guest"), ("TenantId", "elsewhere")]);
    let mut silent = guest.clone();
    silent.id = "silent-id".into();
    let answers = [work_token(), status(TokenStatus::UserInteractionRequired)];
    let system = Recorder::answering(answers).knowing([guest, silent]);
    let people = system.wam().accounts(&everybody("organizations")).await;
    let people: Vec<_> = people.unwrap().into_iter().collect();
    assert_eq!(people[0].home_account_id, account().home_account_id);
    assert_eq!(people[1].home_account_id, "guest.elsewhere");
}

#[tokio::test]
async fn a_token_of_another_account_says_nothing_of_the_one_that_was_asked() {
    let mut second = written();
    second.id = "second-id".into();
    second.username = "bob@contoso.com".into();
    second.properties = properties(&[("OID", "bob"), ("TenantId", TENANT)]);
    // Windows gives the default account's for both, as others report that it does.
    let system =
        Recorder::answering([work_token(), work_token()]).knowing([written(), second.clone()]);
    let people = system.wam().accounts(&everybody("organizations")).await;
    let people = people.unwrap();
    assert_eq!(people.len(), 2);
    assert_eq!(people[1], described(&second).unwrap());
}

#[tokio::test]
async fn whose_token_names_no_account_has_the_names_of_the_one_that_was_asked() {
    let mut answer = work_token();
    answer.response.as_mut().unwrap().account = None;
    let system = Recorder::answering([answer]).knowing([written()]);
    let people = system.wam().accounts(&everybody("organizations")).await;
    let people = people.unwrap();
    assert_eq!(people[0].username, "ada@contoso.com");
    assert_eq!(people[0].local_account_id.as_deref(), Some("work-id"));
}

#[tokio::test(start_paused = true)]
async fn a_list_does_not_wait_long_to_be_told_who_they_are() {
    let system = Recorder::default().slow().knowing([written(), written()]);
    let begun = tokio::time::Instant::now();
    let people = system.wam().accounts(&everybody("organizations")).await;
    assert_eq!(people.unwrap(), [described(&written()).unwrap()]);
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn accounts_of_another_cloud_are_not_of_this_one() {
    let cloud = |host: &str| {
        let mut written = written();
        let authority = format!("https://{host}/{TENANT}");
        let authority = ("Authority".to_owned(), authority);
        written.properties.extend([authority]);
        written
    };
    for (host, asked, is_known) in [
        ("login.windows.net", "login.microsoftonline.com", true),
        (
            "login.microsoftonline.us",
            "login.microsoftonline.com",
            false,
        ),
        ("login.microsoftonline.us", "login.usgovcloudapi.net", true),
        (
            "login.microsoftonline.com",
            "login.microsoftonline.us",
            false,
        ),
        ("adfs.contoso.com", "login.microsoftonline.com", true),
    ] {
        let system = Recorder::answering([work_token()]).knowing([cloud(host)]);
        let mut request = everybody("organizations");
        request.application.authority = format!("https://{asked}/organizations");
        let people = system.wam().accounts(&request).await.unwrap();
        assert_eq!(!people.is_empty(), is_known, "{host} at {asked}");
    }
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
async fn a_personal_account_that_was_shown_to_entra_id_is_signed_out_of_both() {
    let mut guest = written();
    guest.username = "ada@outlook.com".into();
    let info = client_info(PERSONAL_OBJECT, PERSONAL_TENANT);
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    let answer = success(response("token", &members, guest.clone()));
    let mut request = BrokerSignOutRequest::new(application("organizations"), personal_account());
    request.application.enable_msa_passthrough = true;
    let system = Recorder::answering([answer]).knowing([guest, personal_written()]);
    system.wam().sign_out(&request).await.unwrap();
    let calls = system.calls();
    let signed_out: Vec<_> = calls
        .iter()
        .filter(|call| call.starts_with("sign out"))
        .collect();
    assert_eq!(
        signed_out,
        ["sign out work-id client", "sign out personal-id client"]
    );
}

#[tokio::test]
async fn nobody_else_is_signed_out_for_having_the_name() {
    let request = BrokerSignOutRequest::new(application("organizations"), account());
    let named = |object: &str, tenant: &str| {
        let mut written = written();
        written.properties = properties(&[("OID", object), ("TenantId", tenant)]);
        written
    };
    let of = |object: &str| {
        let info = client_info(object, TENANT);
        let members = [
            ("TokenExpiresOn", EXPIRES_ON),
            ("wamcompat_client_info", &*info),
        ];
        success(response("token", &members, written()))
    };
    // Who got the name later, at home where the account is.
    let system = Recorder::default().knowing([named("another", TENANT)]);
    system.wam().sign_out(&request).await.unwrap();
    assert!(!system.calls().last().unwrap().starts_with("sign out"));

    // A token that is theirs, but of another account than the one that has the name.
    let mut guest = named("guest", "elsewhere");
    guest.id = "guest-id".into();
    let system = Recorder::answering([work_token()]).knowing([guest.clone()]);
    system.wam().sign_out(&request).await.unwrap();
    assert!(!system.calls().last().unwrap().starts_with("sign out"));

    // The second of two.
    let mut theirs = work_token();
    let answered = theirs.response.as_mut().unwrap().account.as_mut().unwrap();
    answered.id = "guest-id".into();
    let known = [named("another", "else"), guest];
    let system = Recorder::answering([of("another"), theirs]).knowing(known);
    system.wam().sign_out(&request).await.unwrap();
    assert_eq!(system.calls().last().unwrap(), "sign out guest-id client");

    // A guest, who is proven to be them, or not, or neither.
    for (answer, is_done, kind) in [
        (of(OBJECT), true, None),
        (of("another"), false, None),
        (
            status(TokenStatus::UserInteractionRequired),
            false,
            Some(ErrorKind::AuthenticationRequired),
        ),
    ] {
        let system = Recorder::answering([answer]).knowing([named("guest", "elsewhere")]);
        let done = system.wam().sign_out(&request).await;
        assert_eq!(done.err().map(|error| error.kind()), kind);
        let last = system.calls().pop().unwrap();
        assert_eq!(last.starts_with("sign out"), is_done, "{last}");
    }
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
    for authority in UNSERVED {
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
