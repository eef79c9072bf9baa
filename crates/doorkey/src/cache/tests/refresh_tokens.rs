//! Whose refresh tokens serve whom, what takes their place, and what ends them.

use super::*;

fn renewal(owner: Owner<'_>, used: &str, tokens: Tokens) -> Change {
    let event = Event::Renewed {
        reply: reply(&["a"], tokens),
        used: Sensitive::new(used),
        borrowed: false,
    };
    by(owner, event)
}

/// A refresh token as MSAL.NET and older libraries key it.
fn foreign(client: &str, secret: &str, modified: Option<&str>, family: Option<&str>) -> Value {
    let mut entry = json!({
        "credential_type": "RefreshToken", "secret": secret, "home_account_id": HOME,
        "environment": HOST, "client_id": client,
    });
    if let Some(modified) = modified {
        entry["last_modification_time"] = modified.into();
    }
    if let Some(family) = family {
        entry["family_id"] = family.into();
    }
    entry
}

#[test]
fn refresh_tokens_are_found_by_content_the_newest_of_our_own_first_and_each_once() {
    let cache = cache_of(&json!({
        "RefreshToken": {
            format!("{HOME}-{HOST}-refreshtoken-{CLIENT}--"): foreign(CLIENT, "no time", None, None),
            "any key": foreign(CLIENT, "newest", Some("9"), Some("1")),
            format!("{HOME}-{HOST}-refreshtoken-1--"): foreign(CLIENT, "newest", Some("9"), Some("1")),
            "sibling": foreign("other", "sibling", Some("99"), Some("1")),
            "stranger": foreign("stranger", "stranger", Some("99"), None),
        },
    }));
    assert_eq!(
        refresh_tokens(&cache, OWNER),
        ["newest", "no time", "sibling"]
    );
}

#[test]
fn an_application_that_has_left_its_family_does_not_use_its_tokens() {
    let sibling = json!({ "sibling": foreign("other", "sibling", None, Some("1")) });
    let with = |metadata: Value| {
        cache_of(&json!({ "RefreshToken": sibling, "AppMetadata": { "m": metadata } }))
    };
    let never_seen = cache_of(&json!({ "RefreshToken": sibling }));
    assert_eq!(refresh_tokens(&never_seen, OWNER), ["sibling"]);
    let member = with(json!({"client_id": CLIENT, "environment": HOST, "family_id": "1"}));
    assert_eq!(refresh_tokens(&member, OWNER), ["sibling"]);
    for left in [json!(null), json!(""), json!("2")] {
        let left = with(json!({"client_id": CLIENT, "environment": HOST, "family_id": left}));
        assert!(refresh_tokens(&left, OWNER).is_empty());
    }

    let mut cache = member;
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    let mut without_foci = tokens("two", None, NOW + 9);
    without_foci.family_id = None;
    cache.apply(false, &renewal(OWNER, "refresh one", without_foci));
    assert_eq!(refresh_tokens(&cache, OWNER), ["refresh two"]);
    let document = written(&cache, false);
    assert_eq!(document["RefreshToken"]["sibling"]["secret"], "sibling");
    let metadata = document["AppMetadata"].as_object().unwrap();
    assert_eq!(metadata.len(), 1);
    assert_eq!(metadata["m"]["family_id"], Value::Null);
}

#[test]
fn rt_being_added_by_a_sign_in_replaces_every_older_one() {
    let mut cache = cache_of(&json!({
        "RefreshToken": {
            "any key": foreign(CLIENT, "old", Some("9"), Some("1")),
            "twin": foreign("other", "old", Some("9"), Some("1")),
            "sibling": foreign("other", "sibling", Some("9"), Some("1")),
        },
    }));
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    assert_eq!(refresh_tokens(&cache, OWNER), ["refresh one", "sibling"]);
    cache.apply(false, &sign_in(OWNER, &["b"], tokens("two", None, NOW + 9)));
    assert_eq!(refresh_tokens(&cache, OWNER), ["refresh two", "sibling"]);
}

#[test]
fn rt_being_updated_and_old_rt_data_with_wrong_key_should_still_be_salvaged_into_new_rt() {
    let mut cache = cache_of(&json!({
        "Account": { "a": {"home_account_id": HOME, "environment": HOST} },
        "RefreshToken": {
            "any key": {
                "secret": "old", "home_account_id": HOME, "environment": HOST,
                "client_id": CLIENT, "family_id": "1", "more": [1],
            },
            "twin": foreign("other", "old", None, Some("1")),
        },
    }));
    cache.apply(false, &renewal(OWNER, "old", tokens("one", None, NOW + 9)));
    let document = written(&cache, false);
    let entries = document["RefreshToken"].as_object().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries.values() {
        assert_eq!(entry["secret"], "refresh one");
        assert_eq!(entry["last_modification_time"], "1764020000");
        assert_eq!(entry["family_id"], "1");
    }
    assert_eq!(entries["any key"]["more"], json!([1]));
    assert_eq!(entries["twin"]["client_id"], "other");
    assert_eq!(
        document["Account"]["a"]["username"],
        Value::Null,
        "a renewal brings no account"
    );
}

#[test]
fn a_renewal_that_comes_after_a_sign_out_keeps_nothing() {
    let mut cache = TokenCache::default();
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    cache.apply(false, &by(OWNER, Event::SignedOut { family: Vec::new() }));
    let after = written(&cache, false);
    cache.apply(
        false,
        &renewal(OWNER, "refresh one", tokens("two", None, NOW + 9)),
    );
    assert_eq!(written(&cache, false), after);
    assert_eq!(
        after.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["AppMetadata"]
    );
}

#[test]
fn signing_out_takes_what_is_the_applications_and_its_familys_and_nothing_else() {
    let mut cache = TokenCache::default();
    let sibling = Owner {
        client_id: "sibling",
        ..OWNER
    };
    let stranger = Owner {
        client_id: "stranger",
        ..OWNER
    };
    let neighbour = Owner {
        home_account_id: "b.t",
        ..OWNER
    };
    let alone = |secret| {
        let mut tokens = tokens(secret, None, NOW + 9);
        tokens.family_id = None;
        tokens
    };
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    cache.apply(
        false,
        &sign_in(sibling, &["a"], tokens("two", None, NOW + 9)),
    );
    cache.apply(false, &sign_in(stranger, &["a"], alone("three")));
    cache.apply(
        false,
        &sign_in(neighbour, &["a"], tokens("four", None, NOW + 9)),
    );
    cache.apply(false, &by(OWNER, Event::SignedOut { family: Vec::new() }));
    for gone in [OWNER, sibling] {
        assert!(
            cache
                .access_token(gone, REALM, &["a"], false, NOW)
                .is_none()
        );
        assert!(refresh_tokens(&cache, gone).is_empty());
    }
    assert_eq!(refresh_tokens(&cache, stranger), ["refresh three"]);
    assert_eq!(refresh_tokens(&cache, neighbour), ["refresh four"]);
    let accounts = |cache: &TokenCache| written(cache, false)["Account"].as_object().unwrap().len();
    assert_eq!(accounts(&cache), 2, "the stranger still needs the account");
    cache.apply(
        false,
        &by(stranger, Event::SignedOut { family: Vec::new() }),
    );
    assert_eq!(accounts(&cache), 1);
}

#[test]
fn a_dead_refresh_token_goes_with_its_twins_alone() {
    let mut cache = TokenCache::default();
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    let refresh_token = Sensitive::new("refresh one");
    cache.apply(false, &by(OWNER, Event::Died { refresh_token }));
    assert!(refresh_tokens(&cache, OWNER).is_empty());
    assert_eq!(found(&cache, &["a"], false).as_deref(), Some("one"));
}

#[test]
fn people_are_those_of_the_application_or_else_of_its_family() {
    let mut cache = TokenCache::default();
    let sibling = Owner {
        client_id: "sibling",
        home_account_id: "b.t",
        ..OWNER
    };
    cache.apply(
        false,
        &sign_in(sibling, &["a"], tokens("two", None, NOW + 9)),
    );
    let names = |cache: &TokenCache| {
        let people = cache.people(OWNER, true, KnownBy::Renewal);
        people
            .into_iter()
            .map(|person| person.home_account_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&cache), ["b.t"]);
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    assert_eq!(names(&cache), [HOME]);
    let listed: Vec<_> = cache
        .signed_in(OWNER, NOW)
        .into_iter()
        .map(|one| one.client_id)
        .collect();
    assert_eq!(listed, ["sibling", CLIENT]);
}

#[test]
fn an_application_that_signed_out_stays_so_beside_a_stranger() {
    let stranger = Owner {
        client_id: "stranger",
        ..OWNER
    };
    let mut cache = TokenCache::default();
    let plain = |s: &str| Tokens {
        family_id: None,
        ..tokens(s, None, NOW + 3600)
    };
    cache.apply(false, &sign_in(OWNER, &["a"], plain("ours")));
    cache.apply(false, &sign_in(stranger, &["a"], plain("theirs")));
    cache.apply(false, &by(OWNER, Event::SignedOut { family: Vec::new() }));
    assert!(refresh_tokens(&cache, OWNER).is_empty());
    cache.apply(false, &renewal(OWNER, "refresh ours", plain("newer")));
    assert!(refresh_tokens(&cache, OWNER).is_empty(), "resurrected");
}
