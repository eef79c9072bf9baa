//! The checklist: what is shown against a real tenant, by which commands.

/// One line of the checklist.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// What a pass shows, as the page says it.
    pub(crate) shows: &'static str,
    /// What the maintainer has to have and to do; empty where that is nothing.
    pub(crate) person: &'static str,
    /// Which of [`QUESTIONS`] have to be answered first.
    pub(crate) asks: &'static [&'static str],
    /// Where a line is of one kind of tenant alone, whatever the others are run against.
    pub(crate) tenant: Option<&'static str>,
    /// None where there is nothing to run yet.
    pub(crate) steps: &'static [Step],
}

/// One run of a program, and what is expected of it.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) program: Program,
    /// What the arguments begin with.
    pub(crate) command: &'static str,
    /// Separated by blanks. `{name}` is the answer to a question, which may hold blanks.
    pub(crate) arguments: &'static str,
    /// The question whose answer goes to standard input.
    pub(crate) input: Option<&'static str>,
    pub(crate) statuses: &'static [i32],
    /// What has to be said on standard error.
    pub(crate) says: &'static str,
    pub(crate) prints: Prints,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Program {
    Doorkey,
    /// An example of the library, for what the command has no option for.
    Example(&'static str),
}

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Doorkey => "doorkey",
            Self::Example(name) => name,
        }
    }
}

/// What standard output has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Prints {
    Anything,
    /// An authentication record of the authority that was given.
    Record,
    /// A token of the tenant that it says.
    Token,
    /// The same, and that is the tenant of this answer.
    TokenOf(&'static str),
    /// One that is bound to a key, and signed by it.
    BoundToken,
    /// A token that lives for hours more than one that cannot be revoked at once.
    LongToken,
    Nothing,
}

/// What can be asked, and how.
pub(crate) const QUESTIONS: &[(&str, &str)] = &[
    (
        "guest",
        "A tenant in which this person is a guest, by id or domain",
    ),
    (
        "adfs",
        "The address of the AD FS server, as https://fs.contoso.example/adfs",
    ),
    (
        "b2c",
        "The authority with tenant and policy, as https://T.b2clogin.com/T.onmicrosoft.com/P",
    ),
    ("ciam", "The authority, as https://T.ciamlogin.com"),
    ("client", "The application there, by its client id"),
    ("its-scope", "A scope of an API there"),
    ("user", "The user name"),
    (PASSWORD, "The password"),
    (
        "claims",
        "The claims that were demanded, as JSON or base64 (from a WWW-Authenticate header)",
    ),
    ("storage", "The name of the storage account"),
];

/// The one answer that is not shown while it is typed.
pub(crate) const PASSWORD: &str = "password";

pub(crate) const LINES: &[Line] = &[
    Line {
        name: "browser",
        shows: "a person signs in in the system's browser",
        person: "Sign in on the page that opens.",
        steps: &[login("--browser --scope {scope}"), SILENT],
        ..LINE
    },
    Line {
        name: "device-code",
        shows: "a person signs in by a code on another device",
        person: "Open the page on another device and type the code.",
        steps: &[login("--device-code --scope {scope}"), SILENT],
        ..LINE
    },
    Line {
        name: "silent",
        shows: "a token for another resource, in another process, by the refresh token",
        person: "Somebody has signed in, by the lines above.",
        steps: &[token("--silent --scope https://vault.azure.net/.default")],
        ..LINE
    },
    Line {
        name: "continuous-access",
        shows: "Azure Storage takes tokens that say `cp1`, from the SDK's client",
        person: "The person needs the role Storage Blob Data Contributor. Sign in on the page.",
        asks: &["storage"],
        steps: &[Step {
            program: Program::Example("blob_storage"),
            prints: Prints::Anything,
            ..run("{storage}", &[0])
        }],
        ..LINE
    },
    Line {
        name: "long-lived",
        shows: "Microsoft Graph's tokens live for hours where continuous access is asked for",
        person: "Sign in on the page.",
        steps: &[
            login(
                "--scope https://graph.microsoft.com/.default --claims-challenge \
                 {\"access_token\":{\"xms_cc\":{\"values\":[\"cp1\"]}}}",
            ),
            Step {
                prints: Prints::LongToken,
                ..token("--silent --scope https://graph.microsoft.com/.default")
            },
        ],
        ..LINE
    },
    Line {
        name: "claims-challenge",
        shows: "what a resource or Conditional Access demands is satisfied by signing in with it",
        person: "Get a challenge first, from a service with a policy. Do on the page what it asks.",
        asks: &["claims"],
        steps: &[login("--claims-challenge {claims} --scope {scope}"), SILENT],
        ..LINE
    },
    Line {
        name: "revoked",
        shows: "whose sessions were revoked has to sign in again, and is told so",
        person: "Revoke the person's sessions in the portal, and wait a minute.",
        steps: &[Step {
            says: "doorkey login",
            ..run(
                "token --silent --scope https://database.windows.net/.default",
                &[3],
            )
        }],
        ..LINE
    },
    Line {
        name: "guest",
        shows: "a person gets tokens of a tenant in which they are a guest",
        person: "Sign in on the page.",
        asks: &["guest"],
        steps: &[
            login("--tenant {guest} --scope {scope}"),
            Step {
                prints: Prints::TokenOf("guest"),
                ..token("--silent --tenant {guest} --scope {scope}")
            },
        ],
        ..LINE
    },
    Line {
        name: "government",
        shows: "Azure for the US government",
        person: "Sign in on the page, as a person of that cloud.",
        tenant: Some("workforce, US government"),
        steps: &[
            login("--authority https://login.microsoftonline.us --tenant organizations"),
            token(
                "--silent --authority https://login.microsoftonline.us --tenant organizations \
                 --scope https://management.usgovcloudapi.net/.default",
            ),
        ],
        ..LINE
    },
    Line {
        name: "china",
        shows: "Azure in China",
        person: "Sign in on the page, as a person of that cloud.",
        tenant: Some("workforce, China"),
        steps: &[
            login("--authority https://login.chinacloudapi.cn --tenant organizations"),
            token(
                "--silent --authority https://login.chinacloudapi.cn --tenant organizations \
                 --scope https://management.chinacloudapi.cn/.default",
            ),
        ],
        ..LINE
    },
    Line {
        name: "adfs",
        shows: "AD FS, without Entra ID",
        person: "The application is a native one with the redirect URI http://localhost:8400.",
        asks: &["adfs", "client", "its-scope"],
        tenant: Some("AD FS"),
        steps: &[
            login("--authority {adfs} --client-id {client} --scope {its-scope}"),
            token("--silent --authority {adfs} --client-id {client} --scope {its-scope}"),
        ],
    },
    Line {
        name: "b2c",
        shows: "Azure AD B2C, by one user flow",
        person: "Sign in on the page.",
        asks: &["b2c", "client", "its-scope"],
        tenant: Some("B2C"),
        steps: &[
            login("--authority {b2c} --client-id {client} --scope {its-scope}"),
            token("--silent --authority {b2c} --client-id {client} --scope {its-scope}"),
        ],
    },
    Line {
        name: "ciam",
        shows: "Entra External ID",
        person: "Sign in on the page.",
        asks: &["ciam", "client", "its-scope"],
        tenant: Some("External ID"),
        steps: &[
            login("--authority {ciam} --client-id {client} --scope {its-scope}"),
            token("--silent --authority {ciam} --client-id {client} --scope {its-scope}"),
        ],
    },
    Line {
        name: "password-managed",
        shows: "a test account of the directory itself signs in by user name and password",
        person: "The account has no second factor, and the tenant no security defaults.",
        asks: &["user", PASSWORD],
        steps: &[
            Step {
                input: Some(PASSWORD),
                ..login("--username {user} --password-stdin --scope {scope}")
            },
            token("--silent --account {user} --scope {scope}"),
        ],
        ..LINE
    },
    Line {
        name: "password-federated",
        shows: "a test account of a federated domain does, by WS-Trust",
        person: "The domain's server has a user name endpoint of WS-Trust.",
        asks: &["user", PASSWORD],
        tenant: Some("workforce, federated domain"),
        steps: &[
            Step {
                input: Some(PASSWORD),
                ..login("--username {user} --password-stdin --scope {scope}")
            },
            token("--silent --account {user} --scope {scope}"),
        ],
    },
    Line {
        name: "password-wrong",
        shows: "a wrong password is refused, and the sentence is true",
        person: "Give a wrong password.",
        asks: &["user", PASSWORD],
        steps: &[Step {
            input: Some(PASSWORD),
            says: "AADSTS50126",
            ..run(
                "login --username {user} --password-stdin --scope {scope}",
                &[1],
            )
        }],
        ..LINE
    },
    Line {
        name: "personal",
        shows: "a personal Microsoft account",
        person: "The application allows personal accounts. Sign in on the page with one.",
        asks: &["client"],
        tenant: Some("consumers"),
        steps: &[
            login(
                "--tenant consumers --client-id {client} \
                 --scope https://graph.microsoft.com/User.Read",
            ),
            token(
                "--silent --tenant consumers --client-id {client} \
                 --scope https://graph.microsoft.com/User.Read",
            ),
        ],
    },
    Line {
        name: "no-tenant",
        shows: "a tenant that does not exist is refused, and the sentence is true",
        steps: &[Step {
            says: "AADSTS90002",
            ..run(
                "login --device-code --scope {scope} --tenant 00000000-0000-4000-8000-000000000000",
                &[1, 2],
            )
        }],
        ..LINE
    },
    Line {
        name: "no-resource",
        shows: "a resource that does not exist is refused, and the sentence is true",
        person: "Somebody has signed in, by the lines above.",
        steps: &[Step {
            says: "AADSTS500011",
            ..run(
                "token --silent --scope https://nothing.example/.default",
                &[1, 3],
            )
        }],
        ..LINE
    },
    Line {
        name: "declined",
        shows: "who declines on the page of the code is believed",
        person: "Open the page, type the code, and choose Cancel.",
        steps: &[run("login --device-code --scope {scope}", &[1])],
        ..LINE
    },
    Line {
        name: "expired",
        shows: "a code that nobody typed expires, and the sentence is true",
        person: "Do nothing for 15 minutes.",
        steps: &[run("login --device-code --scope {scope}", &[1])],
        ..LINE
    },
    Line {
        name: "sign-out",
        shows: "after signing out nobody is signed in on this machine",
        steps: &[
            Step {
                prints: Prints::Anything,
                ..run("logout --all", &[0])
            },
            Step {
                says: "doorkey login",
                ..run("token --silent --scope {scope}", &[3])
            },
        ],
        ..LINE
    },
    Line {
        name: "broker",
        shows: "whoever is signed in to the operating system's broker is signed in",
        person: "The machine has its broker, and the application the broker's redirect URI \
                 (docs/brokers.md). Choose yourself in its window.",
        steps: &[
            login("--broker --scope {scope}"),
            token("--broker --silent --scope {scope}"),
        ],
        ..LINE
    },
    Line {
        name: "proof-of-possession",
        shows: "the authority binds tokens to a key",
        person: "Sign in on the page.",
        steps: &[Step {
            prints: Prints::BoundToken,
            ..token(
                "--pop-method GET --pop-url https://graph.microsoft.com/v1.0/me --pop-nonce live \
                 --browser --scope https://graph.microsoft.com/.default",
            )
        }],
        ..LINE
    },
];

const LINE: Line = Line {
    name: "",
    shows: "",
    person: "",
    asks: &[],
    tenant: None,
    steps: &[],
};

/// A token for the resource of the lines that need no other.
const SILENT: Step = token("--silent --scope {scope}");

const fn run(arguments: &'static str, statuses: &'static [i32]) -> Step {
    Step {
        program: Program::Doorkey,
        command: "",
        arguments,
        input: None,
        statuses,
        says: "",
        prints: Prints::Nothing,
    }
}

/// `doorkey login`, which prints the record of who signed in.
const fn login(arguments: &'static str) -> Step {
    Step {
        command: "login --output json",
        prints: Prints::Record,
        ..run(arguments, &[0])
    }
}

/// `doorkey token`, as JSON.
const fn token(arguments: &'static str) -> Step {
    Step {
        command: "token --output json",
        prints: Prints::Token,
        ..run(arguments, &[0])
    }
}
