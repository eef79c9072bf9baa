use crate::{
    error::{Error, Result},
    oauth::Authority,
    tenant::{self, TenantId},
};
use serde_json::{Map, Value};

/// Who signed in, and where: no secret, so that a program may keep it and find the person's
/// tokens again later.
///
/// [`serialize`](Self::serialize) writes the JSON that the other Azure Identity libraries share,
/// version `1.0`. [`deserialize`](Self::deserialize) also reads their dialects: an authority as
/// host, URL or `host/tenant`, and no version at all (.NET, Java).
///
/// ```
/// use doorkey::AuthenticationRecord;
///
/// let json = r#"{"authority": "login.microsoftonline.com",
///     "clientId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
///     "homeAccountId": "oid.tid", "tenantId": "tid",
///     "username": "megan@contoso.example", "version": "1.0"}"#;
/// let record = AuthenticationRecord::deserialize(json)?;
/// assert_eq!(record.username, "megan@contoso.example");
/// assert_eq!(AuthenticationRecord::deserialize(&record.serialize())?, record);
/// # Ok::<(), doorkey::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AuthenticationRecord {
    /// The authority's host, with its port where it has one, such as `login.microsoftonline.com`.
    pub authority: String,
    /// The application that the person signed in to.
    pub client_id: String,
    /// The account, whichever tenant it is used in: `<object id>.<home tenant id>`; at AD FS the id
    /// token's subject.
    pub home_account_id: String,
    /// The tenant that the person signed in to; `adfs` at AD FS.
    pub tenant_id: String,
    /// The name that the person signs in with.
    pub username: String,
}

impl AuthenticationRecord {
    /// The shared JSON: one line, these keys in this order.
    #[must_use]
    pub fn serialize(&self) -> String {
        format!(
            r#"{{"authority": {}, "clientId": {}, "homeAccountId": {}, "tenantId": {}, "username": {}, "version": "1.0"}}"#,
            quote(&self.authority),
            quote(&self.client_id),
            quote(&self.home_account_id),
            quote(&self.tenant_id),
            quote(&self.username),
        )
    }

    /// Reads the shared JSON.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for what is no JSON object, for a
    /// version that we do not know, and for a missing or empty member, by name. A user name may be
    /// missing, and the tenant of an account that has none (AD FS).
    pub fn deserialize(json: &str) -> Result<Self> {
        let json = json.trim_start_matches('\u{feff}');
        let members: Map<String, Value> = serde_json::from_str(json).map_err(|error| {
            Error::invalid_argument(format!(
                "this is not an authentication record ({error}); give the text that `serialize` \
                 wrote, or sign in again to get a new one"
            ))
        })?;
        if let Some(version) = members.get("version").filter(|version| *version != "1.0") {
            return Err(Error::invalid_argument(format!(
                "this authentication record has version {version}, and only \"1.0\" is known; \
                 sign in again, or update the program that reads it"
            )));
        }
        // A guest from outside may have no user name: empty, null (.NET) or left out.
        let is_optional = |name: &str| name == "username";
        let required = |name: &str| match members.get(name) {
            Some(Value::String(value)) if !value.is_empty() || is_optional(name) => {
                Ok(value.clone())
            }
            None | Some(Value::Null) if is_optional(name) => Ok(String::new()),
            _ => Err(Error::invalid_argument(format!(
                "this authentication record has no `{name}`; sign in again to get a whole one"
            ))),
        };
        let authority = required("authority")?;
        let home_account_id = required("homeAccountId")?;
        // Not every library has Python's name for the only tenant of AD FS.
        let is_left_out = match members.get("tenantId") {
            None | Some(Value::Null) => true,
            Some(tenant) => tenant == "",
        };
        let tenant_id = match tenant::home_of(&home_account_id) {
            None if is_left_out => TenantId::ADFS.to_owned(),
            _ => required("tenantId")?,
        };
        Ok(Self {
            authority: host_of(&authority).to_owned(),
            client_id: required("clientId")?,
            home_account_id,
            tenant_id,
            username: required("username")?,
        })
    }

    /// Whether this person signed in to this application at this authority: for a program that keeps
    /// several records. A cloud's authority has several names, and any of them is the same one.
    ///
    /// `authority` and `tenant_id` are written as in the options of a credential; the tenant says
    /// whether an address that names none is one of AD FS, and does not matter otherwise.
    ///
    /// ```
    /// # use doorkey::AuthenticationRecord;
    /// # let json = r#"{"authority": "login.microsoftonline.com", "clientId": "app",
    /// #     "homeAccountId": "oid.tid", "tenantId": "tid", "username": "megan@contoso.example"}"#;
    /// # let record = AuthenticationRecord::deserialize(json)?;
    /// assert!(record.is_of("app", "https://login.microsoftonline.com", None)?);
    /// assert!(record.is_of("app", "login.windows.net", None)?);
    /// assert!(!record.is_of("app", "login.microsoftonline.us", None)?);
    /// # Ok::<(), doorkey::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where `authority`, or that of the
    /// record, is none.
    pub fn is_of(&self, client_id: &str, authority: &str, tenant_id: Option<&str>) -> Result<bool> {
        let mut given = Authority::parse(authority, "authority")?;
        if tenant_id.is_some_and(|tenant| tenant.eq_ignore_ascii_case(TenantId::ADFS)) {
            given = given.with_tenant(tenant_id, None)?.0;
        }
        Ok(self.client_id.eq_ignore_ascii_case(client_id)
            && given.is_named_by(&self.authority()?, &self.tenant_id)
            && given.has_account(&self.home_account_id, &self.tenant_id))
    }

    /// Whether both are of one person at one application, whichever names of the authority they
    /// have, and whichever tenants the person signed in to.
    #[must_use]
    pub fn is_same_person(&self, other: &Self) -> bool {
        let is_named = |one: &Self, other: &Self| {
            let named = one
                .authority()?
                .is_named_by(&other.authority()?, &other.tenant_id);
            Ok::<_, Error>(named)
        };
        let is_there = self.authority.eq_ignore_ascii_case(&other.authority)
            || is_named(self, other).unwrap_or(false)
            || is_named(other, self).unwrap_or(false);
        let is_adfs = |record: &Self| record.tenant_id == TenantId::ADFS;
        is_there
            && is_adfs(self) == is_adfs(other)
            && self.client_id.eq_ignore_ascii_case(&other.client_id)
            && self
                .home_account_id
                .eq_ignore_ascii_case(&other.home_account_id)
    }

    pub(crate) fn authority(&self) -> Result<Authority> {
        Authority::parse(&self.authority, "the record's authority")
    }
}

/// A JSON string in ASCII alone, as Python writes it.
fn quote(text: &str) -> String {
    let mut quoted = String::new();
    for character in Value::from(text).to_string().chars() {
        if character.is_ascii() {
            quoted.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                quoted.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    quoted
}

/// Go writes a URL and older JavaScript `host/tenant`.
fn host_of(authority: &str) -> &str {
    let rest = authority
        .split_once("://")
        .map_or(authority, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: &str = r#"{"authority": "login.microsoftonline.com", "clientId": "c", "homeAccountId": "o.t", "tenantId": "t", "username": "u", "version": "1.0"}"#;

    #[test]
    fn serialization_is_what_python_writes() {
        assert_eq!(
            AuthenticationRecord::deserialize(PYTHON)
                .unwrap()
                .serialize(),
            PYTHON
        );
    }

    #[test]
    fn writes_ascii_as_python_does() {
        let text = PYTHON.replace("\"u\"", "\"z\\u00f6\\ud83d\\ude00\"");
        let record = AuthenticationRecord::deserialize(&text).unwrap();
        assert_eq!(record.username, "z\u{f6}\u{1f600}");
        assert_eq!(record.serialize(), text);
    }

    #[test]
    fn reads_the_dialects_of_the_other_libraries() {
        for (dialect, text) in [
            ("go", PYTHON.replace("login", "https://login")),
            ("javascript", PYTHON.replace(".com", ".com/tenant")),
            ("dotnet", PYTHON.replace(r#", "version": "1.0""#, "")),
            (
                "unknown members",
                PYTHON.replace("{", r#"{"more": {"x": 1}, "#),
            ),
            ("byte-order mark", format!("\u{feff}{PYTHON}")),
        ] {
            let record = AuthenticationRecord::deserialize(&text).unwrap();
            assert_eq!(record.serialize(), PYTHON, "{dialect}");
        }
        for nameless in ["\"username\": \"\", ", "\"username\": null, ", ""] {
            let text = PYTHON.replace("\"username\": \"u\", ", nameless);
            let record = AuthenticationRecord::deserialize(&text).unwrap();
            assert_eq!(record.username, "", "{nameless}");
        }
    }

    #[test]
    fn a_record_is_of_an_authority_by_any_of_its_names() {
        let policy = "o-b2c_1_in.t";
        for (recorded, tenant_id, home, authority, tenant, expected) in [
            (
                "login.microsoftonline.com",
                "t",
                "o.t",
                "https://login.windows.net/",
                None,
                true,
            ),
            (
                "sts.windows.net",
                "t",
                "o.t",
                "login.microsoftonline.com",
                None,
                true,
            ),
            (
                "login.chinacloudapi.cn",
                "t",
                "o.t",
                "login.partner.microsoftonline.cn",
                None,
                true,
            ),
            (
                "login.microsoftonline.us",
                "t",
                "o.t",
                "login.microsoftonline.com",
                None,
                false,
            ),
            (
                "gate.example:8443",
                "t",
                "o.t",
                "https://gate.example:8443",
                Some("u"),
                true,
            ),
            (
                "gate.example:8443",
                "t",
                "o.t",
                "https://gate.example",
                None,
                false,
            ),
            (
                "fs.example",
                "adfs",
                "s",
                "https://fs.example/adfs",
                None,
                true,
            ),
            ("fs.example", "adfs", "s", "fs.example", Some("ADFS"), true),
            ("fs.example", "adfs", "s", "fs.example", None, false),
            (
                "fs.example",
                "t",
                "o.t",
                "https://fs.example/adfs",
                None,
                false,
            ),
            (
                "c.b2clogin.com",
                "t",
                policy,
                "https://c.b2clogin.com/t/B2C_1_in",
                None,
                true,
            ),
            (
                "c.b2clogin.com",
                "t",
                policy,
                "https://c.b2clogin.com/t/b2c_1_up",
                None,
                false,
            ),
            ("c.b2clogin.com", "t", policy, "c.b2clogin.com", None, true),
        ] {
            let record = AuthenticationRecord {
                authority: recorded.to_owned(),
                client_id: "App".to_owned(),
                home_account_id: home.to_owned(),
                tenant_id: tenant_id.to_owned(),
                username: String::new(),
            };
            let row = format!("{recorded} {authority} {tenant:?}");
            assert_eq!(
                record.is_of("app", authority, tenant).unwrap(),
                expected,
                "{row}"
            );
            assert!(!record.is_of("other", authority, tenant).unwrap(), "{row}");
        }
        let record = AuthenticationRecord::deserialize(PYTHON).unwrap();
        record.is_of("c", "http://login.example", None).unwrap_err();
    }

    #[test]
    fn two_records_are_of_one_person_by_any_name_of_the_authority() {
        let one = AuthenticationRecord::deserialize(PYTHON).unwrap();
        for (from, to, expected) in [
            ("login.microsoftonline.com", "login.windows.net", true),
            ("\"t\"", "\"another\"", true),
            ("\"u\"", "\"renamed\"", true),
            ("\"c\"", "\"C\"", true),
            ("\"t\"", "\"adfs\"", false),
            ("\"c\"", "\"d\"", false),
            ("o.t", "p.t", false),
            (
                "login.microsoftonline.com",
                "login.microsoftonline.us",
                false,
            ),
        ] {
            let other = AuthenticationRecord::deserialize(&PYTHON.replace(from, to)).unwrap();
            assert_eq!(one.is_same_person(&other), expected, "{from} {to}");
            assert_eq!(other.is_same_person(&one), expected, "{from} {to}");
        }
    }

    #[test]
    fn an_account_without_a_tenant_is_of_adfs_however_that_is_written() {
        for tenant in [
            "\"tenantId\": \"adfs\", ",
            "\"tenantId\": null, ",
            "\"tenantId\": \"\", ",
            "",
        ] {
            let text = PYTHON.replace("\"tenantId\": \"t\", ", tenant);
            let at_adfs = text.replace("o.t", "a.sub-ject=");
            let record = AuthenticationRecord::deserialize(&at_adfs).unwrap();
            assert_eq!(record.tenant_id, "adfs", "{tenant}");
        }
    }

    #[test]
    fn unknown_version_and_other_faults_are_refused_by_name() {
        for (text, named) in [
            (PYTHON.replace("\"1.0\"", "\"42\""), "\"42\""),
            (PYTHON.replace("\"1.0\"", "1.0"), "1.0"),
            (PYTHON.replace("homeAccountId", "x"), "homeAccountId"),
            (
                PYTHON
                    .replace("\"t\"", "\"\"")
                    .replace("o.t", "o.aaaabbbb-0000-cccc-1111-dddd2222eeee"),
                "tenantId",
            ),
            (PYTHON.replace("\"t\"", "7"), "tenantId"),
            (PYTHON.replace("\"u\"", "7"), "username"),
            ("[]".into(), "not an authentication record"),
            (String::new(), "not an authentication record"),
        ] {
            let error = AuthenticationRecord::deserialize(&text).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidArgument);
            assert!(error.to_string().contains(named), "{text}: {error}");
        }
    }
}
