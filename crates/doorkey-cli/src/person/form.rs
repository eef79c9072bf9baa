//! As much HTML as the emulator's pages need: a form, its hidden fields, the heading.

/// What a form sends, and where.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Form {
    pub(super) action: String,
    pub(super) fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of a page, with what its hidden fields hold.
    pub(super) fn first(html: &str) -> Option<Self> {
        let start = html.find("<form")?;
        let html = &html[start..];
        let end = html.find("</form>").unwrap_or(html.len());
        let mut form = Self::default();
        for tag in html[..end]
            .split('<')
            .filter_map(|rest| rest.split('>').next())
        {
            if tag.starts_with("form") {
                form.action = attribute(tag, "action").unwrap_or_default();
            } else if tag.starts_with("input")
                && attribute(tag, "type").as_deref() == Some("hidden")
                && let Some(name) = attribute(tag, "name")
            {
                let value = attribute(tag, "value").unwrap_or_default();
                form.fields.push((name, value));
            }
        }
        Some(form)
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }
}

/// The text of the page's heading.
pub(super) fn heading(html: &str) -> Option<String> {
    let start = html.find("<h1")?;
    let (_, text) = html[start..].split_once('>')?;
    let (text, _) = text.split_once("</h1>")?;
    Some(unescape(text.trim()))
}

/// The value of an attribute. All of the pages' attributes stand in double quotes, and `>` and `<`
/// in their values are escaped.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = value.split_once('"')?;
    Some(unescape(value))
}

/// Undoes what makes a text harmless in HTML.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').unwrap_or(0);
        match character(rest.get(1..end).unwrap_or_default()) {
            Some(character) => {
                plain.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain + rest
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = reference.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_hidden_fields_alone() {
        let html = r#"<h1 tabindex="-1">Pick &#38; go</h1>
            <form method="post" action="/a?b=1&amp;c=2" id="f">
            <input type="hidden" name="step" value="x&quot;&#x3C;&#39;y">
            <input type="hidden" name="empty" value="">
            <input id="u" name="username" type="text" value="typed">
            <button name="action" value="cancel">No</button></form>
            <form action="/other"></form>"#;
        let mut form = Form::first(html).unwrap();
        assert_eq!(form.action, "/a?b=1&c=2");
        assert_eq!(form.value("step"), Some("x\"<'y"));
        assert_eq!(form.value("username"), None);
        form.set("empty", "full");
        assert_eq!(form.value("empty"), Some("full"));
        assert_eq!(form.fields.len(), 2);
        assert_eq!(heading(html).as_deref(), Some("Pick & go"));
    }

    #[test]
    fn what_is_no_reference_stays() {
        for text in ["a & b", "&", "&;", "&nothing;", "&#xZZ;", "&#1114112;"] {
            assert_eq!(unescape(text), text);
        }
    }

    #[test]
    fn a_page_without_a_form_has_none() {
        assert_eq!(Form::first("<p>done</p>"), None);
        assert_eq!(heading("<p>done</p>"), None);
    }
}
