use super::super::{
    messages::{Failure, SystemError},
    reply,
};
use super::*;
use doorkey::{Broker as _, BrokerAccountsRequest, BrokerSignOutRequest, ErrorKind};

fn written(home_account_id: &str, realm: &str) -> Value {
    json!({
        "home_account_id": home_account_id,
        "local_account_id": "local",
        "username": "ada@contoso.com",
        "realm": realm,
        "account_type": "MSSTS",
        "environment": "login.microsoftonline.com",
        "client_info": "garbage",
        "is_sso_account": "1",
    })
}

#[test]
fn a_list_is_json_in_a_text() {
    let home = format!("{OBJECT}.{TENANT}");
    let list = json!([
        written(&home, OBJECT),
        written(&home.to_uppercase(), TENANT),
        written("another.home", OBJECT),
        written("unplaced.home", "common"),
        written("no point", "tenant"),
        written(".half", "tenant"),
        {"client_info": client_info("informed", "home"), "home_account_id": "other.home"},
        {"account_name": "abc"},
        null,
        7,
    ]);
    let answer = json!({
        "operation_response_type": "operation_get_accounts_response",
        "success": 1,
        "accounts": list.to_string(),
    });
    let accounts = reply::accounts(&reply(&answer)).unwrap();
    let homes: Vec<_> = accounts
        .iter()
        .map(|account| (&*account.home_account_id, &*account.tenant_id))
        .collect();
    assert_eq!(
        homes,
        [
            (&*home.to_uppercase(), TENANT),
            ("another.home", OBJECT),
            ("unplaced.home", ""),
            ("informed.home", ""),
        ]
    );
    assert_eq!(accounts[0].username, "ada@contoso.com");
    assert_eq!(accounts[0].local_account_id.as_deref(), Some("local"));
    assert_eq!(accounts[3].local_account_id, None);
}

#[test]
fn a_list_may_be_empty_or_none() {
    for (accounts, count) in [
        (json!(null), Some(0)),
        (json!(""), Some(0)),
        (json!(" "), Some(0)),
        (json!("[]"), Some(0)),
        (json!([written("a.b", "b")]), Some(1)),
        (json!("garbage"), None),
        (json!("{}"), None),
        (json!("null"), None),
        (json!(7), None),
        (json!({}), None),
    ] {
        let answer = json!({"success": "1", "accounts": accounts});
        match reply::accounts(&reply(&answer)) {
            Ok(found) => assert_eq!(Some(found.len()), count, "{accounts}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{accounts}");
                assert_eq!(count, None, "{accounts}");
            }
        }
    }
}

#[test]
fn nothing_is_no_answer() {
    for answer in [json!({}), json!({"accounts": "[]"}), json!({"success": ""})] {
        let error = reply::accounts(&reply(&answer)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{answer}");
        let error = reply::default_account(&reply(&answer)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{answer}");
    }
}

#[tokio::test]
async fn the_default_account_is_one_or_nobody() {
    let mut request = BrokerAccountsRequest::new(application("organizations"));
    request.default_account = true;
    let home = format!("{OBJECT}.{TENANT}");
    let somebody = changed(written(&home, TENANT), &json!({"success": "1"}));
    for (answer, count) in [(somebody, 1), (json!({"success": "1"}), 0)] {
        let system = Recorder::answering([reply(&answer)]);
        let people = system.extension().accounts(&request).await.unwrap();
        assert_eq!(people.len(), count);
        for account in people {
            assert_eq!(account.home_account_id, home);
            assert_eq!(account.username, "ada@contoso.com");
        }
    }
    let needed = SystemError {
        domain: "MSIDErrorDomain".into(),
        code: -51115,
        ..Default::default()
    };
    let system = Recorder::failing(Failure::Error(needed));
    let people = system.extension().accounts(&request).await.unwrap();
    assert!(people.is_empty());
}

#[tokio::test]
async fn an_extension_that_knows_no_default_account_may_have_but_one() {
    use ErrorKind::{CredentialUnavailable, Network, Refused};
    let mut request = BrokerAccountsRequest::new(application("organizations"));
    request.default_account = true;
    let list = |homes: &[&str]| {
        let accounts: Vec<_> = homes.iter().map(|home| written(home, TENANT)).collect();
        json!({"success": "1", "accounts": json!(accounts).to_string()})
    };
    let garbage = json!({"success": "1", "accounts": "garbage"});
    for (domain, code, answer, expected) in [
        ("MSIDErrorDomain", -51100, list(&["a.b"]), Ok(1)),
        ("MSIDErrorDomain", -51114, list(&["a.b"]), Ok(1)),
        ("MSIDErrorDomain", -51811, list(&["a.b"]), Ok(1)),
        ("MSIDErrorDomain", -51100, list(&["a.b", "c.d"]), Ok(0)),
        ("MSIDErrorDomain", -51100, list(&[]), Ok(0)),
        // What is told is what was asked first.
        ("MSIDErrorDomain", -51811, garbage.clone(), Err(Refused)),
        (
            "MSIDErrorDomain",
            -51100,
            garbage,
            Err(CredentialUnavailable),
        ),
        ("NSURLErrorDomain", -1009, list(&["a.b"]), Err(Network)),
    ] {
        let failure = Failure::Error(SystemError {
            domain: domain.into(),
            code,
            ..Default::default()
        });
        let system = Recorder::answering([reply(&answer)]).failing_first(failure);
        let people = system.extension().accounts(&request).await;
        let found = people.map(|people| people.len());
        assert_eq!(found.map_err(|error| error.kind()), expected, "{code}");
        // Whoever the Mac knows: nobody need have signed in to this program yet.
        if let Some(list) = system.calls().get(1) {
            assert!(list.starts_with("get_accounts_operation "), "{list}");
            assert!(list.ends_with(" signed_in_accounts_only=0"), "{list}");
        }
    }
}

#[tokio::test]
async fn who_is_not_known_is_signed_out() {
    let request = BrokerSignOutRequest::new(application("organizations"), account());
    let unknown = SystemError {
        domain: "com.apple.AuthenticationServices.AuthorizationError".into(),
        code: -6000,
        underlying: Some(Box::new(SystemError {
            domain: "MSIDErrorDomain".into(),
            code: -51113,
            ..Default::default()
        })),
        ..Default::default()
    };
    let system = Recorder::failing(Failure::Error(unknown));
    system.extension().sign_out(&request).await.unwrap();
}

/// That there is no broker means to a credential that there is nobody to forget.
#[tokio::test]
async fn a_sign_out_that_did_not_happen_is_not_told_as_an_absent_broker() {
    use ErrorKind::{CredentialUnavailable, Refused, TimedOut};
    let told = |domain: &str, code| {
        Failure::Error(SystemError {
            domain: domain.into(),
            code,
            ..Default::default()
        })
    };
    for (failure, kind) in [
        (told("MSIDErrorDomain", -51100), Refused),
        (told("MSIDErrorDomain", -51114), Refused),
        (told("MSALErrorDomain", -50000), Refused),
        (
            told("com.apple.AuthenticationServices.AuthorizationError", -6000),
            Refused,
        ),
        (Failure::Unanswered, TimedOut),
        (Failure::NoMainLoop, TimedOut),
        // It never served this program, or this authority.
        (told("MSIDErrorDomain", -51119), CredentialUnavailable),
        (told("MSIDErrorDomain", -51600), CredentialUnavailable),
        (told("NSCocoaErrorDomain", 4097), CredentialUnavailable),
    ] {
        let request = BrokerSignOutRequest::new(application("organizations"), account());
        let system = Recorder::failing(failure);
        let error = system.extension().sign_out(&request).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn what_is_not_said_to_be_done_is_not() {
    for (answer, kind) in [
        (json!({"success": "1"}), None),
        (json!({"success": true}), None),
        (json!({"success": 1}), None),
        (json!({"success": "YES"}), None),
        (
            json!({"success": "1", "operation_response_type": "operation_generic_response"}),
            None,
        ),
        (json!({"success": "0"}), Some(ErrorKind::Refused)),
        (json!({"success": false}), Some(ErrorKind::Refused)),
        (json!({"success": ""}), Some(ErrorKind::Protocol)),
        (json!({"success": []}), Some(ErrorKind::Protocol)),
        (json!({}), Some(ErrorKind::Protocol)),
        (
            json!({"success": "1", "operation_response_type": "operation_token_response"}),
            Some(ErrorKind::Protocol),
        ),
    ] {
        let done = reply::done(&reply(&answer));
        assert_eq!(done.err().map(|error| error.kind()), kind, "{answer}");
    }
}
