//! What holds for any document and any order of things.

use super::{Change, Document, Event, Identity, Owner, Reply, merge::merged};
use crate::{
    scopes::Scopes,
    sensitive::Sensitive,
    tokens::{TokenKind, Tokens},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value};

const SECTIONS: [&str; 6] = [
    "AccessToken",
    "Account",
    "IdToken",
    "RefreshToken",
    "AppMetadata",
    "SomethingNew",
];

/// The members that we know, with whatever in them, and others.
const MEMBERS: [&str; 14] = [
    "secret",
    "home_account_id",
    "environment",
    "client_id",
    "realm",
    "target",
    "expires_on",
    "cached_at",
    "refresh_on",
    "family_id",
    "last_modification_time",
    "username",
    "token_type",
    "strange",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z]{0,3}".prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        Just(Value::from("login.microsoftonline.com")),
        Just(Value::from("1764020000")),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((".{0,3}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn entity() -> impl Strategy<Value = Value> {
    let members = vec((prop::sample::select(&MEMBERS[..]), anything()), 0..14);
    members.prop_map(|members| {
        let members = members.into_iter();
        Value::Object(
            members
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    })
}

fn document() -> impl Strategy<Value = Value> {
    let entry = prop_oneof![4 => entity(), 1 => anything()];
    let section = vec((".{0,5}", entry), 1..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()));
    vec((prop::sample::select(&SECTIONS[..]), section), 0..6).prop_map(|sections| {
        let sections = sections.into_iter();
        Value::Object(
            sections
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    })
}

/// What happens to a cache: by one of few applications, for one of few people.
fn change() -> impl Strategy<Value = Change> {
    let used = 0..6_u8;
    (
        0..3_usize,
        0..2_u8,
        0..2_u8,
        0..6_u8,
        used,
        any::<bool>(),
        0..40_i64,
    )
        .prop_map(|(kind, person, client, secret, used, family, seconds)| {
            let tokens = Tokens {
                access_token: Sensitive::new(format!("access {secret}")),
                is_signed_request: false,
                token_type: "Bearer".into(),
                received_on: 1_764_020_000 + seconds,
                expires_on: 1_764_023_600 + seconds,
                extended_expires_on: 1_764_023_600,
                refresh_on: None,
                refresh_token: Some(Sensitive::new(format!("refresh {secret}"))),
                id_token: Some(crate::testing::id_token("someone@contoso.example")),
                client_info: None,
                account: None,
                scope: None,
                family_id: family.then(|| "1".into()),
            };
            let reply = Reply {
                asked_tenant: None,
                realm: "tenant".into(),
                requested: Scopes::parse(&[format!("scope{}", secret % 2)])
                    .expect("these are scopes"),
                kind: TokenKind::Bearer,
                tokens,
            };
            let event = match kind {
                0 => Event::SignedIn {
                    reply,
                    grant: "authorization_code",
                },
                1 => Event::Renewed {
                    reply,
                    used: Sensitive::new(format!("refresh {used}")),
                    borrowed: false,
                },
                _ => Event::SignedOut { family: Vec::new() },
            };
            let identity = Identity {
                home_account_id: format!("person{person}.tenant"),
                environment: "login.microsoftonline.com".into(),
                aliases: Vec::new(),
                client_id: format!("client{client}"),
            };
            Change::new(identity, event)
        })
}

fn read(text: &[u8]) -> Document {
    let reading = Document::read(text);
    assert!(reading.damage.is_none(), "{:?}", reading.damage);
    reading.document
}

fn value(document: &Document) -> Value {
    serde_json::from_slice(&document.write()).expect("what is written is JSON")
}

/// Sections without entries are as good as none.
fn without_empty(document: &Value) -> Value {
    let sections = document.as_object().cloned().unwrap_or_default();
    let filled = |section: &Value| {
        section
            .as_object()
            .is_none_or(|entries| !entries.is_empty())
    };
    Value::Object(
        sections
            .into_iter()
            .filter(|(_, section)| filled(section))
            .collect(),
    )
}

fn keys(document: &Value) -> Vec<String> {
    let mut keys = Vec::new();
    for (section, entries) in document.as_object().into_iter().flatten() {
        // Nobody here knows how to merge what is in it.
        if section == "SomethingNew" {
            continue;
        }
        for key in entries.as_object().into_iter().flat_map(Map::keys) {
            keys.push(format!("{section} {key}"));
        }
    }
    keys.sort();
    keys
}

proptest! {
    // What fails is put into a test of its own, not into a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_survives_a_round_trip(document in document()) {
        let read = read(document.to_string().as_bytes());
        prop_assert_eq!(value(&read), without_empty(&document));
    }

    #[test]
    fn what_somebody_else_wrote_survives_what_we_do(
        document in document(),
        changes in vec(change(), 0..8),
    ) {
        let mut ours = read(document.to_string().as_bytes());
        for change in &changes {
            ours.apply(change);
        }
        let after = value(&ours);
        let ours = |key: &str| key.contains("person") || key.contains("client");
        for (section, entries) in document.as_object().into_iter().flatten() {
            for (key, entry) in entries.as_object().into_iter().flatten() {
                prop_assert!(ours(key) || after[section].get(key) == Some(entry), "{} {}", section, key);
            }
        }
    }

    #[test]
    fn a_change_that_is_done_twice_is_done_once(changes in vec(change(), 1..8)) {
        let (mut once, mut twice) = (Document::default(), Document::default());
        for change in &changes {
            once.apply(change);
            twice.apply(change);
            twice.apply(change);
        }
        prop_assert_eq!(value(&once), value(&twice));
    }

    /// The index finds what a scan finds.
    #[test]
    fn memory_and_a_fresh_reading_know_the_same(changes in vec(change(), 0..12)) {
        let mut memory = Document::default();
        for change in &changes {
            memory.apply(change);
        }
        let fresh = read(&memory.write());
        for person in 0..2 {
            for client in 0..2 {
                let (person, client) = (format!("person{person}.tenant"), format!("client{client}"));
                let owner = Owner {
                    home_account_id: &person,
                    environment: "login.microsoftonline.com",
                    aliases: &[],
                    client_id: &client,
                };
                for scope in ["scope0", "scope1"] {
                    let found = |document: &Document| {
                        let token = document.access_token(owner, "tenant", &[scope], 0);
                        token.map(|token| token.secret.clone())
                    };
                    prop_assert_eq!(found(&memory), found(&fresh));
                }
                let tokens = |document: &Document| {
                    let tokens = document.refresh_tokens_of(owner);
                    let mut secrets: Vec<_> =
                        tokens.map(|token| token.secret.expose().to_owned()).collect();
                    secrets.sort();
                    secrets
                };
                prop_assert_eq!(tokens(&memory), tokens(&fresh));
            }
        }
    }

    #[test]
    fn a_sign_in_leaves_one_refresh_token_of_the_application(changes in vec(change(), 1..12)) {
        let mut document = Document::default();
        for change in &changes {
            document.apply(change);
            if let Event::SignedIn { reply, .. } = &change.event {
                let owner = change.identity.owner();
                let own: Vec<_> = document
                    .refresh_tokens_of(owner)
                    .filter(|token| token.client_id == owner.client_id)
                    .map(|token| Some(token.secret.clone()))
                    .collect();
                prop_assert_eq!(own, [reply.tokens.refresh_token.clone()]);
            }
        }
    }

    #[test]
    fn merging_has_the_entries_of_both_and_is_done_once(
        one in document(),
        other in document(),
    ) {
        let (one, other) = (one.to_string(), other.to_string());
        let both = merged(one.as_bytes(), other.as_bytes()).expect("both are whole");
        let value = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("JSON");
        let mut expected = keys(&value(one.as_bytes()));
        expected.extend(keys(&value(other.as_bytes())));
        expected.sort();
        expected.dedup();
        prop_assert_eq!(keys(&value(&both)), expected);
        let again = merged(&both, other.as_bytes()).expect("both are whole");
        prop_assert_eq!(value(&again), value(&both));
        let reversed = merged(other.as_bytes(), one.as_bytes()).expect("both are whole");
        prop_assert_eq!(keys(&value(&reversed)), keys(&value(&both)));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,60}", cut in 0..400_usize, document in document()) {
        let _ = Document::read(text.as_bytes());
        let whole = document.to_string().into_bytes();
        let reading = Document::read(&whole[..cut.min(whole.len())]);
        value(&reading.document);
    }
}
