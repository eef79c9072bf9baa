//! What an application asks for (RFC 6749, section 3.3) and what it is granted.

use crate::{
    directory::{Application, Directory},
    refusal::Refusal,
    resources::Resource,
};

/// All permissions that were agreed on beforehand.
const DEFAULT: &str = ".default";

/// The scopes of a request, each known.
#[derive(Clone, Debug)]
pub(crate) struct Scopes {
    pub(crate) openid: bool,
    pub(crate) offline_access: bool,
    /// `openid`, `profile`, `email` as asked for; `offline_access` is never listed as granted.
    identity: Vec<&'static str>,
    /// The resources, in the order in which they were named first.
    pub(crate) resources: Vec<ResourceScopes>,
    /// The text that was asked for, to be kept with a grant.
    pub(crate) text: String,
}

/// The permissions asked for at one resource.
#[derive(Clone, Debug)]
pub(crate) struct ResourceScopes {
    pub(crate) resource: Resource,
    /// Scopes as they were written, and the permission that each names.
    asked: Vec<(String, String)>,
}

impl Scopes {
    /// Reads a `scope` parameter.
    pub(crate) fn parse(
        text: &str,
        directory: &Directory,
        application: &Application,
    ) -> Result<Self, Refusal> {
        let mut scopes = Self {
            openid: false,
            offline_access: false,
            identity: Vec::new(),
            resources: Vec::new(),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        if scopes.text.is_empty() {
            return Err(Refusal::missing_parameter("scope"));
        }
        for scope in text.split_whitespace() {
            match scope {
                "openid" => scopes.add_identity("openid"),
                "profile" => scopes.add_identity("profile"),
                "email" => scopes.add_identity("email"),
                "offline_access" => scopes.offline_access = true,
                _ => scopes.add_permission(scope, directory, application)?,
            }
        }
        scopes.openid = scopes.identity.contains(&"openid");
        if scopes.resources.is_empty() {
            // Who asks for an identity alone gets Microsoft Graph's token beside it.
            scopes.resources.push(ResourceScopes {
                resource: Resource::graph(),
                asked: Vec::new(),
            });
        }
        Ok(scopes)
    }

    /// The one resource that a token can be for.
    pub(crate) fn only_resource(&self) -> Result<&ResourceScopes, Refusal> {
        match self.resources.as_slice() {
            [only] => Ok(only),
            [_, second, ..] => Err(Refusal::several_resources(&second.resource.name)),
            [] => Err(Refusal::missing_parameter("scope")),
        }
    }

    /// The `scope` of a reply (RFC 6749, section 5.1) with a token for `resource`.
    ///
    /// As in Entra ID, the identity's scopes are listed with Microsoft Graph's only.
    pub(crate) fn granted(&self, resource: &ResourceScopes) -> String {
        let mut granted = Vec::new();
        if resource.resource.is_graph() {
            granted.extend(self.identity.iter().map(|&scope| scope.to_owned()));
        }
        for permission in resource.permissions() {
            let written = resource.asked.iter().find(|(_, name)| *name == permission);
            granted.push(written.map_or_else(
                || format!("{}/{permission}", resource.resource.name),
                |(scope, _)| scope.clone(),
            ));
        }
        let default = resource.asked.iter().find(|(_, name)| name == DEFAULT);
        granted.extend(default.map(|(scope, _)| scope.clone()));
        granted.join(" ")
    }

    /// The `scp` claim of an access token for `resource`.
    pub(crate) fn claim(&self, resource: &ResourceScopes) -> String {
        let identity = self
            .identity
            .iter()
            .filter(|_| resource.resource.is_graph());
        let permissions = resource.permissions();
        let names = permissions
            .iter()
            .map(String::as_str)
            .chain(identity.copied());
        names.collect::<Vec<_>>().join(" ")
    }

    fn add_identity(&mut self, scope: &'static str) {
        if !self.identity.contains(&scope) {
            self.identity.push(scope);
        }
    }

    fn add_permission(
        &mut self,
        scope: &str,
        directory: &Directory,
        application: &Application,
    ) -> Result<(), Refusal> {
        let (resource, permission) = match scope.rsplit_once('/') {
            Some((resource, permission)) => {
                if permission.is_empty() || resource.trim_end_matches('/').is_empty() {
                    return Err(Refusal::invalid_scope(scope));
                }
                let found = Resource::find(resource, directory)
                    .ok_or_else(|| Refusal::unknown_resource(resource))?;
                (found, permission)
            }
            None => (Resource::graph(), scope),
        };
        let known = permission == DEFAULT
            || resource
                .permissions
                .iter()
                .any(|known| known.eq_ignore_ascii_case(permission));
        if !known {
            return Err(if scope.contains('/') {
                Refusal::unknown_permission(&application.name, permission, &resource.name)
            } else {
                Refusal::invalid_scope(scope)
            });
        }
        let asked = (scope.to_owned(), permission.to_owned());
        let same = |entry: &&mut ResourceScopes| {
            entry
                .resource
                .audience
                .eq_ignore_ascii_case(&resource.audience)
                || (entry.resource.is_graph() && resource.is_graph())
        };
        match self.resources.iter_mut().find(same) {
            Some(entry) if entry.asked.contains(&asked) => {}
            Some(entry) => entry.asked.push(asked),
            None => self.resources.push(ResourceScopes {
                resource,
                asked: vec![asked],
            }),
        }
        Ok(())
    }
}

impl ResourceScopes {
    /// The permissions asked for; `.default` stands for what programs need most: the first one.
    pub(crate) fn permissions(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .asked
            .iter()
            .filter(|(_, permission)| permission != DEFAULT)
            .map(|(_, permission)| permission.clone())
            .collect();
        if self
            .asked
            .iter()
            .any(|(_, permission)| permission == DEFAULT)
        {
            let first = self.resource.permissions.first();
            names.extend(first.filter(|first| !names.contains(first)).cloned());
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::TokenVersion;

    fn parse(text: &str) -> Result<Scopes, Refusal> {
        let directory = Directory::default();
        Scopes::parse(text, &directory, &directory.applications()[0])
    }

    #[test]
    fn a_token_is_for_the_resource_that_the_scope_names() {
        use TokenVersion::{V1, V2};
        for (text, audience, version, granted, claim) in [
            (
                "https://management.azure.com/.default openid offline_access",
                "https://management.azure.com",
                V1,
                "https://management.azure.com/user_impersonation https://management.azure.com/.default",
                "user_impersonation",
            ),
            (
                "https://management.core.windows.net//.default",
                "https://management.core.windows.net/",
                V1,
                "https://management.core.windows.net//user_impersonation \
                 https://management.core.windows.net//.default",
                "user_impersonation",
            ),
            (
                "https://account.blob.core.windows.net/.default",
                "https://account.blob.core.windows.net",
                V1,
                "https://account.blob.core.windows.net/user_impersonation \
                 https://account.blob.core.windows.net/.default",
                "user_impersonation",
            ),
            (
                "User.Read Mail.Read openid profile offline_access",
                "00000003-0000-0000-c000-000000000000",
                V1,
                "openid profile User.Read Mail.Read",
                "User.Read Mail.Read openid profile",
            ),
            (
                "https://graph.microsoft.com/.default https://graph.microsoft.com/User.Read",
                "https://graph.microsoft.com",
                V1,
                "https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default",
                "User.Read",
            ),
            (
                "openid profile",
                "00000003-0000-0000-c000-000000000000",
                V1,
                "openid profile",
                "openid profile",
            ),
            (
                "api://22223333-cccc-4444-dddd-5555eeee6666/Expenses.Read",
                "22223333-cccc-4444-dddd-5555eeee6666",
                V2,
                "api://22223333-cccc-4444-dddd-5555eeee6666/Expenses.Read",
                "Expenses.Read",
            ),
            (
                "22223333-cccc-4444-dddd-5555eeee6666/.default",
                "22223333-cccc-4444-dddd-5555eeee6666",
                V2,
                "22223333-cccc-4444-dddd-5555eeee6666/Expenses.Read \
                 22223333-cccc-4444-dddd-5555eeee6666/.default",
                "Expenses.Read",
            ),
        ] {
            let scopes = parse(text).expect(text);
            let resource = scopes.only_resource().expect(text);
            assert_eq!(resource.resource.audience, audience);
            assert_eq!(resource.resource.version, version, "{text}");
            assert_eq!(scopes.granted(resource), granted);
            assert_eq!(scopes.claim(resource), claim);
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_code() {
        for (text, code) in [
            ("", 900_144),
            ("Nonsense", 70011),
            ("/.default", 70011),
            ("https://management.azure.com/", 70011),
            ("https://unknown.example/.default", 500_011),
            ("https://.blob.core.windows.net/.default", 500_011),
            ("api://11112222-bbbb-3333-cccc-4444dddd5555/Read", 500_011),
            ("https://management.azure.com/Unknown", 650_053),
        ] {
            assert_eq!(parse(text).expect_err(text).code, code, "{text}");
        }
        let two = parse("https://management.azure.com/.default https://vault.azure.net/.default");
        assert_eq!(two.unwrap().only_resource().unwrap_err().code, 28000);
    }
}
