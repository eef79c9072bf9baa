//! Reading JSON of somebody else's. What is wrong with it is told without its values, which may be
//! secret.

use doorkey::Error;
use serde_json::{Map, Value};

/// What a JSON lacks, as the end of a sentence.
#[derive(Debug)]
pub(super) struct Malformed(pub(super) String);

pub(super) type Result<T, E = Malformed> = std::result::Result<T, E>;

/// An object, and where it stands.
#[derive(Clone)]
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    /// With a point at its end, unless it is empty.
    path: String,
}

/// One object, and nothing else but blanks. Windows' programs may put a byte-order mark before UTF-8.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    if bytes.len() > super::LONGEST {
        return Err(Malformed(format!(
            "is longer than {} bytes",
            super::LONGEST
        )));
    }
    let text = bytes.trim_ascii();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match serde_json::from_slice(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ if text.is_empty() => Err(Malformed("is empty".to_owned())),
        _ => Err(Malformed("is not one JSON object alone".to_owned())),
    }
}

impl<'a> Object<'a> {
    pub(super) fn whole(value: &'a Value) -> Result<Self> {
        Self::at(value, "")
    }

    fn at(value: &'a Value, name: &str) -> Result<Self> {
        let members = value.as_object().ok_or_else(|| wrong(name, "an object"))?;
        let path = match name {
            "" => String::new(),
            name => format!("{name}."),
        };
        Ok(Self { members, path })
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str> {
        self.optional_text(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'a str>> {
        self.optional(name, "a text", Value::as_str)
    }

    pub(super) fn owned_text(&self, name: &str) -> Result<Option<String>> {
        Ok(self.optional_text(name)?.map(str::to_owned))
    }

    /// `false` where it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        let flag = self.optional(name, "`true` or `false`", Value::as_bool)?;
        Ok(flag.unwrap_or_default())
    }

    pub(super) fn number(&self, name: &str) -> Result<i64> {
        let number = self.optional(name, "a whole number", Value::as_i64)?;
        number.ok_or_else(|| self.missing(name))
    }

    pub(super) fn optional_natural(&self, name: &str) -> Result<Option<u64>> {
        self.optional(name, "a natural number", Value::as_u64)
    }

    pub(super) fn object(&self, name: &str) -> Result<Self> {
        let object = self.optional_object(name)?;
        object.ok_or_else(|| self.missing(name))
    }

    pub(super) fn optional_object(&self, name: &str) -> Result<Option<Self>> {
        let value = self.optional(name, "an object", Some)?;
        value
            .map(|value| Self::at(value, &self.full(name)))
            .transpose()
    }

    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>> {
        let values = self.list(name)?.ok_or_else(|| self.missing(name))?;
        let values = values.iter().enumerate();
        values
            .map(|(index, value)| Self::at(value, &format!("{}[{index}]", self.full(name))))
            .collect()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>> {
        let texts = self.optional_texts(name)?;
        texts.ok_or_else(|| self.missing(name))
    }

    pub(super) fn optional_texts(&self, name: &str) -> Result<Option<Vec<String>>> {
        self.each(name, "a list of texts", |value| {
            value.as_str().map(str::to_owned)
        })
    }

    /// A list, every member of which `read` understands.
    pub(super) fn each<T>(
        &self,
        name: &str,
        shape: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>> {
        let Some(values) = self.list(name)? else {
            return Ok(None);
        };
        let read: Option<Vec<T>> = values.iter().map(read).collect();
        read.map(Some).ok_or_else(|| self.wrong(name, shape))
    }

    pub(super) fn wrong(&self, name: &str, shape: &str) -> Malformed {
        wrong(&self.full(name), shape)
    }

    fn list(&self, name: &str) -> Result<Option<&'a Vec<Value>>> {
        self.optional(name, "a list", Value::as_array)
    }

    /// `null` is nothing.
    fn optional<T>(
        &self,
        name: &str,
        shape: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.wrong(name, shape)),
        }
    }

    fn missing(&self, name: &str) -> Malformed {
        Malformed(format!("has no member `{}`", self.full(name)))
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }
}

impl Malformed {
    /// `whose` it is, and what is to be done.
    pub(super) fn into_error(self, whose: &str, next: &str) -> Error {
        let Self(what) = self;
        Error::new(
            doorkey::ErrorKind::Protocol,
            format!("{whose} {what}; {next}"),
        )
    }
}

fn wrong(path: &str, shape: &str) -> Malformed {
    Malformed(format!("has a member `{path}` that is not {shape}"))
}
