//! The resources that tokens are for.

use crate::directory::Directory;

/// Microsoft Graph's id, which is the audience where a scope names no resource.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";

/// Microsoft Graph, whose scopes may be written without their resource.
const GRAPH: &str = "https://graph.microsoft.com";

/// What applications may do with Azure's resources in a person's name.
const USER_IMPERSONATION: &[&str] = &["user_impersonation"];

/// Delegated permissions of Microsoft Graph: those that programs ask for most.
const GRAPH_PERMISSIONS: &[&str] = &[
    "User.Read",
    "User.ReadWrite",
    "User.ReadBasic.All",
    "User.Read.All",
    "Calendars.Read",
    "Calendars.ReadWrite",
    "Contacts.Read",
    "Directory.Read.All",
    "Files.Read",
    "Files.ReadWrite",
    "Group.Read.All",
    "Mail.Read",
    "Mail.ReadWrite",
    "Mail.Send",
    "People.Read",
    "Sites.Read.All",
];

/// Azure's own resources, as the scopes of its clients name them, without a trailing slash.
const AZURE: &[(&str, &[&str])] = &[
    (
        "Azure Resource Manager",
        &[
            "https://management.azure.com",
            "https://management.core.windows.net",
            "https://management.usgovcloudapi.net",
            "https://management.core.usgovcloudapi.net",
            "https://management.chinacloudapi.cn",
            "https://management.core.chinacloudapi.cn",
            "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        ],
    ),
    ("Azure Storage", &["https://storage.azure.com"]),
    (
        "Azure Key Vault",
        &[
            "https://vault.azure.net",
            "https://vault.usgovcloudapi.net",
            "https://vault.azure.cn",
            "https://managedhsm.azure.net",
        ],
    ),
    (
        "Azure SQL Database",
        &[
            "https://database.windows.net",
            "https://database.usgovcloudapi.net",
            "https://database.chinacloudapi.cn",
            "https://ossrdbms-aad.database.windows.net",
        ],
    ),
    ("Azure App Configuration", &["https://azconfig.io"]),
    (
        "Azure Cognitive Services",
        &["https://cognitiveservices.azure.com"],
    ),
    ("Azure AI", &["https://ai.azure.com"]),
    ("Azure AI Search", &["https://search.azure.com"]),
    ("Azure Cosmos DB", &["https://cosmos.azure.com"]),
    ("Azure Event Hubs", &["https://eventhubs.azure.net"]),
    ("Azure Service Bus", &["https://servicebus.azure.net"]),
    (
        "Azure Monitor",
        &["https://monitor.azure.com", "https://api.loganalytics.io"],
    ),
    ("Azure Cache for Redis", &["https://redis.azure.com"]),
    (
        "Azure Container Registry",
        &["https://containerregistry.azure.net"],
    ),
    (
        "Azure Kubernetes Service",
        &["6dae42f8-4368-4678-94ff-3960e28e3630"],
    ),
    ("Azure DevOps", &["499b84ac-1321-427f-aa17-267ca6975798"]),
];

/// Storage accounts and databases are resources of their own, each with its host's name.
const AZURE_HOSTS: &[(&str, &str)] = &[
    ("Azure Storage", ".blob.core.windows.net"),
    ("Azure Storage", ".dfs.core.windows.net"),
    ("Azure Storage", ".file.core.windows.net"),
    ("Azure Storage", ".queue.core.windows.net"),
    ("Azure Storage", ".table.core.windows.net"),
    ("Azure Cosmos DB", ".documents.azure.com"),
];

const GRAPH_NAMES: &[&str] = &[
    GRAPH,
    "https://graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    GRAPH_ID,
];

/// Which form a resource's access tokens have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TokenVersion {
    /// Of Azure's own resources, issued by `sts.windows.net`.
    V1,
    /// Of applications that ask for it.
    V2,
}

/// A resource that tokens are for.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// Its name as the scope has it: what stands before the last slash.
    pub(crate) name: String,
    /// What its tokens carry as `aud`.
    pub(crate) audience: String,
    /// What people call it.
    pub(crate) title: String,
    /// What can be granted.
    pub(crate) permissions: Vec<String>,
    pub(crate) version: TokenVersion,
}

impl Resource {
    /// Microsoft Graph, as scopes without a resource mean it.
    pub(crate) fn graph() -> Self {
        Self {
            audience: GRAPH_ID.to_owned(),
            ..azure(GRAPH, "Microsoft Graph", GRAPH_PERMISSIONS)
        }
    }

    /// The resource called `name`: one of Azure's, or an application that offers permissions.
    pub(crate) fn find(name: &str, directory: &Directory) -> Option<Self> {
        let bare = name.trim_end_matches('/').to_ascii_lowercase();
        if GRAPH_NAMES.contains(&bare.as_str()) {
            return Some(azure(name, "Microsoft Graph", GRAPH_PERMISSIONS));
        }
        if let Some((title, _)) = AZURE
            .iter()
            .find(|(_, names)| names.contains(&bare.as_str()))
        {
            return Some(azure(name, title, USER_IMPERSONATION));
        }
        if let Some((title, _)) = AZURE_HOSTS
            .iter()
            .find(|(_, suffix)| is_host(&bare, suffix))
        {
            return Some(azure(name, title, USER_IMPERSONATION));
        }
        let application = directory.application(bare.strip_prefix("api://").unwrap_or(&bare))?;
        (!application.scopes.is_empty()).then(|| Self {
            name: name.to_owned(),
            audience: application.client_id.clone(),
            title: application.name.clone(),
            permissions: application.scopes.clone(),
            version: TokenVersion::V2,
        })
    }

    pub(crate) fn is_graph(&self) -> bool {
        GRAPH_NAMES.contains(&self.name.trim_end_matches('/'))
    }
}

fn azure(name: &str, title: &str, permissions: &[&str]) -> Resource {
    Resource {
        name: name.to_owned(),
        audience: name.to_owned(),
        title: title.to_owned(),
        permissions: permissions
            .iter()
            .map(|&permission| permission.to_owned())
            .collect(),
        version: TokenVersion::V1,
    }
}

fn is_host(name: &str, suffix: &str) -> bool {
    name.strip_prefix("https://")
        .and_then(|host| host.strip_suffix(suffix))
        .is_some_and(|account| {
            !account.is_empty()
                && account
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}
