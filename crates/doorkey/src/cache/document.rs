use super::{
    bound_token::{self, BoundAccessToken},
    entities::{AccessToken, Account, AppMetadata, IdToken, RefreshToken},
    members::Members,
    section::{Entity, Section},
};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};
use zeroize::Zeroizing;

/// MSAL's document: one object of objects, by kind and key.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) access_tokens: Section<AccessToken>,
    pub(super) bound_access_tokens: Section<BoundAccessToken>,
    pub(super) accounts: Section<Account>,
    pub(super) id_tokens: Section<IdToken>,
    pub(super) refresh_tokens: Section<RefreshToken>,
    pub(super) app_metadata: Section<AppMetadata>,
    /// Sections of a kind that nobody here knows, as they were written.
    pub(super) others: Vec<(String, Members)>,
}

/// What could be read, and whether that was all.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) document: Document,
    /// Why the text is no cache, or not a whole one.
    pub(super) damage: Option<serde_json::Error>,
}

impl Document {
    /// Reads what can be read: of a text that was cut, what stands before the cut.
    pub(super) fn read(bytes: &[u8]) -> Reading {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut document = Self::default();
        if bytes.trim_ascii().is_empty() {
            return Reading {
                document,
                damage: None,
            };
        }
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let mut is_foreign = false;
        let read = deserializer
            .deserialize_map(Sections(&mut document, &mut is_foreign))
            .and_then(|()| deserializer.end());
        let foreign = is_foreign.then(|| Error::custom("a section holds no entities"));
        Reading {
            document,
            damage: read.err().or(foreign),
        }
    }

    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        // In one piece of memory: one that grew would leave its smaller ones behind.
        let mut text = Zeroizing::new(Vec::with_capacity(self.longest()));
        let mut separator = b'{';
        write_section(
            &mut text,
            &mut separator,
            "AccessToken",
            &self.access_tokens,
        );
        write_section(&mut text, &mut separator, "Account", &self.accounts);
        write_section(&mut text, &mut separator, "IdToken", &self.id_tokens);
        write_section(
            &mut text,
            &mut separator,
            "RefreshToken",
            &self.refresh_tokens,
        );
        write_section(&mut text, &mut separator, "AppMetadata", &self.app_metadata);
        write_section(
            &mut text,
            &mut separator,
            bound_token::SECTION,
            &self.bound_access_tokens,
        );
        for (name, members) in &self.others {
            text.push(separator);
            separator = b',';
            write_name(&mut text, name);
            text.extend_from_slice(members.as_str().as_bytes());
        }
        if separator == b'{' {
            text.push(b'{');
        }
        text.push(b'}');
        text
    }

    fn longest(&self) -> usize {
        fn of<E: Entity>(section: &Section<E>) -> usize {
            section
                .entries()
                // A character of a key takes six bytes at most (`\u0000`).
                .map(|entry| entry.members.as_str().len() + 6 * entry.key.len() + 4)
                .sum()
        }
        let others = self.others.iter();
        let others: usize = others
            .map(|(name, members)| 6 * name.len() + members.as_str().len() + 4)
            .sum();
        of(&self.access_tokens)
            + of(&self.bound_access_tokens)
            + of(&self.accounts)
            + of(&self.id_tokens)
            + of(&self.refresh_tokens)
            + of(&self.app_metadata)
            + others
            + 128
    }
}

fn write_section<E: Entity>(
    text: &mut Vec<u8>,
    separator: &mut u8,
    name: &str,
    section: &Section<E>,
) {
    if section.is_empty() {
        return;
    }
    text.push(*separator);
    *separator = b',';
    write_name(text, name);
    let mut separator = b'{';
    for entry in section.entries() {
        text.push(separator);
        separator = b',';
        write_name(text, &entry.key);
        text.extend_from_slice(entry.members.as_str().as_bytes());
    }
    text.push(b'}');
}

fn write_name(text: &mut Vec<u8>, name: &str) {
    let name = serde_json::Value::from(name).to_string();
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
}

/// Fills the document while it reads, so that what was read stays when the rest cannot be.
struct Sections<'a>(&'a mut Document, &'a mut bool);

impl<'de> Visitor<'de> for Sections<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a token cache")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(document, foreign) = self;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match name.as_ref() {
                "AccessToken" => {
                    map.next_value_seed(Entries(&mut document.access_tokens, foreign))?;
                }
                "Account" => map.next_value_seed(Entries(&mut document.accounts, foreign))?,
                "IdToken" => map.next_value_seed(Entries(&mut document.id_tokens, foreign))?,
                "RefreshToken" => {
                    map.next_value_seed(Entries(&mut document.refresh_tokens, foreign))?;
                }
                "AppMetadata" => {
                    map.next_value_seed(Entries(&mut document.app_metadata, foreign))?;
                }
                bound_token::SECTION => {
                    map.next_value_seed(Entries(&mut document.bound_access_tokens, foreign))?;
                }
                _ => {
                    let raw: &RawValue = map.next_value()?;
                    let members = Members::written(raw);
                    document.others.push((name.into_owned(), members));
                }
            }
        }
        Ok(())
    }
}

/// A section of another shape is passed by, and noted: the others can be read all the same.
struct Entries<'a, E>(&'a mut Section<E>, &'a mut bool);

impl<'de, E: Entity> DeserializeSeed<'de> for Entries<'_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Entity> Visitor<'de> for Entries<'_, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of entities")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let raw: &RawValue = map.next_value()?;
            self.0.put(&key, Members::written(raw));
        }
        Ok(())
    }

    fn visit_unit<Failure: Error>(self) -> Result<(), Failure> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        *self.1 = true;
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<Failure: Error>(self, _: &str) -> Result<(), Failure> {
        *self.1 = true;
        Ok(())
    }

    fn visit_bool<Failure: Error>(self, _: bool) -> Result<(), Failure> {
        *self.1 = true;
        Ok(())
    }

    fn visit_i64<Failure: Error>(self, _: i64) -> Result<(), Failure> {
        *self.1 = true;
        Ok(())
    }

    fn visit_u64<Failure: Error>(self, _: u64) -> Result<(), Failure> {
        *self.1 = true;
        Ok(())
    }

    fn visit_f64<Failure: Error>(self, _: f64) -> Result<(), Failure> {
        *self.1 = true;
        Ok(())
    }
}
