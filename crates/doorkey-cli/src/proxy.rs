//! `--proxy`: the way that our connections go.

use crate::failure::Failure;
use azure_core::http::Url;
use reqwest::{ClientBuilder, NoProxy};
use std::{env, fmt};

/// What `--proxy` or `DOORKEY_PROXY` says. It may hold a password, so it is never shown.
#[derive(Clone)]
pub(crate) struct ProxyArgument(String);

/// The way of our connections.
pub(crate) enum Way {
    /// Straight, whatever the environment says.
    Direct,
    /// By this proxy, except to whom `NO_PROXY` names.
    By(Box<reqwest::Proxy>),
}

impl Way {
    /// `None` where the environment's proxies are to be heeded, as they are by default. The
    /// variable is read here and not by `clap`, as only it may hold a password.
    pub(crate) fn of(option: Option<&ProxyArgument>) -> Result<Option<Self>, Failure> {
        if let Some(ProxyArgument(text)) = option {
            return parse("--proxy", text, Passwords::Refused).map(Some);
        }
        let Some(text) = env::var_os(VARIABLE) else {
            return Ok(None);
        };
        let text = text.into_string().map_err(|_| {
            Failure::Usage(format!(
                "the environment variable {VARIABLE} is not UTF-8; set it anew, or unset it"
            ))
        })?;
        match text.trim() {
            "" => Ok(None),
            text => parse(VARIABLE, text, Passwords::Taken).map(Some),
        }
    }

    pub(crate) fn apply(self, client: ClientBuilder) -> ClientBuilder {
        match self {
            Self::Direct => client.no_proxy(),
            Self::By(proxy) => client.proxy(*proxy),
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Passwords {
    Taken,
    Refused,
}

/// Refuses without showing `text`: what is no URL may be a password all the same.
fn parse(name: &str, text: &str, passwords: Passwords) -> Result<Way, Failure> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Way::Direct);
    }
    let refuse = |why: &str| Err(Failure::Usage(format!("{name} {why}")));
    let no_proxy = "is no proxy; give a URL such as http://proxy.example:3128 (https, socks4, \
                    socks4a, socks5 and socks5h are known, too), or none to go without one";
    let url = match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("http://{text}")),
    };
    let Ok(url) = url else {
        return refuse(no_proxy);
    };
    // What `reqwest` does not know it would leave out, and go straight.
    if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return refuse(no_proxy);
    }
    let has_password = !url.username().is_empty() || url.password().is_some();
    if has_password && passwords == Passwords::Refused {
        return refuse(
            "holds a user name or a password, which others on this machine can read in the list \
             of processes; give the whole URL in the environment variable DOORKEY_PROXY instead",
        );
    }
    match reqwest::Proxy::all(url) {
        Ok(proxy) => Ok(Way::By(Box::new(proxy.no_proxy(NoProxy::from_env())))),
        Err(_) => refuse(no_proxy),
    }
}

impl From<String> for ProxyArgument {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for ProxyArgument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProxyArgument")
    }
}

const VARIABLE: &str = "DOORKEY_PROXY";

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_proxy_is_refused_and_not_shown() {
        for text in [
            "",
            "proxy of planted",
            "ftp://planted",
            "http://",
            "http://:3128",
            "socks://planted",
            "http://planted:port",
            "://planted",
        ] {
            for passwords in [Passwords::Taken, Passwords::Refused] {
                let Err(Failure::Usage(message)) = parse("--proxy", text, passwords) else {
                    panic!("{text} is taken");
                };
                assert!(message.starts_with("--proxy is no proxy"), "{message}");
                assert!(!message.contains("planted"), "{message}");
            }
        }
    }

    #[test]
    fn what_is_a_proxy_is_taken() {
        for text in [
            "http://proxy.example:3128",
            "HTTP://proxy.example/",
            "proxy.example:3128",
            "proxy.example",
            "https://proxy.example",
            "socks5h://[::1]:1080",
        ] {
            let way = parse("--proxy", text, Passwords::Refused);
            assert!(matches!(way, Ok(Way::By(_))), "{text}");
        }
        let way = parse("--proxy", "None", Passwords::Refused);
        assert!(matches!(way, Ok(Way::Direct)));
    }

    #[test]
    fn a_password_is_taken_from_where_nobody_else_reads() {
        for text in [
            "http://adele:planted@proxy.example:3128",
            "adele:planted@proxy.example:3128",
            "http://adele@proxy.example",
            "http://:planted@proxy.example",
            "socks5://adele:planted@proxy.example",
        ] {
            let way = parse(VARIABLE, text, Passwords::Taken);
            assert!(matches!(way, Ok(Way::By(_))), "{text}");
            let Err(Failure::Usage(message)) = parse("--proxy", text, Passwords::Refused) else {
                panic!("{text} is taken");
            };
            assert!(message.contains("DOORKEY_PROXY"), "{message}");
            assert!(!message.contains("planted"), "{message}");
            assert!(!message.contains("adele"), "{message}");
        }
        let argument = ProxyArgument::from("http://adele:planted@proxy.example".to_owned());
        assert_eq!(format!("{argument:?}"), "ProxyArgument");
    }
}
