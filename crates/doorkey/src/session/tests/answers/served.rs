//! What is served.

use super::{Answer, EVER};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use doorkey_emulator::Reply;
use serde_json::{Value, json};
use std::num::NonZeroUsize;

pub(super) fn once(what: &'static str, reply: Reply) -> Answer {
    Answer {
        what,
        reply,
        count: 1,
    }
}

fn set(what: &'static str, member: &'static str, value: Value) -> Answer {
    once(
        what,
        Reply::altered(move |body| body[member] = value.clone()),
    )
}

fn without(what: &'static str, member: &'static str) -> Answer {
    let remove = move |body: &mut Value| {
        body.as_object_mut().map(|members| members.remove(member));
    };
    once(what, Reply::altered(remove))
}

fn html(status: u16) -> Reply {
    let page = "<!DOCTYPE html><title>Welcome to the hotel</title>";
    Reply::new(status)
        .header("content-type", "text/html")
        .body(page)
}

/// Replies of which a token can be made, and some of which none can.
pub(super) fn odd_answers() -> Vec<Answer> {
    vec![
        set("`expires_in` is a string", "expires_in", json!("3599")),
        set("`expires_in` is a float", "expires_in", json!(3599.5)),
        set("`expires_in` is null", "expires_in", json!(null)),
        without("no `expires_in`", "expires_in"),
        set("`expires_in` is 0", "expires_in", json!(0)),
        set("`expires_in` is negative", "expires_in", json!(-5)),
        set("`expires_in` is absurd", "expires_in", json!(1e300)),
        set("`expires_in` is a word", "expires_in", json!("soon")),
        set("`refresh_in` is a string", "refresh_in", json!("1800")),
        set("`refresh_in` is negative", "refresh_in", json!(-1)),
        without("no `scope`", "scope"),
        set("`scope` is null", "scope", json!(null)),
        set("`scope` is an array", "scope", json!(["a", "b"])),
        set("`scope` is a number", "scope", json!(7)),
        once(
            "`scope` in upper case and another order",
            Reply::altered(|body| {
                let scope = body["scope"].as_str().unwrap_or_default().to_uppercase();
                let turned: Vec<_> = scope.rsplit(' ').collect();
                body["scope"] = json!(turned.join(" "));
            }),
        ),
        without("no `client_info`", "client_info"),
        set("`client_info` is not base64", "client_info", json!("!")),
        set("`client_info` is an object", "client_info", json!({})),
        without("no `refresh_token`", "refresh_token"),
        set("`refresh_token` is null", "refresh_token", json!(null)),
        set("`foci` is a number", "foci", json!(1)),
        without("no `token_type`", "token_type"),
        set("`token_type` is `bearer`", "token_type", json!("bearer")),
        set("`token_type` is `pop`", "token_type", json!("pop")),
        set("`token_type` is `N_A`", "token_type", json!("N_A")),
        set("members that nobody knows", "new", json!({"a": [1]})),
        once(
            "an id token without `preferred_username` and `upn`",
            Reply::altered(|body| {
                let id_token = body["id_token"].as_str().unwrap_or_default();
                let parts: Vec<_> = id_token.split('.').collect();
                let payload = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap_or_default();
                let mut claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
                if let Some(claims) = claims.as_object_mut() {
                    claims.remove("preferred_username");
                }
                let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
                body["id_token"] = json!([parts[0], &payload, parts[2]].join("."));
            }),
        ),
        without("no `id_token`", "id_token"),
        set("`id_token` cannot be read", "id_token", json!("a.b.c")),
        without("no `access_token`", "access_token"),
        set("`access_token` is empty", "access_token", json!("")),
        set(
            "`access_token` has a line break",
            "access_token",
            json!("a\r\nb"),
        ),
        once(
            "an error with status 200",
            Reply::altered(|body| {
                *body = json!({
                    "error": "invalid_grant",
                    "error_description": "AADSTS50173: The grant has expired.",
                    "error_codes": [50173],
                });
            }),
        ),
        once(
            "a byte-order mark before the JSON",
            Reply::rewritten(|body| [&b"\xef\xbb\xbf"[..], &body].concat().into()),
        ),
        once(
            "a byte-order mark, and each byte a piece of its own",
            Reply::rewritten(|body| [&b"\xef\xbb\xbf"[..], &body].concat().into())
                .in_pieces(NonZeroUsize::MIN),
        ),
        once(
            "blanks around the JSON",
            Reply::rewritten(|body| [&b"\r\n "[..], &body, b"\n\n"].concat().into()),
        ),
        once(
            "a page of a network that wants a sign-in, status 200",
            html(200),
        ),
        once("a page of a proxy, status 403", html(403)),
        once("a page of a gateway, status 502", html(502)),
        once(
            "a redirect",
            Reply::new(302).header("location", "https://login.example/"),
        ),
        once("nothing, status 200", Reply::new(200)),
        once("JSON that is no object", Reply::new(200).body("[]")),
        once(
            "more than a megabyte",
            Reply::new(200).body(vec![b' '; 2 << 20]),
        ),
        once("a connection that is cut", Reply::cut()),
        once("no answer at all", Reply::stall()),
        once("status 429 without more", Reply::new(429)),
        once(
            "status 429, `Retry-After: 7`",
            Reply::new(429).header("retry-after", "7"),
        ),
        once(
            "status 429, `Retry-After` as a date in 7 s",
            Reply::new(429)
                .header("date", "Wed, 25 Nov 2026 10:00:00 GMT")
                .header("retry-after", "Wed, 25 Nov 2026 10:00:07 GMT"),
        ),
        once(
            "status 429, `Retry-After: 3600`",
            Reply::new(429).header("retry-after", "3600"),
        ),
        once(
            "status 503, `Retry-After: soon`",
            Reply::new(503).header("retry-after", "soon"),
        ),
        once("status 500", Reply::new(500)),
        Answer {
            what: "status 503, for ever",
            reply: Reply::new(503),
            count: EVER,
        },
        once(
            "`temporarily_unavailable`",
            Reply::refusal("temporarily_unavailable", 90033, None, None),
        ),
    ]
}

const CLAIMS: &str = r#"{"access_token":{"polids":{"essential":true,"values":["p"]}}}"#;

/// The refusals that people meet: error, number, suberror, claims.
#[rustfmt::skip]
pub(super) const REFUSALS: &[(&str, u64, Option<&str>, Option<&str>)] = &[
    ("interaction_required", 50072, Some("basic_action"), None),
    ("interaction_required", 50074, Some("basic_action"), None),
    ("invalid_grant", 50076, Some("basic_action"), None),
    ("interaction_required", 50076, Some("basic_action"), Some(CLAIMS)),
    ("invalid_grant", 50078, Some("basic_action"), None),
    ("invalid_grant", 50079, Some("basic_action"), Some(CLAIMS)),
    ("interaction_required", 50158, Some("basic_action"), Some(CLAIMS)),
    ("invalid_grant", 53004, Some("additional_action"), None),
    ("invalid_grant", 53010, Some("additional_action"), None),
    ("login_required", 50058, None, None),
    ("interaction_required", 50132, None, None),
    ("invalid_grant", 50133, Some("bad_token"), None),
    ("invalid_grant", 50173, Some("bad_token"), None),
    ("invalid_grant", 50089, Some("bad_token"), None),
    ("invalid_grant", 700_082, Some("token_expired"), None),
    ("invalid_grant", 70008, Some("bad_token"), None),
    ("invalid_grant", 70043, Some("bad_token"), Some(CLAIMS)),
    ("invalid_grant", 50085, Some("bad_token"), None),
    ("invalid_grant", 50097, Some("device_authentication_failed"), None),
    ("invalid_grant", 65001, Some("consent_required"), None),
    ("consent_required", 65001, None, None),
    ("access_denied", 65004, None, None),
    ("unauthorized_client", 650_052, None, None),
    ("invalid_client", 650_056, None, None),
    ("invalid_grant", 65002, Some("consent_required"), None),
    ("interaction_required", 53000, Some("message_only"), None),
    ("interaction_required", 53001, Some("message_only"), None),
    ("interaction_required", 53002, Some("message_only"), None),
    ("access_denied", 53003, Some("message_only"), Some(CLAIMS)),
    ("access_denied", 530_003, Some("message_only"), None),
    ("unauthorized_client", 50005, Some("protection_policy_required"), None),
    ("interaction_required", 50131, None, None),
    ("invalid_grant", 50129, None, None),
    ("invalid_grant", 50155, Some("device_authentication_failed"), None),
    ("invalid_grant", 50187, None, None),
    ("access_denied", 530_035, Some("message_only"), None),
    ("invalid_grant", 530_084, Some("message_only"), None),
    ("invalid_grant", 50126, None, None),
    ("invalid_grant", 50055, Some("user_password_expired"), None),
    ("invalid_grant", 50144, Some("user_password_expired"), None),
    ("invalid_grant", 50056, None, None),
    ("invalid_grant", 50034, None, None),
    ("invalid_grant", 50053, None, None),
    ("invalid_grant", 50057, None, None),
    ("interaction_required", 16000, None, None),
    ("invalid_grant", 50020, None, None),
    ("invalid_request", 500_208, None, None),
    ("invalid_request", 50128, None, None),
    ("invalid_request", 50059, None, None),
    ("invalid_request", 50194, None, None),
    ("invalid_request", 500_021, None, None),
    ("access_denied", 500_212, None, None),
    ("access_denied", 500_213, None, None),
    ("invalid_grant", 51004, None, None),
    ("invalid_grant", 50105, None, None),
    ("invalid_request", 90002, None, None),
    ("unauthorized_client", 700_016, None, None),
    ("invalid_client", 700_011, None, None),
    ("unauthorized_client", 70001, None, None),
    ("invalid_request", 50011, None, None),
    ("invalid_client", 7_000_218, None, None),
    ("invalid_request", 70004, None, None),
    ("invalid_client", 700_025, None, None),
    ("invalid_resource", 500_011, None, None),
    ("invalid_resource", 650_057, None, None),
    ("invalid_scope", 70011, None, None),
    ("invalid_grant", 50147, None, None),
    ("invalid_grant", 501_481, None, None),
    ("invalid_grant", 54005, None, None),
    ("authorization_declined", 70017, None, None),
    ("bad_verification_code", 70018, None, None),
    ("expired_token", 70019, None, None),
    ("invalid_grant", 50134, None, None),
    ("interaction_required", 50199, None, None),
    ("invalid_request", 50196, None, None),
    ("invalid_grant", 50166, None, None),
    ("server_error", 50033, None, None),
    ("temporarily_unavailable", 50087, None, None),
    ("temporarily_unavailable", 90033, None, None),
    ("invalid_grant", 999_999, Some("client_mismatch"), None),
    ("bad_token", 999_999, None, None),
    ("unknown_error", 999_999, Some("ui_not_allowed"), None),
];
