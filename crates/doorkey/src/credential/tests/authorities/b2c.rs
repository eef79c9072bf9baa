//! Azure AD B2C: tenant and policy in the address, and accounts of their own for each policy.

use super::{at, entries, sent};
use crate::{
    AuthenticationRecord, ErrorKind, InteractiveBrowserCredential,
    InteractiveBrowserCredentialOptions, InteractiveCredential, TokenInfoOptions,
    account::accounts_with,
    credential::tests::record,
    seams::Environment,
    testing::{
        Entra, SCOPE,
        browser::{Conduct, browser},
        store::WatchedStore,
    },
};
use std::{sync::Arc, time::Duration};

#[tokio::test(start_paused = true)]
async fn b2c_offers_no_device_code() {
    let entra = Entra::start().await;
    let credential = at(
        &entra,
        "https://contoso.b2clogin.com/contoso.example/b2c_1_device",
    );
    let error = credential.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(error.to_string().contains("browser"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_authority_with_a_tenant_is_asked_for_no_other() {
    let entra = Entra::start().await;
    let credential = entra.credential(|options| {
        options.client.authority =
            Some("https://contoso.b2clogin.com/contoso.example/b2c_1_other".into());
        options.client.additionally_allowed_tenants = vec!["*".into()];
    });
    let elsewhere = TokenInfoOptions {
        tenant_id: Some("fabrikam.example".into()),
        ..Default::default()
    };
    let error = credential.get_token_info(&[SCOPE], Some(elsewhere)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("fabrikam.example"), "{error}");
    assert!(entra.emulator.requests().is_empty());
}

/// One host for all policies, and one application.
#[tokio::test]
async fn in_b2c_a_person_is_found_again_by_their_policy() {
    let entra = Entra::start().await;
    let store = Arc::new(WatchedStore::default());
    let client = |policy: &str| crate::PublicClientOptions {
        authority: Some(format!(
            "https://login.policies.example/contoso.example/{policy}"
        )),
        cache_persistence: Some(store.options()),
        ..entra.client()
    };
    let credential = |policy: &str, automatic: bool| {
        let first_person = Conduct::SignIn(entra.username(0));
        let options = InteractiveBrowserCredentialOptions {
            disable_automatic_authentication: !automatic,
            browser: browser(&entra.emulator, first_person, Arc::default()),
            timeout: Some(Duration::from_secs(20)),
            client: client(policy),
            ..Default::default()
        };
        InteractiveBrowserCredential::with_seams(options, entra.seams(&[])).unwrap()
    };
    let mut tokens = Vec::new();
    for policy in ["b2c_1_in", "b2c_1_edit"] {
        let signed_in = credential(policy, true);
        let token = signed_in.get_token_info(&[SCOPE], None).await.unwrap();
        tokens.push((policy, token));
    }
    assert_eq!(entra.grants(), ["authorization_code"; 2]);
    assert_eq!(entries(&store, "Account").await.len(), 2);
    // As Python's library writes it.
    let mut document = store.document(false).await;
    for (_, token) in document["AccessToken"].as_object_mut().unwrap() {
        token.as_object_mut().unwrap().remove("doorkey_tenant");
    }
    store.write(false, &document.to_string()).await;
    entra.emulator.clear_requests();
    for (policy, token) in tokens {
        let silent = credential(policy, false);
        let again = silent.get_token_info(&[SCOPE], None).await.unwrap();
        assert_eq!(again.token.secret(), token.token.secret(), "{policy}");
    }
    assert!(sent(&entra).is_empty());
    let environment = Environment::of::<&str>(&[]);
    for policy in ["b2c_1_in", "b2c_1_edit"] {
        let people = accounts_with(&client(policy), &environment).await.unwrap();
        let [person] = people.as_slice() else {
            panic!("{policy}: {people:?}");
        };
        assert!(person.home_account_id.contains(policy), "{person:?}");
    }
    let third = credential("b2c_1_reset", false);
    let error = third.get_token_info(&[SCOPE], None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(entra.grants().is_empty());
}

#[test]
fn a_record_of_another_policy_is_refused_by_both_names() {
    let made = |home_account_id: &str| {
        InteractiveBrowserCredential::new(Some(InteractiveBrowserCredentialOptions {
            authentication_record: Some(AuthenticationRecord {
                authority: "contoso.b2clogin.com".into(),
                home_account_id: home_account_id.into(),
                ..record()
            }),
            client: crate::PublicClientOptions {
                authority: Some("https://contoso.b2clogin.com/contoso.example/b2c_1_edit".into()),
                ..Default::default()
            },
            ..Default::default()
        }))
    };
    made("oid-b2c_1_edit.tid").unwrap();
    made("oid-B2C_1_Edit.tid").unwrap();
    let error = made("oid-b2c_1_in.tid").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    for part in ["b2c_1_edit", "b2c_1_in", "authentication_record"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}
