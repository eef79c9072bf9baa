//! People of every kind, from their sign-in to the silent next run.

use super::*;
use crate::{AuthenticationRecord, MemoryStore, TokenCachePersistenceOptions};
use std::sync::Arc;

const VAULT: &str = "https://vault.azure.net/.default";

fn persistence() -> Option<TokenCachePersistenceOptions> {
    Some(TokenCachePersistenceOptions {
        store: Some(Arc::new(MemoryStore::default())),
        ..Default::default()
    })
}

fn asking(scope: &str, claims: Option<&str>) -> Option<AuthenticateOptions> {
    Some(AuthenticateOptions {
        scopes: vec![scope.into()],
        claims: claims.map(str::to_owned),
        ..Default::default()
    })
}

/// A personal account as a guest, whose id token does not say how it is called.
#[tokio::test(start_paused = true)]
async fn a_guest_without_a_name_is_silent_next_time() {
    let entra = Entra::start().await;
    let riley = entra.emulator.users().iter().find(|user| user.nameless);
    let riley = riley.unwrap().clone();
    entra.person_answers(Answer::As(riley.username.clone()));
    let cache = persistence();
    let first = entra.credential(|options| {
        options.client.tenant_id = Some("contoso.example".into());
        options.client.cache_persistence.clone_from(&cache);
    });
    let record = first.authenticate(asking(SCOPE, None)).await.unwrap();
    assert_eq!(record.username, "");
    assert_eq!(
        record.home_account_id,
        format!("{}.{}", riley.object_id, riley.tenant_id)
    );
    // By the record, by its JSON, and by being the only one.
    let json = AuthenticationRecord::deserialize(&record.serialize()).unwrap();
    for record in [Some(record), Some(json), None] {
        let next = entra.credential(|options| {
            options.authentication_record = record;
            options.disable_automatic_authentication = true;
            options.client.tenant_id = Some("contoso.example".into());
            options.client.cache_persistence.clone_from(&cache);
        });
        for scope in [SCOPE, OTHER_SCOPE] {
            token(&*next, scope).await.unwrap();
        }
    }
    assert_eq!(entra.prompts(), 1);
}

/// Two people with one user name, in one cache: each record is silent for its own.
#[tokio::test(start_paused = true)]
async fn namesakes_in_one_cache_get_their_own_tokens() {
    let entra = Entra::start().await;
    entra.person_answers(Answer::As("sam@contoso.example".into()));
    let cache = persistence();
    let mut records = Vec::new();
    for tenant in ["contoso.example", "fabrikam.example"] {
        let credential = entra.credential(|options| {
            options.client.tenant_id = Some(tenant.into());
            options.client.cache_persistence.clone_from(&cache);
        });
        records.push(credential.authenticate(asking(SCOPE, None)).await.unwrap());
    }
    assert_eq!(records[0].username, records[1].username);
    assert_ne!(records[0].home_account_id, records[1].home_account_id);
    let mut secrets = Vec::new();
    for record in records {
        let silent = entra.credential(|options| {
            options.authentication_record = Some(record.clone());
            options.disable_automatic_authentication = true;
            options.client.cache_persistence.clone_from(&cache);
        });
        secrets.push(token(&*silent, SCOPE).await.unwrap());
        token(&*silent, OTHER_SCOPE).await.unwrap();
        let renewal = entra.requests_to(Endpoint::Token).pop().unwrap();
        let (uid, utid) = record.home_account_id.split_once('.').unwrap();
        let route = format!("Oid:{uid}@{utid}");
        assert_eq!(renewal.header("x-anchormailbox"), Some(&*route));
    }
    assert_ne!(secrets[0], secrets[1]);
    assert_eq!(entra.prompts(), 2);
}

/// What a policy demands reaches the caller, who gives it back to `authenticate`.
#[tokio::test(start_paused = true)]
async fn the_claims_of_a_policy_satisfy_it() {
    let entra = Entra::start().await;
    entra.person_answers(Answer::As("finley@contoso.example".into()));
    for enable_cae in [false, true] {
        let credential = entra.credential(|options| {
            options.disable_automatic_authentication = true;
            options.client.enable_cae = enable_cae;
        });
        credential.authenticate(asking(SCOPE, None)).await.unwrap();
        let error = token(&*credential, VAULT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
        assert!(error.needs_person());
        assert_eq!(error.oauth().unwrap().codes, [50_076]);
        assert_eq!(error.scopes(), [VAULT]);
        let claims = error.claims().expect("what it takes");
        assert!(claims.contains("polids"), "{claims}");
        credential
            .authenticate(asking(VAULT, Some(claims)))
            .await
            .unwrap();
        let sent = entra.requests_to(Endpoint::DeviceCode).pop().unwrap();
        let sent = sent.form_value("claims").unwrap();
        assert!(sent.contains("polids"), "{sent}");
        assert_eq!(sent.contains("cp1"), enable_cae, "{sent}");
        token(&*credential, VAULT).await.unwrap();
    }
}
