//! What a refusal says: the authority's words, and what to do next.

use super::super::reply;
use super::{
    refusals::{BROKER, asking, said, silently, wrapped},
    *,
};
use doorkey::ErrorKind;

#[test]
fn the_authoritys_own_words_are_handed_on() {
    let details = json!({
        "MSIDOAuthErrorKey": "invalid_grant",
        "MSIDOAuthSubErrorKey": "basic_action",
        "MSIDErrorDescriptionKey": "AADSTS50076: more is needed. AADSTS50079",
        "MSIDSTSErrorCodesKey": [50076, "50078", -1, null],
        "MSIDCorrelationIdKey": CORRELATION,
        "MSIDHTTPResponseCodeKey": "400",
    });
    let error = silently(wrapped(-6000, said(BROKER, -51115, &details)));
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    assert!(error.to_string().contains("more is needed"), "{error}");
    let oauth = error.oauth().unwrap();
    assert_eq!(oauth.error, "invalid_grant");
    assert_eq!(oauth.suberror.as_deref(), Some("basic_action"));
    assert_eq!(oauth.codes, [50076, 50078, 50079]);
    assert_eq!(oauth.correlation_id.as_deref(), Some(CORRELATION));
    assert_eq!(oauth.status, Some(400));
    assert!(silently(said(BROKER, -51115, &json!({}))).oauth().is_none());
}

#[test]
fn a_program_that_the_extension_turns_away_is_told_what_to_do() {
    for (code, details, words) in [
        (
            -50000,
            json!({
                "MSALErrorDescriptionKey": "Source application does not match redirect uri host. \
                                            Invalid source app.",
                "MSALInternalErrorCodeKey": -42000,
            }),
            "Invalid source app",
        ),
        (
            -50000,
            json!({"MSALInternalErrorCodeKey": -42011}),
            "redirect URI",
        ),
        (
            -50000,
            json!({"MSALInternalErrorCodeKey": -42403}),
            "show no window",
        ),
    ] {
        let error = asking(wrapped(-6000, said("MSALErrorDomain", code, &details)));
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable, "{error}");
        let text = error.to_string();
        assert!(text.contains(words), "{text}");
        assert!(text.ends_with("sign in by the browser"), "{text}");
        if words != "show no window" {
            assert!(text.contains("msauth.<bundle id>://auth"), "{text}");
            let unsigned = "msauth.com.msauth.unsignedapp://auth";
            assert!(text.contains(unsigned), "{text}");
            assert!(text.contains("not be signed"), "{text}");
        }
    }
}

#[test]
fn what_the_person_can_do_about_a_number_is_said() {
    for (domain, code, within, words) in [
        (BROKER, -51710, 0, "finish or close it"),
        ("MSALErrorDomain", -50000, -42402, "finish or close it"),
        (BROKER, -51810, 0, "in Company Portal"),
        ("MSALErrorDomain", -50007, 0, "in Company Portal"),
        (BROKER, -51821, 0, "in Company Portal"),
        ("MSALErrorDomain", -50000, -42719, "in Company Portal"),
    ] {
        let details = json!({"MSALInternalErrorCodeKey": within});
        let error = asking(said(domain, code, &details));
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_redirect_uri_that_the_authority_refuses_is_named() {
    let details = json!({
        "MSALOAuthErrorKey": "invalid_client",
        "MSALErrorDescriptionKey": "AADSTS900971: No reply address provided.",
        "MSALInternalErrorCodeKey": -42003,
    });
    let error = asking(wrapped(-6000, said("MSALErrorDomain", -50000, &details)));
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    let text = error.to_string();
    assert!(text.contains("msauth.<bundle id>://auth"), "{text}");
    assert!(text.contains("unsignedapp"), "{text}");
}

/// The extension hands on what it does not know of the authority's answer.
#[test]
fn what_a_new_sign_in_has_to_satisfy_is_handed_on() {
    let wanted = r#"{"access_token":{"capolids":{"essential":true,"values":["id"]}}}"#;
    for (claims, told) in [
        (json!(wanted), Some(wanted)),
        (json!("garbage"), None),
        (json!("[]"), None),
        (json!(""), None),
        (json!(7), None),
        (json!(null), None),
    ] {
        let answer = json!({
            "success": "0",
            "error": "interaction_required",
            "claims": claims,
            "trace_id": "trace",
        });
        let refused = reply::done(&reply(&answer)).unwrap_err();
        let oauth = refused.oauth().unwrap();
        assert_eq!(oauth.claims.as_deref(), told, "{claims}");
        assert_eq!(oauth.trace_id.as_deref(), Some("trace"));
    }
}

#[test]
fn a_long_text_is_cut() {
    let details = json!({"MSIDErrorDescriptionKey": "é".repeat(10_000)});
    let error = asking(said(BROKER, -51811, &details));
    assert!(error.to_string().chars().count() < 800, "{error}");
}
