//! The words of a header, one after the other
//! ([RFC 9110, section 11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1), and what resources
//! write in its place).

/// What is left of a header.
pub(super) struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    pub(super) fn new(header: &'a str) -> Self {
        Self(header)
    }

    /// The next name: of a scheme, or of a parameter.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        loop {
            self.0 = self.0.trim_start_matches(|next: char| is_between(next));
            // What has no name is no parameter.
            match self.0.chars().next()? {
                '"' => drop(self.quoted()),
                '=' => {
                    self.takes_equals();
                    self.value();
                }
                _ => break,
            }
        }
        Some(self.until(|next| is_between(next) || next == '=' || next == '"'))
    }

    /// Passes by a `=` with blanks around it, if that is what comes.
    pub(super) fn takes_equals(&mut self) -> bool {
        match self.0.trim_start().strip_prefix('=') {
            Some(rest) => {
                self.0 = rest.trim_start();
                true
            }
            None => false,
        }
    }

    pub(super) fn value(&mut self) -> String {
        if self.0.starts_with('"') {
            return self.quoted();
        }
        // Some resources write URLs and base64 without quotes, which have more `=` in them.
        self.until(is_between).to_owned()
    }

    /// What stands alone behind a scheme, up to a comma.
    pub(super) fn token68(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let end = text.find(is_between).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let bare = word.trim_end_matches('=');
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        let alone = rest.trim_start();
        let is_alone = alone.is_empty() || alone.starts_with(',');
        if bare.is_empty() || !bare.bytes().all(valid) || !is_alone {
            return None;
        }
        // A comma may stand between two schemes that have nothing to say.
        if self.0.len() == text.len() {
            return None;
        }
        self.0 = rest;
        Some(word)
    }

    /// A quoted string; where its end is missing, all there is.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut characters = self.0.char_indices().skip(1);
        while let Some((_, character)) = characters.next() {
            match character {
                '"' => break,
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                other => value.push(other),
            }
        }
        self.0 = &self.0[characters.next().map_or(self.0.len(), |(index, _)| index)..];
        value
    }

    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(ends).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }
}

fn is_between(next: char) -> bool {
    next == ',' || next == ';' || next.is_whitespace()
}
