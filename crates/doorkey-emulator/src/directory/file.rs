//! The directory as a TOML file.

use super::{
    Application, CONSUMERS, Directory, Federation, Guest, SamlVersion, Tenant, User,
    WsTrustVersion, person,
};
use crate::Error;
use serde::Deserialize;
use std::collections::HashSet;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tenants: Vec<TenantEntry>,
    applications: Vec<ApplicationEntry>,
    #[serde(default)]
    federations: Vec<FederationEntry>,
    people: Vec<PersonEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantEntry {
    id: String,
    domain: String,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApplicationEntry {
    client_id: String,
    name: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    family: Option<String>,
    #[serde(default)]
    must_consent: bool,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FederationEntry {
    domain: String,
    ws_trust: Vec<WsTrustVersion>,
    saml: SamlVersion,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonEntry {
    username: String,
    password: String,
    /// A tenant's id or domain, or `consumers`.
    tenant: String,
    name: Option<String>,
    note: Option<String>,
    object_id: Option<String>,
    mfa_code: Option<String>,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    password_expired: bool,
    #[serde(default)]
    nameless: bool,
    conditional_access: Option<String>,
    #[serde(default)]
    must_consent: bool,
    #[serde(default)]
    guest_in: Vec<String>,
}

/// Reads a directory, and checks that its parts fit each other.
pub(super) fn read(text: &str) -> Result<Directory, Error> {
    let file: File = toml::from_str(text).map_err(|error| Error::Directory {
        message: error.to_string(),
    })?;
    let mut directory = Directory {
        tenants: Vec::new(),
        consumers: Tenant {
            id: CONSUMERS.to_owned(),
            domain: "consumers".to_owned(),
            name: "Personal accounts".to_owned(),
        },
        applications: Vec::new(),
        federations: Vec::new(),
        users: Vec::new(),
    };
    for (list, length) in [
        ("tenants", file.tenants.len()),
        ("applications", file.applications.len()),
        ("people", file.people.len()),
    ] {
        if length == 0 {
            return Err(refuse(list, "must have one entry at least"));
        }
    }
    for entry in file.tenants {
        let tenant = tenant(entry)?;
        if [&tenant.id, &tenant.domain]
            .iter()
            .any(|name| directory.tenant(name).is_some())
        {
            return Err(refuse(
                &format!("tenant {}", tenant.domain),
                "is there twice",
            ));
        }
        directory.tenants.push(tenant);
    }
    for entry in file.applications {
        let application = application(entry)?;
        if directory.application(&application.client_id).is_some() {
            return Err(refuse(
                &format!("application {}", application.client_id),
                "is there twice",
            ));
        }
        directory.applications.push(application);
    }
    for entry in file.federations {
        let federation = federation(entry)?;
        if directory.federation(&federation.domain).is_some() {
            return Err(refuse(
                &format!("federation {}", federation.domain),
                "is there twice",
            ));
        }
        directory.federations.push(federation);
    }
    for entry in file.people {
        let user = user(entry, &directory)?;
        let is_there = directory
            .named(&user.username)
            .any(|known| known.tenant_id == user.tenant_id || known.object_id == user.object_id);
        if is_there {
            return Err(refuse(
                &format!("person {}", user.username),
                "is there twice",
            ));
        }
        directory.users.push(user);
    }
    Ok(directory)
}

fn tenant(entry: TenantEntry) -> Result<Tenant, Error> {
    let id = guid(&entry.id)
        .ok_or_else(|| refuse(&format!("tenant {}", entry.domain), "id must be a GUID"))?;
    if id == CONSUMERS {
        return Err(refuse(
            &format!("tenant {id}"),
            "is the tenant of personal accounts",
        ));
    }
    let domain = entry.domain.to_ascii_lowercase();
    if !is_domain_name(&domain) {
        return Err(refuse(
            &format!("tenant {id}"),
            "domain must be a domain name with a dot",
        ));
    }
    let name = entry.name.unwrap_or_else(|| domain.clone());
    Ok(Tenant { id, domain, name })
}

fn application(entry: ApplicationEntry) -> Result<Application, Error> {
    let client_id = guid(&entry.client_id).ok_or_else(|| {
        refuse(
            &format!("application {}", entry.name),
            "client_id must be a GUID",
        )
    })?;
    if let Some(uri) = entry
        .redirect_uris
        .iter()
        .find(|uri| url::Url::parse(uri).is_err())
    {
        return Err(refuse(
            &format!("application {}", entry.name),
            &format!("redirect_uris has {uri:?}, which is no absolute URI"),
        ));
    }
    Ok(Application {
        client_id,
        name: entry.name,
        redirect_uris: entry.redirect_uris,
        family: entry.family,
        must_consent: entry.must_consent,
        scopes: entry.scopes,
    })
}

fn federation(entry: FederationEntry) -> Result<Federation, Error> {
    let domain = entry.domain.to_ascii_lowercase();
    let who = format!("federation {domain}");
    if !is_domain_name(&domain) {
        return Err(refuse(&who, "domain must be a domain name with a dot"));
    }
    if entry.ws_trust.is_empty() {
        return Err(refuse(&who, "ws_trust must name one version at least"));
    }
    Ok(Federation {
        domain,
        ws_trust: entry.ws_trust,
        saml: entry.saml,
    })
}

fn user(entry: PersonEntry, directory: &Directory) -> Result<User, Error> {
    let who = format!("person {}", entry.username);
    let tenant_id = |field: &str, name: &str| {
        directory
            .tenant(name)
            .map(|tenant| tenant.id.clone())
            .ok_or_else(|| {
                refuse(
                    &who,
                    &format!("{field} is {name:?}, which is no tenant's id or domain"),
                )
            })
    };
    let home = tenant_id("tenant", &entry.tenant)?;
    let mut seen = HashSet::from([home.clone(), CONSUMERS.to_owned()]);
    let mut guest_in = Vec::new();
    for name in &entry.guest_in {
        let tenant_id = tenant_id("guest_in", name)?;
        if !seen.insert(tenant_id.clone()) {
            return Err(refuse(
                &who,
                &format!("guest_in names {name:?} twice, or their own tenant, or no organization"),
            ));
        }
        let object_id = person::object_id(&tenant_id, &entry.username);
        guest_in.push(Guest {
            tenant_id,
            object_id,
        });
    }
    let object_id = match &entry.object_id {
        Some(id) => guid(id).ok_or_else(|| refuse(&who, "object_id must be a GUID"))?,
        None => person::object_id(&home, &entry.username),
    };
    if !entry.username.contains('@') || entry.username.trim() != entry.username {
        return Err(refuse(
            &who,
            "username must be like name@domain, without spaces around it",
        ));
    }
    if entry.password.is_empty() {
        return Err(refuse(&who, "password must not be empty"));
    }
    Ok(User {
        name: entry.name.unwrap_or_else(|| entry.username.clone()),
        note: entry.note.unwrap_or_default(),
        username: entry.username,
        password: entry.password,
        tenant_id: home,
        object_id,
        mfa_code: entry.mfa_code,
        disabled: entry.disabled,
        locked: entry.locked,
        password_expired: entry.password_expired,
        nameless: entry.nameless,
        conditional_access: entry.conditional_access,
        must_consent: entry.must_consent,
        guest_in,
    })
}

fn refuse(entry: &str, why: &str) -> Error {
    Error::Directory {
        message: format!("{entry}: {why}"),
    }
}

/// `text` in lower case, if it is a GUID.
fn guid(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let right = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    right.then(|| text.to_ascii_lowercase())
}

fn is_domain_name(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}
