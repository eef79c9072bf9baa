//! Who is signed in to the Azure CLI: its file `azureProfile.json`.

use crate::error::{Error, Result};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
struct Profile {
    #[serde(default)]
    subscriptions: Vec<Subscription>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(super) struct Subscription {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(rename = "tenantId")]
    pub(super) tenant_id: String,
    #[serde(default, rename = "isDefault")]
    is_default: bool,
    #[serde(default, rename = "environmentName")]
    environment_name: String,
    pub(super) user: User,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(super) struct User {
    pub(super) name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, rename = "cloudShellID")]
    is_cloud_shell: bool,
}

const SIGN_IN: &str = "nobody is signed in to the Azure CLI here; run `az login`";

/// Whether this is what can be seen of a profile while it is written.
pub(super) fn is_cut(text: Option<&str>) -> bool {
    text.is_some_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_err())
}

/// The subscription that is meant: by id or name, else the default one of the active cloud.
pub(super) fn subscription(
    text: Option<&str>,
    cloud: &str,
    wanted: Option<&str>,
) -> Result<Subscription> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Err(Error::unavailable(SIGN_IN));
    };
    let profile: Profile = serde_json::from_str(text).map_err(|error| {
        // Line and column, and never what stands there.
        Error::unavailable(format!(
            "the Azure CLI's azureProfile.json cannot be understood (line {}, column {}); run `az \
             login` again",
            error.line(),
            error.column()
        ))
    })?;
    let of_cloud = profile
        .subscriptions
        .into_iter()
        .filter(|subscription| subscription.environment_name == cloud);
    let mut all: Vec<_> = of_cloud.collect();
    if all.is_empty() {
        return Err(Error::unavailable(SIGN_IN));
    }
    let is = |text: &str, wanted: &str| text.to_lowercase() == wanted.to_lowercase();
    all.retain(|subscription| match wanted {
        Some(wanted) => is(&subscription.id, wanted) || is(&subscription.name, wanted),
        None => subscription.is_default,
    });
    let found = all.pop();
    match (found, wanted) {
        (Some(found), _) if all.is_empty() => found.of_a_person(),
        (Some(_), _) => Err(Error::unavailable(format!(
            "the Azure CLI knows several subscriptions called {:?}; give one's id",
            wanted.unwrap_or("the default")
        ))),
        (None, Some(wanted)) => Err(Error::unavailable(format!(
            "the Azure CLI knows no subscription {wanted:?}; `az account list --refresh` tells \
             which it knows"
        ))),
        (None, None) => Err(Error::unavailable(
            "the Azure CLI has no default subscription; run `az account set`",
        )),
    }
}

impl Subscription {
    /// Only of a person there are tokens in the cache that anybody can renew.
    fn of_a_person(self) -> Result<Self> {
        let who = match self.user.kind.as_str() {
            _ if self.user.is_cloud_shell => "by Cloud Shell",
            "user" => return Ok(self),
            _ if self.user.name.ends_with("AssignedIdentity") => "as a managed identity",
            _ => "as an application",
        };
        Err(Error::unavailable(format!(
            "the Azure CLI is signed in {who}, not as a person, so only its program `az` can get \
             tokens"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(subscriptions: &str) -> String {
        format!(r#"{{"installationId":"x","subscriptions":[{subscriptions}]}}"#)
    }

    fn entry(id: &str, more: &str) -> String {
        format!(
            r#"{{"id":"{id}","name":"Name of {id}","state":"Enabled","tenantId":"tenant-of-{id}",
                "environmentName":"AzureCloud","homeTenantId":"h","managedByTenants":[],
                "user":{{"name":"megan@contoso.example","type":"user"}}{more}}}"#
        )
    }

    #[test]
    fn the_default_one_is_meant_or_the_one_that_is_named() {
        let default = entry("one", r#","isDefault":true"#);
        let text = profile(&[entry("zero", ""), default, entry("two", "")].join(","));
        let found = |wanted| subscription(Some(&text), "AzureCloud", wanted).unwrap().id;
        assert_eq!(found(None), "one");
        assert_eq!(found(Some("TWO")), "two");
        assert_eq!(found(Some("name of zero")), "zero");
    }

    #[test]
    fn whoever_is_no_person_or_not_there_is_told_what_to_do() {
        let default = r#","isDefault":true"#;
        let user = |user: &str| {
            let whole = entry("one", default);
            profile(&whole.replace(r#"{"name":"megan@contoso.example","type":"user"}"#, user))
        };
        let twice = [entry("a", ""), entry("b", "")]
            .join(",")
            .replace("Name of b", "Name of a");
        for (text, wanted, said) in [
            (None, None, "run `az login`"),
            (Some(String::new()), None, "run `az login`"),
            (Some(profile("")), None, "run `az login`"),
            (
                Some("{\"subscriptions\":[{}".into()),
                None,
                "cannot be understood",
            ),
            (Some(profile(&entry("one", ""))), None, "`az account set`"),
            (
                Some(profile(&entry("one", default))),
                Some("x"),
                "knows no subscription \"x\"",
            ),
            (
                Some(profile(&twice)),
                Some("Name of a"),
                "several subscriptions",
            ),
            (
                Some(user(r#"{"name":"an-id","type":"servicePrincipal"}"#)),
                None,
                "as an application",
            ),
            (
                Some(user(
                    r#"{"name":"systemAssignedIdentity","type":"servicePrincipal","assignedIdentityInfo":"MSI"}"#,
                )),
                None,
                "as a managed identity",
            ),
            (
                Some(user(r#"{"name":"m@x","type":"user","cloudShellID":true}"#)),
                None,
                "by Cloud Shell",
            ),
        ] {
            let error = subscription(text.as_deref(), "AzureCloud", wanted).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::CredentialUnavailable);
            assert!(error.to_string().contains(said), "{said}: {error}");
        }
        let text = profile(&entry("one", default));
        let error = subscription(Some(&text), "AzureChinaCloud", None).unwrap_err();
        assert!(error.to_string().contains("`az login`"), "{error}");
    }
}
