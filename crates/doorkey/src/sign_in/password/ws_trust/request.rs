use super::{Endpoint, Version};
use crate::error::{Error, Result};
use azure_core::{Uuid, time::OffsetDateTime};
use std::fmt;
use zeroize::Zeroizing;

/// How long a request may be on its way, in minutes.
const LIFETIME: i64 = 10 * 60;

/// The request for an assertion (WS-Trust, section 4.1), with the user name and the password (WS-Security
/// UsernameToken profile 1.0). `now` is in Unix seconds.
pub(in super::super) fn envelope(
    endpoint: &Endpoint,
    audience: &str,
    username: &str,
    password: &str,
    now: i64,
) -> Result<Zeroizing<String>> {
    // XML 1.0 has no way to write the others.
    let is_writable = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if ![username, password]
        .iter()
        .all(|text| text.chars().all(is_writable))
    {
        return Err(Error::invalid_argument(
            "the user name or the password has a character that cannot be written in XML, which the \
             organization's sign-in server speaks; sign in by the browser",
        ));
    }
    let trust = endpoint.version.namespace();
    let key_type = match endpoint.version {
        Version::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        Version::V2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
    };
    let url = endpoint.url.as_str();
    // Room for all, as what grows is copied and its old place not wiped.
    let mut envelope = Zeroizing::new(String::with_capacity(
        4_096 + 8 * (url.len() + username.len() + password.len() + audience.len()),
    ));
    let written = fmt::Write::write_fmt(
        &mut *envelope,
        format_args!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://www.w3.org/2005/08/addressing\" \
             xmlns:u=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\">\
             <s:Header>\
             <a:Action s:mustUnderstand=\"1\">{action}</a:Action>\
             <a:MessageID>urn:uuid:{message_id}</a:MessageID>\
             <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>\
             <a:To s:mustUnderstand=\"1\">{to}</a:To>\
             <o:Security s:mustUnderstand=\"1\" \
             xmlns:o=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
             <u:Timestamp u:Id=\"_0\"><u:Created>{created}</u:Created>\
             <u:Expires>{expires}</u:Expires></u:Timestamp>\
             <o:UsernameToken u:Id=\"user\"><o:Username>{username}</o:Username>\
             <o:Password>{password}</o:Password></o:UsernameToken>\
             </o:Security>\
             </s:Header>\
             <s:Body><t:RequestSecurityToken xmlns:t=\"{trust}\">\
             <p:AppliesTo xmlns:p=\"http://schemas.xmlsoap.org/ws/2004/09/policy\">\
             <a:EndpointReference><a:Address>{audience}</a:Address></a:EndpointReference></p:AppliesTo>\
             <t:KeyType>{key_type}</t:KeyType><t:RequestType>{trust}/Issue</t:RequestType>\
             </t:RequestSecurityToken></s:Body></s:Envelope>",
            action = endpoint.version.action(),
            message_id = Uuid::new_v4(),
            to = Escaped(url),
            created = instant(now),
            expires = instant(now + LIFETIME),
            username = Escaped(username),
            password = Escaped(password),
            audience = Escaped(audience),
        ),
    );
    // Writing into a string does not fail.
    debug_assert!(written.is_ok());
    Ok(envelope)
}

/// Text as it stands in XML, never copied.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&apos;")?,
                // A reader makes a line feed of a bare one.
                '\r' => formatter.write_str("&#13;")?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// `YYYY-MM-DDTHH:MM:SSZ`.
fn instant(unix: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    azure_core::time::to_rfc3339(&time)
}
