//! What servers say instead of a token, and what may be sent after it.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_authority_that_nobody_vouches_for_is_told_nothing() {
    let entra = Entra::start().await;
    let credential = credential(&entra, "avery@adatum.example", "x", |client| {
        client.authority = Some("https://login.unknown-to-microsoft.example".into());
        client.tenant_id = Some("contoso.example".into());
    });
    let error = refused(&credential.unwrap(), SCOPE).await;
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert_eq!(requests(&entra), [Endpoint::InstanceDiscovery]);
}

/// Many clients of a new program ask at once, for whatever they need.
#[tokio::test(start_paused = true)]
async fn a_herd_submits_a_wrong_password_once() {
    let entra = Entra::start().await;
    for (username, endpoint) in [
        ("adele@contoso.example", Endpoint::Token),
        ("avery@adatum.example", Endpoint::WsTrust),
    ] {
        entra.emulator.clear_requests();
        let credential = credential(&entra, username, "wrong", |_| {}).unwrap();
        let scopes = [SCOPE, OTHER_SCOPE, ARM].into_iter().cycle().take(20);
        let all = scopes.map(|scope| refused(&credential, scope));
        futures_util::future::join_all(all).await;
        assert_eq!(entra.requests_to(endpoint).len(), 1, "{username}");
    }
}

/// An application may be given no refresh token, or one that its tenant has revoked.
#[tokio::test(start_paused = true)]
async fn a_password_follows_a_refresh_token_that_is_no_more() {
    let entra = Entra::start().await;
    let credential = person(&entra, "adele@contoso.example");
    credential.get_token(&[SCOPE], None).await.unwrap();
    entra
        .emulator
        .revoke_refresh_tokens("adele@contoso.example");
    credential.get_token(&[OTHER_SCOPE], None).await.unwrap();
    assert_eq!(entra.grants(), ["password", "refresh_token", "password"]);
    // Not for trouble of the network.
    entra
        .emulator
        .replace_next(Endpoint::Token, 3, Reply::new(503));
    let error = refused(&credential, "https://graph.microsoft.com/.default").await;
    assert_eq!(error.kind(), ErrorKind::Network);
    assert!(!entra.grants()[3..].contains(&"password".to_owned()));
}
