//! The policy on a chain: who signs, and who is passed by.

use super::*;
use azure_core::http::{
    ClientOptions, Context, Method, Pipeline, Request, Transport, policies::Policy,
};

/// The resource's status, for a client of the SDK with this policy.
async fn me(entra: &Entra, policy: &Arc<dyn Policy>) -> azure_core::Result<u16> {
    let options = ClientOptions {
        per_try_policies: vec![Arc::clone(policy)],
        transport: Some(Transport::new(entra.emulator.transport())),
        ..Default::default()
    };
    let pipeline = Pipeline::new(Some("a-client"), None, options, vec![], vec![], None);
    let url = format!("{}/resource/me", entra.emulator.authority());
    let mut request = Request::new(url.parse().unwrap(), Method::Get);
    let sent = pipeline.send(&Context::new(), &mut request, None).await;
    sent.map(|response| response.status().into())
}

#[cfg(feature = "username-password")]
fn by_password(entra: &Entra) -> ChainLink {
    use crate::{UsernamePasswordCredential, UsernamePasswordCredentialOptions};
    let options = UsernamePasswordCredentialOptions {
        client: entra.client(),
    };
    let credential = UsernamePasswordCredential::new(
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46".into(),
        entra.username(0),
        azure_core::credentials::Secret::new("x"),
        Some(options),
    );
    ChainLink::interactive("password", credential.unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_first_link_that_can_signs_and_stays_the_one() {
    let entra = Entra::start().await;
    let theirs = Theirs::answering(|| Ok("theirs"));
    let silent = entra.credential(|options| options.disable_automatic_authentication = true);
    let asking = entra.credential(|_| {});
    let links = vec![
        ChainLink::new("theirs", Arc::<Theirs>::clone(&theirs)),
        #[cfg(feature = "username-password")]
        by_password(&entra),
        ChainLink::interactive("silent", silent.clone()),
        ChainLink::interactive("asking", asking),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let policy = chain.pop_policy(&[SCOPE]);
    assert_eq!(me(&entra, &policy).await.unwrap(), 200);
    assert_eq!(entra.prompts(), 1);
    // Another could by now.
    silent.authenticate(None).await.unwrap();
    entra.emulator.clear_requests();
    for policy in [policy, chain.pop_policy(&[SCOPE])] {
        assert_eq!(me(&entra, &policy).await.unwrap(), 200);
    }
    assert!(entra.grants().is_empty(), "it has its token");
    assert_eq!(theirs.calls(), 0);
    // A plain request chooses for itself.
    assert_eq!(token(&chain).await.unwrap(), "theirs");
}

#[tokio::test(start_paused = true)]
async fn where_no_link_can_the_error_tells_of_each_and_nothing_is_sent() {
    let entra = Entra::start().await;
    let theirs = Theirs::answering(|| Ok("theirs"));
    let silent = entra.credential(|options| options.disable_automatic_authentication = true);
    let links = vec![
        ChainLink::new("theirs", Arc::<Theirs>::clone(&theirs)),
        #[cfg(feature = "username-password")]
        by_password(&entra),
        ChainLink::interactive("silent", silent),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let policy = chain.pop_policy(&[SCOPE]);
    let error = me(&entra, &policy).await.unwrap_err();
    let error = Error::find(&error).unwrap();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    let text = error.to_string();
    let passed_by = "was not asked, as it cannot be asked for proof-of-possession in a request";
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(lines[0], format!("  theirs: {passed_by}"));
    #[cfg(feature = "username-password")]
    assert_eq!(lines[1], format!("  password: {passed_by}"));
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("  silent: a person has to sign in"),
        "{text}"
    );
    assert_eq!(theirs.calls(), 0);
    assert!(entra.grants().is_empty());
    // Whom a plain request has chosen, and nobody else, though they cannot.
    token(&chain).await.unwrap();
    let error = me(&entra, &policy).await.unwrap_err();
    let text = Error::find(&error).unwrap().to_string();
    assert!(text.contains("uses theirs"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn claims_of_a_resource_reach_the_link_that_signs() {
    let entra = Entra::start().await;
    let links = vec![
        ChainLink::new("theirs", Theirs::answering(|| Ok("theirs"))),
        ChainLink::interactive("ours", entra.credential(|_| {})),
    ];
    let chain = ChainedTokenCredential::new(links).unwrap();
    let bound = |claims: Option<&str>| {
        let options = TokenInfoOptions {
            claims: claims.map(str::to_owned),
            pop: Some(get("n")),
            ..Default::default()
        };
        chain.get_token_info(&[SCOPE], Some(options))
    };
    let first = bound(None).await.unwrap();
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let second = bound(Some(claims)).await.unwrap();
    let inner = |info: &crate::AccessTokenInfo| claim(info.token.secret(), "at");
    assert_ne!(inner(&first), inner(&second));
    let acrs = claim(inner(&second).as_str().unwrap(), "acrs");
    assert_eq!(acrs, serde_json::json!(["c1"]));
}
