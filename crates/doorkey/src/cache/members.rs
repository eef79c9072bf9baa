use crate::sensitive::Sensitive;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One entity as it stands in the document, member by member: what nobody here knows is kept as it
/// was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Members(Sensitive);

impl Members {
    pub(super) fn of(entity: &impl Serialize) -> Self {
        // A struct of texts and numbers always has a JSON form.
        Self(Sensitive::new(
            serde_json::to_string(entity).unwrap_or_default(),
        ))
    }

    pub(super) fn written(raw: &RawValue) -> Self {
        Self(Sensitive::new(raw.get()))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.expose()
    }

    /// What is known of it here; `None` for what cannot be understood.
    pub(super) fn read<E: DeserializeOwned>(&self) -> Option<E> {
        serde_json::from_str(self.as_str()).ok()
    }

    /// These members with `newer` over them, and without `dropped`.
    pub(super) fn overlaid(&self, dropped: &[&str], newer: &Self) -> Self {
        let parse = |members: &Self| -> Option<Self> {
            let mut all: BTreeMap<String, &RawValue> = serde_json::from_str(self.as_str()).ok()?;
            all.retain(|name, _| !dropped.contains(&name.as_str()));
            let newer: BTreeMap<String, &RawValue> = serde_json::from_str(members.as_str()).ok()?;
            all.extend(newer);
            Some(Self::of(&all))
        };
        parse(newer).unwrap_or_else(|| newer.clone())
    }
}
