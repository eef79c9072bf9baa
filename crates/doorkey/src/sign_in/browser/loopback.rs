use super::RedirectUri;
use crate::error::{Error, ErrorKind, Result};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener},
};
use tokio::net::TcpListener;

/// One port, on every loopback that this machine has.
pub(super) struct Bound {
    pub(super) port: u16,
    pub(super) sockets: Vec<TcpListener>,
}

/// Binds 127.0.0.1 and ::1 on the port that `redirect_uri` asks for, else on one that is free on
/// both: a browser tries ::1 first for `localhost`, and the code would go to whoever has that. A
/// machine without ::1 is served on IPv4 alone. Needs a Tokio runtime.
///
/// `std` binds so that no other listener gets the same address and port. Its `SO_REUSEADDR` on Unix
/// means no more than that the remains of closed connections are no obstacle; on Windows, where
/// the option would share the port, it is not set. (Only there a program of the same person can
/// still force itself in with it; what would keep it out, `SO_EXCLUSIVEADDRUSE`, `std` cannot set.)
pub(super) fn bind(redirect_uri: &RedirectUri) -> Result<Bound> {
    let bound = match redirect_uri.port() {
        Some(port) => bind_port(port, StdListener::bind),
        None => bind_any_port(StdListener::bind),
    };
    let bound = bound.and_then(|sockets| into_tokio(sockets).map_err(Fault::Other));
    bound.map_err(|fault| fault.into_error(redirect_uri))
}

/// Why a port could not be had.
enum Fault {
    /// Somebody else has it.
    Taken(SocketAddr, io::Error),
    Other(io::Error),
}

impl Fault {
    fn of(address: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            // The second: Windows says so of a port that somebody uses exclusively, Unix of one
            // below 1024.
            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => {
                Self::Taken(address, error)
            }
            _ => Self::Other(error),
        }
    }

    fn into_error(self, redirect_uri: &RedirectUri) -> Error {
        let (message, error) = match (self, redirect_uri.port()) {
            (Self::Taken(address, error), Some(port)) => {
                let (uri, ip) = (redirect_uri.with_port(port), address.ip());
                let instead = if redirect_uri.port_is_compared() {
                    "give a redirect_uri with another port that is registered for the application: \
                     AD FS takes no other"
                } else {
                    "leave the port out of redirect_uri (a free one is then used: Entra ID takes any \
                     port for http://localhost)"
                };
                let message = format!(
                    "port {port} of redirect_uri {uri:?} cannot be used on {ip}: {error}; end the \
                     program that has it, or {instead}"
                );
                (message, error)
            }
            (Self::Taken(_, error) | Self::Other(error), _) => {
                let message = format!(
                    "no port of this machine's loopback can be opened for the browser to come back \
                     to: {error}; name a free port in redirect_uri, or sign in by device code"
                );
                (message, error)
            }
        };
        Error::new(ErrorKind::CredentialUnavailable, message).with_source(error)
    }
}

fn bind_port(
    port: u16,
    bind: impl Fn(SocketAddr) -> io::Result<StdListener>,
) -> std::result::Result<Vec<StdListener>, Fault> {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let first = bind(address).map_err(|error| Fault::of(address, error))?;
    bind_second(first, bind).map_err(|(_first, fault)| fault)
}

fn bind_any_port(
    bind: impl Fn(SocketAddr) -> io::Result<StdListener>,
) -> std::result::Result<Vec<StdListener>, Fault> {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    // Held until the end, so that the system does not offer them again.
    let mut half_taken = Vec::new();
    loop {
        let first = bind(address).map_err(|error| Fault::of(address, error))?;
        match bind_second(first, &bind) {
            Ok(sockets) => return Ok(sockets),
            Err((first, Fault::Taken(..))) if half_taken.len() < OTHER_PORTS => {
                half_taken.push(first);
            }
            Err((_, fault)) => return Err(fault),
        }
    }
}

/// The port of `first` on ::1 as well, where this machine has that.
fn bind_second(
    first: StdListener,
    bind: impl Fn(SocketAddr) -> io::Result<StdListener>,
) -> std::result::Result<Vec<StdListener>, (StdListener, Fault)> {
    let port = match first.local_addr() {
        Ok(address) => address.port(),
        Err(error) => return Err((first, Fault::Other(error))),
    };
    let address = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    match bind(address) {
        Ok(second) => Ok(vec![second, first]),
        Err(error) if is_without_ipv6(&error) => Ok(vec![first]),
        Err(error) => Err((first, Fault::of(address, error))),
    }
}

/// No such address, or no such family at all.
fn is_without_ipv6(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

fn into_tokio(sockets: Vec<StdListener>) -> io::Result<Bound> {
    let port = sockets[0].local_addr()?.port();
    let sockets = sockets.into_iter().map(|socket| {
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket)
    });
    let sockets = sockets.collect::<io::Result<_>>()?;
    Ok(Bound { port, sockets })
}

/// How many ports are tried where ::1 has them taken.
const OTHER_PORTS: usize = 64;

/// `EAFNOSUPPORT`, which has no `ErrorKind`.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NO_SUCH_FAMILY: i32 = 97;
#[cfg(windows)]
const NO_SUCH_FAMILY: i32 = 10047;
#[cfg(not(any(target_os = "linux", target_os = "android", windows)))]
const NO_SUCH_FAMILY: i32 = 47;

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn bind_to(redirect_uri: &str) -> Result<Bound> {
        bind(&RedirectUri::parse(redirect_uri).unwrap())
    }

    fn in_use() -> io::Error {
        io::ErrorKind::AddrInUse.into()
    }

    #[tokio::test]
    async fn both_families_get_one_port() {
        let bound = bind_to("http://localhost").unwrap();
        for address in [
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ] {
            let address = SocketAddr::new(address, bound.port);
            let mut bound = bound.sockets.iter();
            assert!(
                bound.any(|socket| socket.local_addr().unwrap() == address),
                "{address}"
            );
        }
    }

    #[tokio::test]
    async fn cannot_bind_redirect_uri_if_either_family_has_its_port_taken() {
        for taken in [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ] {
            let other = StdListener::bind((taken, 0)).unwrap();
            let uri = format!("http://localhost:{}/x", other.local_addr().unwrap().port());
            let Err(error) = bind_to(&uri) else {
                panic!("{uri}");
            };
            assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
            let text = error.to_string();
            for part in [
                "redirect_uri",
                &uri,
                &taken.to_string(),
                "leave the port out",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
            drop(other);
            assert!(bind_to(&uri).is_ok(), "nothing of the first try is left");
        }
    }

    #[test]
    fn another_port_is_taken_where_the_second_family_has_the_first() {
        let refused = RefCell::new(Vec::new());
        let sockets = bind_any_port(|address| {
            if address.is_ipv6() && refused.borrow().len() < 3 {
                refused.borrow_mut().push(address.port());
                return Err(in_use());
            }
            StdListener::bind(address)
        });
        let Ok(sockets) = sockets else { panic!() };
        let ports: Vec<u16> = sockets
            .iter()
            .map(|s| s.local_addr().unwrap().port())
            .collect();
        assert_eq!(ports, [ports[0]; 2]);
        assert!(!refused.borrow().contains(&ports[0]));
    }

    #[test]
    fn cannot_bind_port_where_none_is_free() {
        let sockets = bind_any_port(|address| match address {
            SocketAddr::V4(_) => StdListener::bind(address),
            SocketAddr::V6(_) => Err(in_use()),
        });
        assert!(matches!(sockets, Err(Fault::Taken(..))));
    }

    #[test]
    fn a_machine_without_ipv6_is_served_on_ipv4_alone() {
        for no_family in [false, true] {
            let sockets = bind_any_port(|address| match address {
                SocketAddr::V4(_) => StdListener::bind(address),
                SocketAddr::V6(_) if no_family => Err(io::Error::from_raw_os_error(NO_SUCH_FAMILY)),
                SocketAddr::V6(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
            });
            let Ok(sockets) = sockets else { panic!() };
            assert_eq!(sockets.len(), 1);
        }
    }
}
