//! Tokens that are bound to a key: never in the place of a bearer token, nor the other way round.

use super::*;

const KEY: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const LIVING: i64 = NOW + 3_600;

fn bind(secret: &str, key_id: &str, scope: &str, expires_on: i64) -> Change {
    let tokens = Tokens {
        token_type: "pop".into(),
        ..tokens(secret, Some(scope), expires_on)
    };
    let reply = Reply {
        kind: TokenKind::Pop {
            key_id: key_id.into(),
        },
        ..reply(&[scope], tokens)
    };
    let grant = "authorization_code";
    by(OWNER, Event::SignedIn { reply, grant })
}

fn bound(cache: &TokenCache, scope: &str, key_id: &str) -> Option<String> {
    let token = cache.bound_access_token(OWNER, REALM, &[scope], false, key_id)?;
    Some(token.secret.expose().to_owned())
}

#[test]
fn each_kind_is_found_by_its_own_question_alone() {
    let mut cache = TokenCache::default();
    cache.apply(false, &bind("BOUND", KEY, "a", LIVING));
    assert_eq!(found(&cache, &["a"], false), None);
    cache.apply(
        false,
        &sign_in(OWNER, &["a"], tokens("BEARER", Some("a"), LIVING)),
    );
    // Neither has replaced the other.
    assert_eq!(found(&cache, &["a"], false).as_deref(), Some("BEARER"));
    assert_eq!(bound(&cache, "a", KEY).as_deref(), Some("BOUND"));
    // By key, whose name has case, and by scope.
    assert_eq!(bound(&cache, "A", KEY).as_deref(), Some("BOUND"));
    assert_eq!(bound(&cache, "a", &KEY.to_lowercase()), None);
    assert_eq!(bound(&cache, "b", KEY), None);
    // A resource's challenge for bearer tokens is not answered for one.
    assert!(cache.access_token_by_secret(OWNER, "BOUND").is_none());
}

#[test]
fn extra_data_should_also_be_recorded_and_searchable_in_access_token_where_no_other_library_looks()
{
    let mut cache = TokenCache::default();
    cache.apply(false, &bind("BOUND", KEY, "User.Read", LIVING));
    let document = written(&cache, false);
    assert!(document.get("AccessToken").is_none(), "{document}");
    let key = format!("{HOME}-{HOST}-accesstoken_with_authscheme-{CLIENT}-{REALM}-user.read");
    let expected = json!({
        format!("{key}-pop-{KEY}"): {
            "credential_type": "AccessToken_With_AuthScheme", "secret": "BOUND",
            "home_account_id": HOME, "environment": HOST, "client_id": CLIENT, "target": "User.Read",
            "realm": REALM, "token_type": "pop", "key_id": KEY, "cached_at": "1764020000",
            "expires_on": LIVING.to_string(), "extended_expires_on": "1764106399",
            "refresh_on": "1764022399",
        }
    });
    assert_eq!(document["DoorkeyPopAccessToken"], expected);
    let again = cache_of(&document);
    assert_eq!(bound(&again, "User.Read", KEY).as_deref(), Some("BOUND"));
    assert_eq!(written(&again, false), document);
}

#[test]
fn what_another_library_bound_to_its_key_is_nobodys_else() {
    let entry = |token_type: &str, key_id: Option<&str>| {
        let mut entry = json!({
            "secret": "THEIRS", "home_account_id": HOME, "environment": HOST, "client_id": CLIENT,
            "target": "a", "realm": REALM, "token_type": token_type,
            "expires_on": LIVING.to_string(),
        });
        if let Some(key_id) = key_id {
            entry["key_id"] = json!(key_id);
        }
        entry
    };
    for section in ["AccessToken", "DoorkeyPopAccessToken"] {
        for entry in [
            entry("pop", Some("theirs")),
            entry("pop", None),
            entry("Bearer", Some(KEY)),
        ] {
            let cache = cache_of(&json!({ section: { "key": entry } }));
            assert_eq!(found(&cache, &["a"], false), None, "{section} {entry}");
            assert_eq!(bound(&cache, "a", KEY), None, "{section} {entry}");
        }
    }
}

#[test]
fn access_tokens_with_different_key_id_stand_side_by_side_until_a_newer_one_comes() {
    let mut cache = TokenCache::default();
    cache.apply(false, &bind("OF A LOST KEY", "lost", "a", NOW));
    cache.apply(false, &bind("OF ANOTHER PROCESS", "other", "a", LIVING));
    cache.apply(false, &bind("OLD", KEY, "a", LIVING));
    cache.apply(false, &bind("NEW", KEY, "a", LIVING + 1));
    assert_eq!(bound(&cache, "a", KEY).as_deref(), Some("NEW"));
    let theirs = bound(&cache, "a", "other");
    assert_eq!(theirs.as_deref(), Some("OF ANOTHER PROCESS"));
    assert_eq!(bound(&cache, "a", "lost"), None);
    let all = written(&cache, false)["DoorkeyPopAccessToken"].clone();
    assert_eq!(all.as_object().unwrap().len(), 2, "{all}");
}

#[test]
fn a_sign_out_takes_them_along() {
    let mut cache = TokenCache::default();
    cache.apply(false, &bind("BOUND", KEY, "a", LIVING));
    let sign_out = cache.sign_out(identity(OWNER));
    cache.apply(false, &sign_out);
    assert_eq!(bound(&cache, "a", KEY), None);
    assert!(!cache.knows_somebody(false));
}
