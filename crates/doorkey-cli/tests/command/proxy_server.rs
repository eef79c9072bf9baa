//! A proxy that tunnels by `CONNECT` ([RFC 9110, section
//! 9.3.6](https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6)) or by SOCKS, or refuses to.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// It serves for as long as the tests run.
pub(crate) struct ProxyServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What it does when it is asked.
#[derive(Clone)]
pub(crate) enum Manner {
    Tunnels,
    /// To who comes with this user name and password; 407 to all others.
    TunnelsFor(&'static str, &'static str),
    /// By SOCKS, to who comes with this user name and password.
    Socks(&'static str, &'static str),
    /// To this port of our own, whoever is asked for: as one that opens TLS does.
    Intercepts(u16),
    /// With this status, and then no more.
    Answers(&'static str),
    /// With nothing at all.
    HangsUp,
}

impl ProxyServer {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let log = seen.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (manner, log) = (manner.clone(), log.clone());
                // Whoever leaves early is no failure of ours.
                thread::spawn(move || match manner {
                    Manner::Socks(user, password) => serve_socks(&client?, user, password, &log),
                    manner => serve(&client?, &manner, &log),
                });
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn url_with(&self, credentials: &str) -> String {
        format!("http://{credentials}@{}", self.address)
    }

    /// As one of SOCKS that looks names up itself.
    pub(crate) fn socks_url_with(&self, credentials: &str) -> String {
        format!("socks5h://{credentials}@{}", self.address)
    }

    /// The hosts and ports that it was asked for since the last time.
    pub(crate) fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn serve(client: &TcpStream, manner: &Manner, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut head = BufReader::new(client).lines();
    let first = head.next().unwrap_or(Ok(String::new()))?;
    let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut authorization = String::new();
    for line in head {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("proxy-authorization") {
            value.trim().clone_into(&mut authorization);
        }
    }
    log.lock().unwrap().push(target.clone());
    let target = match manner {
        Manner::TunnelsFor(user, password) if authorization != basic(user, password) => {
            return answer(client, "407 Proxy Authentication Required");
        }
        Manner::Tunnels | Manner::TunnelsFor(..) => target,
        Manner::Intercepts(port) => format!("127.0.0.1:{port}"),
        Manner::Answers(status) => return answer(client, status),
        Manner::HangsUp | Manner::Socks(..) => return Ok(()),
    };
    let Ok(server) = TcpStream::connect(target) else {
        return answer(client, "502 Bad Gateway");
    };
    answer(client, "200 OK")?;
    tunnel(client, &server)
}

/// [RFC 1928](https://www.rfc-editor.org/rfc/rfc1928) with the user names and passwords of [RFC
/// 1929](https://www.rfc-editor.org/rfc/rfc1929), for hosts that are given by name.
fn serve_socks(
    mut client: &TcpStream,
    user: &str,
    password: &str,
    log: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let [_version, methods] = bytes(client)?;
    text(client, methods)?;
    client.write_all(&[5, 2])?;
    let [_version, length] = bytes(client)?;
    let their_user = text(client, length)?;
    let [length] = bytes(client)?;
    let is_welcome = text(client, length)? == password && their_user == user;
    client.write_all(&[1, u8::from(!is_welcome)])?;
    let [_version, _command, _reserved, 3, length] = bytes(client)? else {
        return Ok(());
    };
    let host = text(client, length)?;
    let target = format!("{host}:{}", u16::from_be_bytes(bytes(client)?));
    log.lock().unwrap().push(target.clone());
    let server = TcpStream::connect(target)?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    tunnel(client, &server)
}

fn bytes<const N: usize>(mut client: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(mut client: &TcpStream, length: u8) -> io::Result<String> {
    let mut bytes = vec![0; length.into()];
    client.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn tunnel(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    let (from, to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || carry(&from, &to));
    carry(server, client)
}

fn basic(user: &str, password: &str) -> String {
    let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {credentials}")
}

fn answer(mut client: &TcpStream, status: &str) -> io::Result<()> {
    let challenge = match status.starts_with("407") {
        true => "Proxy-Authenticate: Basic realm=\"the tests\"\r\n",
        false => "",
    };
    write!(client, "HTTP/1.1 {status}\r\n{challenge}\r\n")
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    io::copy(&mut from, &mut to)?;
    to.shutdown(std::net::Shutdown::Write)
}
