//! What servers say instead of a token, and what may be sent after it.

use super::*;

fn fault(code: &str, subcode: Option<&str>, reason: &str) -> String {
    let subcode = subcode.map_or(String::new(), |subcode| {
        format!(r#"<s:Subcode><s:Value xmlns:a="urn:x">a:{subcode}</s:Value></s:Subcode>"#)
    });
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:{code}</s:Value>{subcode}</s:Code><s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#
    )
}

/// As servers that read SOAP 1.2 answer what they cannot take for it (SOAP 1.2, appendix A).
fn fault_1_1(code: &str, reason: &str) -> String {
    format!(
        r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>e:{code}</faultcode><faultstring>{reason}</faultstring></e:Fault></e:Body></e:Envelope>"#
    )
}

#[tokio::test(start_paused = true)]
async fn a_server_that_judged_nothing_is_asked_again() {
    let entra = Entra::start().await;
    for body in [
        fault("Receiver", None, "The server is busy."),
        fault("Receiver", Some("InternalServiceFault"), "ID3234"),
        fault_1_1("Server", "The server is busy."),
    ] {
        let reply = Reply::new(503).header("retry-after", "7").body(body);
        entra.emulator.clear_requests();
        entra.emulator.replace_next(Endpoint::WsTrust, 1, reply);
        let credential = person(&entra, "avery@adatum.example");
        let error = refused(&credential, SCOPE).await;
        assert_eq!(error.kind(), ErrorKind::Network, "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        assert!(!error.to_string().contains("check them"), "{error}");
        assert_eq!(entra.requests_to(Endpoint::WsTrust).len(), 1);
        tokio::time::sleep(Duration::from_secs(8)).await;
        credential.get_token(&[SCOPE], None).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_refused_in_other_words_is_not_sent_again_either() {
    let entra = Entra::start().await;
    for (reply, advice) in [
        (
            Reply::new(500).body(fault("Sender", Some("FailedAuthentication"), "ID3242")),
            "its password expired",
        ),
        (
            Reply::new(500).body(fault_1_1("Client", "Authentication failed.")),
            "password",
        ),
        // So ADFS answers a clock that is off by more than five minutes.
        (
            Reply::new(500).body(fault(
                "Sender",
                Some("InvalidSecurity"),
                "An error occurred",
            )),
            "clock",
        ),
        (Reply::new(500).body(fault("Sender", None, "")), "clock"),
        (
            Reply::new(401).body("<html>Unauthorized</html>"),
            "password",
        ),
    ] {
        entra.emulator.clear_requests();
        entra.emulator.replace_next(Endpoint::WsTrust, 1, reply);
        let credential = person(&entra, "avery@adatum.example");
        let error = refused(&credential, SCOPE).await;
        assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
        assert!(error.to_string().contains(advice), "{error}");
        assert!(!error.to_string().contains("()"), "{error}");
        refused(&credential, OTHER_SCOPE).await;
        assert_eq!(entra.requests_to(Endpoint::WsTrust).len(), 1, "{error}");
    }
}

/// Azure AD B2C calls a wrong password `access_denied`.
#[tokio::test(start_paused = true)]
async fn a_policy_refuses_a_password_once_and_knows_no_realm() {
    let entra = Entra::start().await;
    let credential = credential(&entra, "adele@contoso.example", "wrong", |client| {
        client.authority = Some("https://password.b2clogin.com/contoso.example/b2c_1_ropc".into());
    });
    let credential = credential.unwrap();
    let body = r#"{"error":"access_denied","error_description":"AADB2C90225: The username or password provided in the request are invalid."}"#;
    entra
        .emulator
        .replace_next(Endpoint::Token, 1, Reply::new(400).body(body));
    let error = refused(&credential, SCOPE).await;
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(!error.to_string().contains("declined"), "{error}");
    refused(&credential, OTHER_SCOPE).await;
    assert_eq!(entra.requests_to(Endpoint::Token).len(), 1);
    let paths = entra.emulator.requests();
    assert!(
        !paths
            .iter()
            .any(|request| request.path.contains("userrealm")),
        "{paths:?}"
    );
}

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

#[tokio::test(start_paused = true)]
async fn an_authority_that_asks_to_be_left_alone_is() {
    let entra = Entra::start().await;
    for (username, endpoint) in [
        ("adele@contoso.example", Endpoint::UserRealm),
        ("adele@contoso.example", Endpoint::Token),
        ("avery@adatum.example", Endpoint::WsTrust),
        ("avery@adatum.example", Endpoint::Token),
    ] {
        entra.emulator.clear_requests();
        let overrun = Reply::new(429).header("retry-after", "60");
        entra.emulator.replace_next(endpoint, 1, overrun);
        let credential = person(&entra, username);
        refused(&credential, SCOPE).await;
        let sent = requests(&entra).len();
        for scope in [SCOPE, OTHER_SCOPE] {
            let error = refused(&credential, scope).await;
            assert_eq!(error.kind(), ErrorKind::Network, "{error}");
            assert!(error.retry_after() <= Some(Duration::from_secs(60)));
        }
        assert_eq!(requests(&entra).len(), sent, "{username} {endpoint:?}");
        tokio::time::sleep(Duration::from_secs(61)).await;
        credential.get_token(&[SCOPE], None).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn members_of_another_shape_do_not_lose_the_token() {
    let entra = Entra::start().await;
    for change in [
        r#"{"cloud_audience_urn":null}"#,
        r#"{"cloud_audience_urn":""}"#,
        r#"{"federation_active_auth_url":7}"#,
    ] {
        entra.emulator.replace_next(
            Endpoint::UserRealm,
            1,
            Reply::altered(move |body| {
                let change: serde_json::Value = serde_json::from_str(change).unwrap();
                for (name, value) in change.as_object().unwrap() {
                    body[name] = value.clone();
                }
            }),
        );
        let credential = person(&entra, "avery@adatum.example");
        let outcome = credential.get_token(&[SCOPE], None).await;
        outcome.unwrap_or_else(|error| panic!("{change}: {error}"));
    }
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

/// The organization has taken the password then.
#[tokio::test(start_paused = true)]
async fn a_refused_assertion_is_no_wrong_password() {
    let entra = Entra::start().await;
    for (code, advice) in [
        (50_107, "mend the federation"),
        (50_008, "mend the federation"),
        (50_034, "synchronized"),
        (50_076, "second factor"),
    ] {
        entra.emulator.clear_requests();
        let reply = Reply::refusal("invalid_grant", code, None, None);
        entra.emulator.replace_next(Endpoint::Token, 1, reply);
        let credential = person(&entra, "avery@adatum.example");
        let error = refused(&credential, SCOPE).await;
        let told = error.to_string();
        assert!(told.contains(advice), "{told}");
        assert!(!told.contains("with the user name and password"), "{told}");
        // So it is asked again, as the administrator may have mended it.
        credential.get_token(&[SCOPE], None).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_reached_is_named_as_whose_it_is() {
    let entra = Entra::start().await;
    for endpoint in [Endpoint::FederationMetadata, Endpoint::WsTrust] {
        entra.emulator.replace_next(endpoint, 3, Reply::stall());
        let credential = person(&entra, "avery@adatum.example");
        let error = refused(&credential, SCOPE).await;
        assert_eq!(error.kind(), ErrorKind::Network);
        assert!(
            error.to_string().contains("the organization's own"),
            "{error}"
        );
        assert!(entra.requests_to(Endpoint::WsTrust).len() < 2);
        entra.emulator.clear_requests();
    }
}

/// As Entra ID describes them: federated with a server whose metadata are for no program.
#[tokio::test(start_paused = true)]
async fn a_personal_account_is_told_by_its_realm() {
    let entra = Entra::start().await;
    let realm = serde_json::json!({
        "ver": "1.0", "account_type": "Federated", "domain_name": "live.com",
        "federation_protocol": "WSTrust", "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        "federation_metadata_url":
            "https://login.live.com/FederationMetadata/2007-06/FederationMetadata.xml",
        "federation_active_auth_url": "https://login.live.com/rst2.srf",
    });
    let reply = Reply::new(200).body(realm.to_string());
    entra.emulator.replace_next(Endpoint::UserRealm, 1, reply);
    let credential = credential(&entra, "riley@personal.example", "x", |_| {}).unwrap();
    let error = refused(&credential, SCOPE).await;
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
    assert!(error.to_string().contains("personal account"), "{error}");
    assert_eq!(entra.emulator.requests().len(), 1);
}
