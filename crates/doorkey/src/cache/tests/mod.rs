mod bound_tokens;
mod refresh_tokens;

use super::*;
use crate::{
    scopes::Scopes,
    tokens::{TokenKind, Tokens},
};
use serde_json::{Value, json};

const HOME: &str = "11111111-2222-3333-4444-555555555555.aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const HOST: &str = "login.microsoftonline.com";
const CLIENT: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const REALM: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const NOW: i64 = 1_764_020_000;
const OWNER: Owner<'_> = Owner {
    home_account_id: HOME,
    environment: HOST,
    aliases: &[],
    client_id: CLIENT,
};

fn tokens(secret: &str, scope: Option<&str>, expires_on: i64) -> Tokens {
    Tokens {
        access_token: Sensitive::new(secret),
        is_signed_request: false,
        token_type: "Bearer".into(),
        received_on: NOW,
        expires_on,
        extended_expires_on: 1_764_106_399,
        refresh_on: Some(1_764_022_399),
        refresh_token: Some(Sensitive::new(format!("refresh {secret}"))),
        id_token: Some(crate::testing::id_token("Alice@Contoso.com")),
        client_info: None,
        account: None,
        scope: scope.map(Into::into),
        family_id: Some("1".into()),
    }
}

fn reply(requested: &[&str], tokens: Tokens) -> Reply {
    Reply {
        asked_tenant: None,
        realm: REALM.into(),
        requested: Scopes::parse(requested).unwrap(),
        kind: TokenKind::Bearer,
        tokens,
    }
}

fn identity(owner: Owner<'_>) -> Identity {
    Identity {
        home_account_id: owner.home_account_id.into(),
        environment: owner.environment.into(),
        aliases: owner.aliases.to_vec(),
        client_id: owner.client_id.into(),
    }
}

fn by(owner: Owner<'_>, event: Event) -> Change {
    Change::new(identity(owner), event)
}

fn sign_in(owner: Owner<'_>, requested: &[&str], tokens: Tokens) -> Change {
    let reply = reply(requested, tokens);
    let grant = "authorization_code";
    by(owner, Event::SignedIn { reply, grant })
}

/// A half that was read from `document`.
fn cache_of(document: &Value) -> TokenCache {
    let reading = Document::read(document.to_string().as_bytes());
    assert!(reading.damage.is_none(), "{:?}", reading.damage);
    let mut cache = TokenCache::default();
    cache.without_cae.document = reading.document;
    cache
}

fn written(cache: &TokenCache, cae: bool) -> Value {
    serde_json::from_slice(&cache.half(cae).document.write()).unwrap()
}

fn found(cache: &TokenCache, scopes: &[&str], cae: bool) -> Option<String> {
    let token = cache.access_token(OWNER, REALM, scopes, cae, NOW)?;
    Some(token.secret.expose().to_owned())
}

fn refresh_tokens(cache: &TokenCache, owner: Owner<'_>) -> Vec<String> {
    let candidates = cache.refresh_candidates(owner, false);
    let secrets = candidates.iter().map(|candidate| candidate.secret.expose());
    secrets.map(ToOwned::to_owned).collect()
}

#[test]
fn add_by_aad_writes_the_document_of_msal_for_python() {
    let mut cache = TokenCache::default();
    let scope = "User.Read https://graph.microsoft.com/.default openid profile email";
    let tokens = tokens("AT", Some(scope), 1_764_024_799);
    cache.apply(false, &sign_in(OWNER, &["User.Read"], tokens));

    let target = "User.Read email https://graph.microsoft.com/.default openid profile";
    let lower = target.to_lowercase();
    let expected = json!({
        "AccessToken": {
            format!("{HOME}-{HOST}-accesstoken-{CLIENT}-{REALM}-{lower}"): {
                "credential_type": "AccessToken", "secret": "AT", "home_account_id": HOME,
                "environment": HOST, "client_id": CLIENT, "target": target, "realm": REALM,
                "token_type": "Bearer", "cached_at": "1764020000", "expires_on": "1764024799",
                "extended_expires_on": "1764106399", "refresh_on": "1764022399",
            }
        },
        "Account": {
            format!("{HOME}-{HOST}-{REALM}"): {
                "home_account_id": HOME, "environment": HOST, "realm": REALM,
                "local_account_id": "11111111-2222-3333-4444-555555555555",
                "username": "Alice@Contoso.com", "authority_type": "MSSTS",
                "account_source": "authorization_code",
            }
        },
        "IdToken": {
            format!("{HOME}-{HOST}-idtoken-{CLIENT}-{REALM}-"): {
                "credential_type": "IdToken",
                "secret": "header.payload.signature",
                "home_account_id": HOME, "environment": HOST, "realm": REALM,
                "client_id": CLIENT,
            }
        },
        "RefreshToken": {
            format!("{HOME}-{HOST}-refreshtoken-{CLIENT}--{lower}"): {
                "credential_type": "RefreshToken", "secret": "refresh AT",
                "home_account_id": HOME, "environment": HOST, "client_id": CLIENT,
                "target": target, "last_modification_time": "1764020000", "family_id": "1",
            }
        },
        "AppMetadata": {
            format!("appmetadata-{HOST}-{CLIENT}"): {
                "client_id": CLIENT, "environment": HOST, "family_id": "1",
            }
        }
    });
    assert_eq!(written(&cache, false), expected);
    assert_eq!(written(&cache_of(&expected), false), expected);
}

/// AD FS says no more than OAuth does, and its person is the id token's subject.
#[test]
fn add_by_adfs_writes_the_document_of_msal_for_python() {
    let host = "fs.contoso.example";
    let owner = Owner {
        home_account_id: "subject",
        environment: host,
        ..OWNER
    };
    let tokens = Tokens {
        refresh_on: None,
        family_id: None,
        ..tokens("AT", None, 1_764_023_600)
    };
    let reply = Reply {
        realm: "adfs".into(),
        ..reply(&["s2", "s1"], tokens)
    };
    let grant = "password";
    let mut cache = TokenCache::default();
    cache.apply(false, &by(owner, Event::SignedIn { reply, grant }));

    let target = "offline_access openid profile s1 s2";
    let written = written(&cache, false);
    let expected = json!({
        "AccessToken": {
            format!("subject-{host}-accesstoken-{CLIENT}-adfs-{target}"): {
                "credential_type": "AccessToken", "secret": "AT", "home_account_id": "subject",
                "environment": host, "client_id": CLIENT, "target": target, "realm": "adfs",
                "token_type": "Bearer", "cached_at": "1764020000", "expires_on": "1764023600",
                "extended_expires_on": "1764106399",
            }
        },
        "Account": {
            format!("subject-{host}-adfs"): {
                "home_account_id": "subject", "environment": host, "realm": "adfs",
                "local_account_id": "11111111-2222-3333-4444-555555555555",
                "username": "Alice@Contoso.com", "authority_type": "ADFS",
                "account_source": "password",
            }
        },
        "IdToken": {
            format!("subject-{host}-idtoken-{CLIENT}-adfs-"): {
                "credential_type": "IdToken", "secret": "header.payload.signature",
                "home_account_id": "subject", "environment": host, "realm": "adfs",
                "client_id": CLIENT,
            }
        },
        "RefreshToken": {
            format!("subject-{host}-refreshtoken-{CLIENT}--{target}"): {
                "credential_type": "RefreshToken", "secret": "refresh AT",
                "home_account_id": "subject", "environment": host, "client_id": CLIENT,
                "target": target, "last_modification_time": "1764020000",
            }
        },
        "AppMetadata": {
            format!("appmetadata-{host}-{CLIENT}"): { "client_id": CLIENT, "environment": host }
        }
    });
    assert_eq!(written, expected);
}

#[test]
fn scopes_are_a_set_without_case() {
    let mut cache = TokenCache::default();
    let tokens = tokens("one", Some("openid Mail.Read User.Read"), NOW + 9);
    cache.apply(false, &sign_in(OWNER, &["Mail.Read"], tokens));
    assert_eq!(found(&cache, &["mail.read"], false).as_deref(), Some("one"));
    let both = found(&cache, &["User.Read", "Mail.Read"], false);
    assert_eq!(both.as_deref(), Some("one"));
    assert_eq!(found(&cache, &["Mail"], false), None);
    assert_eq!(found(&cache, &["Mail.Read", "Other"], false), None);
}

#[test]
fn the_same_question_finds_the_token_however_the_authority_names_the_scope() {
    let mut cache = TokenCache::default();
    let asked = ["https://management.core.windows.net//.default"];
    let named = Some("https://management.azure.com/user_impersonation");
    cache.apply(
        false,
        &sign_in(OWNER, &asked, tokens("one", named, NOW + 9)),
    );
    assert_eq!(found(&cache, &asked, false).as_deref(), Some("one"));
    cache.apply(
        false,
        &sign_in(OWNER, &asked, tokens("two", named, NOW + 8)),
    );
    let newer = found(&cache, &asked, false);
    assert_eq!(newer.as_deref(), Some("two"), "the newer one is kept");
    let next_run = cache_of(&written(&cache, false));
    assert_eq!(found(&next_run, &asked, false).as_deref(), Some("two"));
}

#[test]
fn token_should_be_cached_with_response_scope_so_what_was_not_granted_is_not_served() {
    let mut cache = TokenCache::default();
    let tokens = tokens("one", Some("User.Read"), NOW + 9);
    cache.apply(false, &sign_in(OWNER, &["Mail.Send", "User.Read"], tokens));
    assert_eq!(found(&cache, &["User.Read"], false).as_deref(), Some("one"));
    assert_eq!(found(&cache, &["Mail.Send"], false), None);
    let both = found(&cache, &["User.Read", "Mail.Send"], false);
    assert_eq!(both.as_deref(), Some("one"), "no question is asked twice");
}

#[test]
fn another_account_tenant_or_application_finds_nothing() {
    let mut cache = TokenCache::default();
    let mut tokens = tokens("one", None, NOW + 9);
    tokens.family_id = None;
    cache.apply(false, &sign_in(OWNER, &["a"], tokens));
    for owner in [
        Owner {
            home_account_id: "other",
            ..OWNER
        },
        Owner {
            environment: "login.microsoftonline.us",
            aliases: &[],
            ..OWNER
        },
        Owner {
            client_id: "other",
            ..OWNER
        },
    ] {
        assert!(
            cache
                .access_token(owner, REALM, &["a"], false, NOW)
                .is_none()
        );
        assert!(cache.refresh_candidates(owner, false).is_empty());
    }
    assert!(
        cache
            .access_token(OWNER, "other", &["a"], false, NOW)
            .is_none()
    );
}

#[test]
fn an_entry_under_an_alias_is_found_and_is_the_one_that_is_updated() {
    let mut cache = TokenCache::default();
    let alias = Owner {
        environment: "login.windows.net",
        ..OWNER
    };
    let aliases = ["login.windows.net".to_owned()];
    let owner = Owner {
        aliases: &aliases,
        ..OWNER
    };
    let found = |cache: &TokenCache| {
        let token = cache.access_token(owner, REALM, &["a"], false, NOW);
        token.map(|token| token.secret.expose().to_owned())
    };
    cache.apply(false, &sign_in(alias, &["a"], tokens("one", None, NOW + 9)));
    assert_eq!(found(&cache).as_deref(), Some("one"));
    assert_eq!(refresh_tokens(&cache, owner), ["refresh one"]);
    cache.apply(false, &sign_in(owner, &["a"], tokens("two", None, NOW + 9)));
    let document = written(&cache, false);
    for section in ["AccessToken", "Account", "IdToken", "RefreshToken"] {
        let entries = document[section].as_object().unwrap();
        assert_eq!(entries.len(), 1, "{section}");
        let entry = entries.values().next().unwrap();
        assert_eq!(entry["environment"], "login.windows.net", "{section}");
    }
    assert_eq!(found(&cache).as_deref(), Some("two"));
}

#[test]
fn what_nobody_here_knows_survives() {
    let document = json!({
        "AccessToken": {
            "k1": {"secret": "x", "strange": {"a": [1, 2.50, null]}},
            "k2": 7,
            format!("{HOME}-{HOST}-accesstoken-{CLIENT}-{REALM}-a"): {
                "credential_type": "AccessToken", "secret": "old", "home_account_id": HOME,
                "environment": HOST, "client_id": CLIENT, "target": "a", "realm": REALM,
                "cached_at": 1_764_000_000, "expires_on": 1_764_099_999.5, "more": true,
                "refresh_on": "5", "requestedClaimsHash": "h",
            }
        },
        "Account": {
            format!("{HOME}-{HOST}-{REALM}"): {
                "home_account_id": HOME, "environment": HOST, "realm": REALM, "username": "old",
                "client_info": "ci", "tenantProfiles": ["{}"],
            }
        },
        "Settings": {"theme": "dark"},
        "version": 3,
    });
    let mut cache = cache_of(&document);
    assert_eq!(written(&cache, false), document);
    assert_eq!(
        found(&cache, &["a"], false),
        None,
        "a token for claims is for those claims"
    );

    let mut tokens = tokens("new", Some("a"), NOW + 9);
    tokens.refresh_on = None;
    cache.apply(false, &sign_in(OWNER, &["a"], tokens));
    let after = written(&cache, false);
    assert_eq!(after["Settings"], document["Settings"]);
    assert_eq!(after["version"], 3);
    assert_eq!(after["AccessToken"]["k1"], document["AccessToken"]["k1"]);
    assert_eq!(after["AccessToken"]["k2"], 7);
    let key = format!("{HOME}-{HOST}-accesstoken-{CLIENT}-{REALM}-a");
    let token = &after["AccessToken"][&key];
    assert_eq!(token["more"], true);
    assert_eq!(token["secret"], "new");
    assert_eq!(token["refresh_on"], Value::Null, "it was the old token's");
    let account = &after["Account"][format!("{HOME}-{HOST}-{REALM}")];
    assert_eq!(account["client_info"], "ci");
    assert_eq!(account["tenantProfiles"], json!(["{}"]));
    assert_eq!(account["username"], "Alice@Contoso.com");
    assert_eq!(found(&cache, &["a"], false).as_deref(), Some("new"));
}

#[test]
fn a_byte_order_mark_blanks_and_nothing_are_no_damage() {
    for text in [
        "",
        " \r\n",
        "\u{feff}",
        "\u{feff}{}",
        "{}",
        r#"{"AccessToken": null}"#,
    ] {
        let reading = Document::read(text.as_bytes());
        assert!(reading.damage.is_none(), "{text:?}");
    }
}

#[test]
fn of_a_text_that_was_cut_the_entries_before_the_cut_are_read() {
    let mut cache = TokenCache::default();
    cache.apply(false, &sign_in(OWNER, &["a"], tokens("one", None, NOW + 9)));
    let text = cache.without_cae.document.write();
    for cut in 1..text.len() {
        assert!(Document::read(&text[..cut]).damage.is_some(), "{cut}");
    }
    let reading = Document::read(&text[..text.len() - 2]);
    cache.without_cae.document = reading.document;
    assert_eq!(found(&cache, &["a"], false).as_deref(), Some("one"));
    for text in [
        "[]",
        "x",
        "{} {}",
        "\u{0}\u{0}",
        r#"{"AccessToken": []}"#,
        "7",
    ] {
        assert!(Document::read(text.as_bytes()).damage.is_some(), "{text:?}");
    }
}

#[test]
fn non_fmi_tokens_not_affected_by_fmi_cache_nor_by_others_that_are_bound() {
    for (member, value, found) in [
        ("token_type", json!("pop"), false),
        ("token_type", json!("bearer"), true),
        ("key_id", json!("k"), false),
        ("key_id", json!(null), true),
        ("ext_cache_key", json!("h"), false),
        ("userAssertionHash", json!("h"), false),
        ("user_assertion_hash", json!("h"), false),
        ("user_assertion_hash", json!(""), true),
        ("requestedClaimsHash", json!("h"), false),
        ("home_account_id", json!(null), false),
    ] {
        let mut token = json!({
            "secret": "x", "home_account_id": HOME, "environment": HOST, "client_id": CLIENT,
            "target": "a", "realm": REALM, "expires_on": "1764020009",
        });
        token[member] = value.clone();
        let cache = cache_of(&json!({ "AccessToken": { "k": token } }));
        let plain = cache.access_token(OWNER, REALM, &["a"], false, NOW);
        assert_eq!(plain.is_some(), found, "{member} {value}");
    }
}

#[test]
fn times_are_read_however_they_are_written() {
    for (expires_on, read) in [
        (json!("1764020009"), Some(1_764_020_009)),
        (json!(1_764_020_009), Some(1_764_020_009)),
        (json!(1_764_020_009.7), Some(1_764_020_009)),
        (json!("1764020009.7"), Some(1_764_020_009)),
        (json!(1e300), None),
        (json!("1764020009000"), None),
        (json!("-5"), Some(0)),
        (json!(null), None),
        (json!("soon"), None),
        (json!("nan"), None),
    ] {
        let cache = cache_of(&json!({ "AccessToken": { "k": {
            "secret": "x", "home_account_id": HOME, "environment": HOST, "client_id": CLIENT,
            "target": "a", "realm": REALM, "expires_on": expires_on,
        }}}));
        let token = cache.access_token(OWNER, REALM, &["a"], false, NOW);
        assert_eq!(token.map(|token| token.expires_on), read, "{expires_on}");
    }
}

#[test]
fn a_section_of_another_shape_hides_none_of_the_others() {
    let token = json!({ "secret": "s", "home_account_id": HOME, "environment": HOST,
        "client_id": CLIENT });
    for foreign in [
        json!([]),
        json!([[1], {"a": 2}]),
        json!("x"),
        json!(1.5),
        json!(true),
    ] {
        let document = json!({ "AccessToken": foreign, "RefreshToken": { "k": token } });
        let reading = Document::read(document.to_string().as_bytes());
        assert!(reading.damage.is_some(), "{document}");
        assert_eq!(
            reading.document.refresh_tokens.entities().count(),
            1,
            "{document}"
        );
    }
}

#[test]
fn a_living_token_under_an_alias_beats_an_expired_one() {
    let aliases = ["login.windows.net".to_owned()];
    let owner = Owner {
        aliases: &aliases,
        ..OWNER
    };
    let entry = |environment: &str, expires_on: i64| {
        json!({
            "secret": environment, "home_account_id": HOME, "environment": environment,
            "client_id": CLIENT, "target": "a", "realm": REALM, "token_type": null,
            "expires_on": expires_on,
        })
    };
    let cache = cache_of(&json!({ "AccessToken": {
        "one": entry(HOST, NOW - 1), "other": entry("login.windows.net", NOW + 1),
    }}));
    let found = cache.access_token(owner, REALM, &["a"], false, NOW);
    assert_eq!(found.unwrap().secret.expose(), "login.windows.net");
}
