//! What it leaves alone, and where it stops.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_never_satisfied_gets_two_requests() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    net.challenge(|_, _| Some(challenge(SILENT)));
    let policy = credential.continuous_access_policy();
    let client = net.client(credential, SCOPE, policy);
    let error = client.put("a.example", "x").await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    assert_eq!(statuses(&net.received()), [401, 401]);
    assert_eq!(entra.prompts(), 1);
    // Nor is the authority asked for the same again and again, or the person.
    for _ in 0..5 {
        client.put("a.example", "x").await.unwrap_err();
    }
    let before = entra.grants().len();
    assert_eq!(before, 2, "the sign-in, and the one answer");
    // What was fresh once may not be any more.
    turn_clock(Duration::from_secs(301)).await;
    client.put("a.example", "x").await.unwrap_err();
    assert_eq!(entra.grants().len(), 3);
}

/// Its demands name the moment, so no two are the same.
#[tokio::test(start_paused = true)]
async fn a_resource_whose_demands_never_end_is_not_served_for_ever() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let count = std::sync::atomic::AtomicUsize::new(0);
    net.challenge(move |_, _| {
        let count = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let claims =
            format!(r#"{{"access_token":{{"nbf":{{"essential":true,"value":"{count}"}}}}}}"#);
        Some(challenge(&claims))
    });
    let policy = credential.continuous_access_policy();
    let client = net.client(credential, SCOPE, policy);
    for _ in 0..20 {
        client.put("a.example", "x").await.unwrap_err();
    }
    assert!(entra.grants().len() <= 8, "{:?}", entra.grants());
    assert_eq!(entra.prompts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_demand_that_cannot_be_asked_for_is_the_resources_affair() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    net.challenge(|_, _| Some(challenge(r#"{"access_token":7}"#)));
    let policy = credential.continuous_access_policy();
    let client = net.client(credential, SCOPE, policy);
    let error = client.put("a.example", "x").await.unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    assert_eq!(net.received().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn in_options_that_all_share_it_never_waits_for_itself() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    // A policy made of one credential sits in the options of another of the same person's, and in
    // its own: what the authority answers is no resource's challenge.
    let first = credential(&entra, &net, true);
    let policy = first.continuous_access_policy();
    let second = entra.credential(|options| {
        options.client.client_options.transport = net.transport();
        options.client.client_options.per_try_policies = vec![policy.clone()];
    });
    let refusal = Reply::new(401)
        .header("www-authenticate", challenge(SILENT))
        .header("content-type", "application/json")
        .body(r#"{"error":"invalid_client","error_description":"no"}"#);
    entra
        .emulator
        .replace_next(Endpoint::DeviceCode, 1, refusal);
    let error = second.get_token(&[SCOPE], None).await.unwrap_err();
    assert_eq!(Error::find(&error).unwrap().kind(), ErrorKind::Refused);
    assert_eq!(
        second.get_token(&[SCOPE], None).await.map(drop).ok(),
        Some(())
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_of_others_and_plain_refusals_pass_through() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    first_token(&*credential, SCOPE).await;
    entra.emulator.clear_requests();
    let policy = credential.continuous_access_policy();
    let theirs = net.client(
        Arc::new(Fixed("somebody.elses.token".into())),
        SCOPE,
        policy.clone(),
    );
    net.challenge(|_, _| Some(challenge(SILENT)));
    theirs.put("a.example", "x").await.unwrap_err();
    let ours = net.client(credential.clone(), SCOPE, policy);
    for header in [
        "Bearer error=\"invalid_token\"".to_owned(),
        "Bearer claims=\"!!!\"".to_owned(),
        "PoP nonce=\"n\"".to_owned(),
        challenge(SILENT).replace("Bearer", "PoP"),
        String::new(),
    ] {
        net.challenge(move |_, _| Some(header.clone()));
        ours.put("a.example", "x").await.unwrap_err();
    }
    assert_eq!(net.received().len(), 6);
    assert!(entra.emulator.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_never_shown_by_the_policy() {
    let entra = Entra::start().await;
    let net = Net::of(&entra);
    let credential = credential(&entra, &net, true);
    let old = first_token(&*credential, SCOPE).await;
    refuse(&net, &old, SILENT);
    let policy = credential.continuous_access_policy();
    let client = net.client(credential, SCOPE, policy.clone());
    client.put("a.example", "x").await.unwrap();
    let shown = format!("{policy:?}");
    for received in net.received() {
        assert!(!shown.contains(&received.token));
    }
}
