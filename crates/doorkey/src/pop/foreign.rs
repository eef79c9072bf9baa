//! A request that a broker signed by a key of its own, held against what was asked for. It is handed out
//! as it is: what is in it decides what it is good for.

use super::confirmation::{Confirmation, decoded, is_bound_to, parts};
use crate::broker::BrokerPop;
use serde::Deserialize;

/// How far the clocks of a broker and of this machine may be apart, which mostly are one.
const SKEW_SECONDS: i64 = 300;

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Body {
    at: Option<String>,
    ts: f64,
    m: Option<String>,
    u: Option<String>,
    p: Option<String>,
    nonce: Option<String>,
    cnf: Confirmation,
}

/// Says what is wrong with it. `now` is in Unix seconds. The signature is the resource's to check.
pub(crate) fn check_foreign(signed: &str, pop: &BrokerPop, now: i64) -> Result<(), &'static str> {
    const UNREADABLE: &str = "that cannot be read";
    let [header, body, signature] = parts(signed).ok_or(UNREADABLE)?;
    let header: Header = decoded(header).ok_or(UNREADABLE)?;
    let body: Body = decoded(body).ok_or(UNREADABLE)?;
    if !header.typ.eq_ignore_ascii_case("pop") {
        return Err("that is something else");
    }
    if signature.is_empty() || header.alg.eq_ignore_ascii_case("none") {
        return Err("without a signature");
    }
    if (body.ts - now as f64).abs() > SKEW_SECONDS as f64 {
        return Err("of another time; check this machine's clock");
    }
    let is_host = |host: &String| host.eq_ignore_ascii_case(&pop.host);
    // One that names less is good for more.
    let is_as_asked = body.m.as_ref() == Some(&pop.http_method)
        && body.u.as_ref().is_some_and(is_host)
        && body.p.as_ref() == Some(&pop.path);
    if !is_as_asked {
        return Err("for another method, host or path, or one that does not name them all");
    }
    if body.nonce.as_ref() != Some(&pop.nonce) {
        return Err("with another nonce");
    }
    let at = body.at.filter(|at| !at.is_empty());
    let at = at.ok_or("without an access token in it")?;
    let mut key = body.cnf.names().ok_or(UNREADABLE)?;
    key.extend(header.kid);
    if is_bound_to(&at, &key) == Some(false) {
        return Err("around a token that is not bound to its key");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pop::SignedParts;
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    const NOW: i64 = 1_764_020_000;

    fn encoded(part: &Value) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
    }

    fn bound_to(key_id: &str) -> Value {
        let claims = json!({"cnf": {"kid": key_id}});
        json!(format!("e30.{}.c2ln", encoded(&claims)))
    }

    fn check(header: &Value, body: &Value) -> Result<(), &'static str> {
        let asked = BrokerPop::new("ours", "GET", "graph.microsoft.com", "/v1.0/me", "n");
        check_foreign(&signed(header, body), &asked, NOW)
    }

    /// With these members in the place of the right ones.
    fn signed(header: &Value, body: &Value) -> String {
        let mut parts = [
            json!({"alg": "RS256", "typ": "pop", "kid": "theirs"}),
            json!({
                "at": bound_to("theirs"), "ts": NOW, "m": "GET", "u": "graph.microsoft.com",
                "p": "/v1.0/me", "nonce": "n", "cnf": {"kid": "theirs"}, "q": [[], "x"],
            }),
        ];
        for (part, changes) in parts.iter_mut().zip([header, body]) {
            for (name, value) in changes.as_object().unwrap() {
                part[name] = value.clone();
            }
        }
        let [header, body] = parts.map(|part| encoded(&part));
        format!("{header}.{body}.c2ln")
    }

    #[test]
    fn a_signed_request_is_the_one_that_was_asked_for() {
        let jwk = json!({"jwk": {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}});
        // Computed with Python's `hashlib`.
        let thumbprint = "RDgNRYDb79jbk-P-ajJnMZumfDir5astRaQ6H-xiOCM";
        for (header, body) in [
            (json!({}), json!({})),
            (json!({}), json!({"ts": NOW as f64 + 0.5})),
            (json!({}), json!({"ts": NOW - 300})),
            (json!({}), json!({"u": "Graph.Microsoft.com"})),
            (json!({}), json!({"at": "opaque"})),
            (
                json!({"kid": null}),
                json!({"cnf": jwk, "at": bound_to(thumbprint)}),
            ),
            (
                json!({"kid": "x"}),
                json!({"cnf": jwk, "at": bound_to(thumbprint)}),
            ),
        ] {
            assert_eq!(check(&header, &body), Ok(()), "{header} {body}");
            // And the policy can send it.
            let parts = SignedParts::of(&signed(&header, &body));
            assert!((parts.signed_on.unwrap() - NOW).abs() <= 300, "{body}");
        }
        for (header, what) in [
            (json!({"typ": "JWT"}), "something else"),
            (json!({"typ": "dpop+jwt"}), "something else"),
            (json!({"typ": null}), "cannot be read"),
            (json!({"alg": "None"}), "without a signature"),
            (json!({"alg": null}), "cannot be read"),
        ] {
            let error = check(&header, &json!({})).unwrap_err();
            assert!(error.contains(what), "{header}: {error}");
        }
        for (body, what) in [
            (json!({"ts": NOW - 301}), "another time"),
            (json!({"ts": NOW + 301}), "another time"),
            (json!({"ts": null}), "cannot be read"),
            (json!({"m": "POST"}), "another method"),
            (json!({"m": "get"}), "another method"),
            (json!({"m": null}), "another method"),
            (json!({"u": "evil.example"}), "another method"),
            (json!({"u": "graph.microsoft.com:8443"}), "another method"),
            (json!({"u": null}), "another method"),
            (json!({"p": "/"}), "another method"),
            (json!({"p": null}), "another method"),
            (json!({"nonce": "N"}), "another nonce"),
            (json!({"nonce": null}), "another nonce"),
            (json!({"at": ""}), "without an access token"),
            (json!({"at": null}), "without an access token"),
            (json!({"at": "e30.e30.c2ln"}), "not bound"),
            (json!({"at": bound_to("ours")}), "not bound"),
            (json!({"cnf": null}), "cannot be read"),
            (json!({"cnf": {"jwk": {"kty": "oct"}}}), "cannot be read"),
        ] {
            let error = check(&json!({}), &body).unwrap_err();
            assert!(error.contains(what), "{body}: {error}");
        }
    }

    #[test]
    fn what_is_no_signed_request_is_refused() {
        let asked = BrokerPop::new("ours", "GET", "graph.microsoft.com", "/v1.0/me", "n");
        let unsigned = format!("{0}.{0}.", encoded(&json!({})));
        let array = format!("{0}.{0}.c2ln", encoded(&json!([])));
        for other in ["", "a", "a.b", "a.b.c", "a.b.c.d", &unsigned, &array] {
            let error = check_foreign(other, &asked, NOW).unwrap_err();
            assert!(error.contains("cannot be read"), "{other}: {error}");
        }
    }
}
