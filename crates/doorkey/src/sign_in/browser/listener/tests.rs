//! From outside: real sockets, raw requests.

use super::*;
use crate::ErrorKind;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::pin,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const STATE: &str = "the-state";
const GOOD: &str = "code=the-code&state=the-state&iss=https%3A%2F%2Fissuer";

async fn listener() -> Listener {
    bind("http://localhost").await.unwrap()
}

async fn bind(redirect_uri: &str) -> Result<Listener> {
    Listener::bind(&RedirectUri::parse(redirect_uri)?).await
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect((Ipv6Addr::LOCALHOST, port))
        .await
        .unwrap()
}

/// All that the listener answers, until it closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end as well; what came before it counts.
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8(text).unwrap()
}

async fn send(port: u16, request: &str) -> String {
    let mut stream = connect(port).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(stream).await
}

fn post(port: u16, body: &str) -> String {
    post_with(port, "/", "", body)
}

/// As Chromium sends it from Entra ID's page.
fn post_with(port: u16, target: &str, headers: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: null\r\n\
         Sec-Fetch-Site: cross-site\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// A request whose last bytes never come.
fn cut_short(port: u16) -> String {
    let mut request = post(port, GOOD);
    request.truncate(request.len() - 10);
    request
}

const NAVIGATION: &str = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";

/// Waits, and lets `person` do what it does meanwhile; the redirect, and what the person saw.
async fn while_waiting<T>(
    listener: Listener,
    outcome: &PageOutcome<'_>,
    person: impl Future<Output = T>,
) -> (AuthorizationResponse, T) {
    let sign_in = async {
        let redirect = listener
            .wait(STATE, &BrowserPages::default())
            .await
            .unwrap();
        redirect.page.close(outcome).await;
        redirect.response
    };
    tokio::join!(sign_in, person)
}

fn assert_is_the_code(response: &AuthorizationResponse) {
    let AuthorizationResponse::Code { code, iss, .. } = response else {
        panic!("{response:?}");
    };
    assert_eq!(code.as_str(), "the-code");
    assert_eq!(iss.as_deref(), Some("https://issuer"));
}

#[tokio::test]
async fn redirect_server_post_is_taken_by_either_family_and_name() {
    for address in [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ] {
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            let listener = listener().await;
            let port = listener.port;
            let person = async {
                let mut stream = TcpStream::connect((address, port)).await.unwrap();
                let request = post_with(port, "/", NAVIGATION, GOOD)
                    .replace("Host: localhost", &format!("Host: {host}"));
                stream.write_all(request.as_bytes()).await.unwrap();
                rest(stream).await
            };
            let (response, page) = while_waiting(listener, &PageOutcome::SignedIn, person).await;
            assert_is_the_code(&response);
            assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
            assert!(page.contains("You are signed in"), "{page}");
        }
    }
}

#[tokio::test]
async fn the_page_tells_what_the_caller_says_and_nothing_leaks_from_it() {
    for (outcome, told) in [
        (PageOutcome::SignedIn, "You are signed in"),
        (PageOutcome::Declined, "You did not sign in"),
        (
            PageOutcome::Failed("AADSTS1 <script>alert(1)</script>"),
            "AADSTS1 &lt;script&gt;",
        ),
    ] {
        let listener = listener().await;
        let port = listener.port;
        let body = "error=access_denied&error_subcode=cancel&state=the-state";
        let (response, page) = while_waiting(listener, &outcome, async {
            send(port, &post(port, body)).await
        })
        .await;
        let AuthorizationResponse::Error {
            error, suberror, ..
        } = &response
        else {
            panic!("{response:?}");
        };
        assert_eq!(
            (error.as_str(), suberror.as_deref()),
            ("access_denied", Some("cancel"))
        );
        assert!(page.contains(told) && !page.contains("<script"), "{page}");
        let head = page.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        for header in [
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "content-type: text/html; charset=utf-8",
            "connection: close",
            "content-security-policy: default-src 'none'; style-src 'sha256-",
            "frame-ancestors 'none'",
        ] {
            assert!(head.contains(header), "{header} in {head}");
        }
    }
}

#[tokio::test]
async fn own_pages_are_sent_with_what_is_in_them() {
    let listener = listener().await;
    let port = listener.port;
    let pages = BrowserPages {
        failure: Some("<body style='color:red'>{reason}".into()),
        ..BrowserPages::default()
    };
    let sign_in = async {
        let redirect = listener.wait(STATE, &pages).await.unwrap();
        redirect.page.close(&PageOutcome::Failed("a < b")).await;
    };
    let ((), page) = tokio::join!(sign_in, async { send(port, &post(port, GOOD)).await });
    assert!(
        page.ends_with("\r\n\r\n<body style='color:red'>a &lt; b"),
        "{page}"
    );
    assert!(
        page.contains("no-store") && !page.contains("default-src"),
        "{page}"
    );
}

#[tokio::test]
async fn strays_are_answered_and_the_wait_goes_on() {
    let listener = bind("http://localhost/callback").await.unwrap();
    let port = listener.port;
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
    let good = post_with(port, "/callback", NAVIGATION, GOOD);
    let to_callback = |body: &str| post_with(port, "/callback", "", body);
    let strays = [
        (get("/"), "404"),
        (get("/favicon.ico"), "404"),
        (get("/callback"), "404"),
        (get("/callback?x=1"), "404"),
        (get("/callback/"), "404"),
        (get("/callback?code=the-code&state=the-state"), "400"),
        (get("/callback?error=access_denied"), "400"),
        (get("/?code=the-code&state=the-state"), "404"),
        (
            post_with(port, "/callback?code=the-code&state=the-state", "", GOOD),
            "400",
        ),
        (post_with(port, "/callback?x", "", GOOD), "404"),
        (post_with(port, "/", "", GOOD), "404"),
        (post_with(port, "/CALLBACK", "", GOOD), "404"),
        (good.replace("POST", "PUT"), "405"),
        (good.replace("POST", "OPTIONS"), "405"),
        (good.replace("POST", "DELETE"), "405"),
        (good.replace("Host: localhost", "Host: evil.example"), "421"),
        (
            good.replace(&format!("Host: localhost:{port}"), "Host: localhost"),
            "421",
        ),
        (
            good.replace(&format!("Host: localhost:{port}\r\n"), ""),
            "421",
        ),
        (
            good.replace("Origin: null", &format!("Host: localhost:{port}")),
            "421",
        ),
        (
            good.replace("/callback", "http://evil.example/callback"),
            "421",
        ),
        (good.replace("navigate", "no-cors"), "403"),
        (good.replace("document", "iframe"), "403"),
        (
            good.replace("application/x-www-form-urlencoded", "text/plain"),
            "415",
        ),
        (good.replace("Content-Type", "X-Type"), "415"),
        (to_callback(""), "400"),
        (to_callback("code=the-code"), "400"),
        (to_callback("code=the-code&state=other"), "400"),
        (
            to_callback("code=the-code&state=the-state&state=the-state"),
            "400",
        ),
        (
            to_callback("code=the-code&code=the-code&state=the-state"),
            "400",
        ),
        (to_callback("code=the-code&error=e&state=the-state"), "400"),
        (
            to_callback(&format!("{GOOD}&x={}", "x".repeat(64 * 1024))),
            "413",
        ),
        (to_callback(&"x".repeat(900_000)), "413"),
        ("nonsense\r\n\r\n".into(), "400"),
        (
            format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000)),
            "431",
        ),
    ];
    let person = async {
        for (request, status) in &strays {
            let answer = send(port, request).await;
            let line = &request[..request.len().min(120)];
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{line}: {answer}"
            );
            assert!(!answer.contains("the-code"), "{line}: {answer}");
            let head = answer.to_ascii_lowercase();
            assert!(!head.contains("access-control-"), "{line}: {answer}");
        }
        send(port, &good).await
    };
    let (response, _page) = while_waiting(listener, &PageOutcome::SignedIn, person).await;
    assert_is_the_code(&response);
}

#[tokio::test]
async fn get_request_with_auth_code_is_rejected_and_told_why() {
    let listener = listener().await;
    let port = listener.port;
    let person = async {
        let query = "/?code=secret-code&state=the-state&error_description=%3Cscript%3E";
        let request = format!("GET {query} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        let by_query = send(port, &request).await;
        assert!(by_query.contains("form_post"), "{by_query}");
        assert!(
            !by_query.contains("secret-code") && !by_query.contains("script"),
            "{by_query}"
        );
        let other = send(port, &post(port, "code=c&state=old")).await;
        assert!(other.contains("another sign-in"), "{other}");
        let method = send(port, &post(port, "").replace("POST", "PUT")).await;
        assert!(
            method.to_ascii_lowercase().contains("\r\nallow: post\r\n"),
            "{method}"
        );
        send(port, &post(port, GOOD)).await
    };
    let (response, _page) = while_waiting(listener, &PageOutcome::SignedIn, person).await;
    assert_is_the_code(&response);
}

/// What a browser that tries https first sends: the start of a ClientHello.
const CLIENT_HELLO: &[u8] = b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03";

#[tokio::test]
async fn idle_slow_half_open_and_tls_connections_block_nobody() {
    let listener = listener().await;
    let port = listener.port;
    let person = async {
        let mut held = Vec::new();
        for begun in ["", "P", "POST / HTTP/1.1\r\nHost: loc", &cut_short(port)] {
            let mut stream = connect(port).await;
            stream.write_all(begun.as_bytes()).await.unwrap();
            held.push(stream);
        }
        let mut half_open = connect(port).await;
        half_open.shutdown().await.unwrap();
        held.push(half_open);
        drop(connect(port).await);

        let mut tls = connect(port).await;
        tls.write_all(CLIENT_HELLO).await.unwrap();
        assert_eq!(rest(tls).await, "", "TLS is not answered");

        let strays = (0..50).map(|at| {
            let stray = format!("GET /{at} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
            async move { send(port, &stray).await }
        });
        let answers = futures_util::future::join_all(strays).await;
        for answer in answers {
            assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        }
        let page = send(port, &post(port, GOOD)).await;
        (page, held)
    };
    let (response, (page, held)) = while_waiting(listener, &PageOutcome::SignedIn, person).await;
    assert_is_the_code(&response);
    assert!(page.contains("You are signed in"), "{page}");
    for stream in held {
        assert_eq!(rest(stream).await, "", "closed with the wait");
    }
}

#[tokio::test]
async fn a_crowd_of_idle_connections_does_not_keep_the_redirect_out() {
    let listener = listener().await;
    let port = listener.port;
    let person = async {
        let mut first = connect(port).await;
        let mut crowd = Vec::new();
        for _ in 0..100 {
            crowd.push(connect(port).await);
        }
        assert_eq!(
            first.read(&mut [0]).await.unwrap_or(0),
            0,
            "the oldest had to go"
        );
        let page = send(port, &post(port, GOOD)).await;
        drop(crowd);
        page
    };
    let (response, page) = while_waiting(listener, &PageOutcome::SignedIn, person).await;
    assert_is_the_code(&response);
    assert!(page.contains("You are signed in"), "{page}");
}

#[tokio::test]
async fn a_request_that_never_ends_is_given_up() {
    let mut listener = listener().await;
    listener.limits.head = Duration::from_millis(1);
    listener.limits.body = Duration::from_millis(1);
    let port = listener.port;
    let person = async {
        let head = send(port, "POST / HTTP/1.1\r\n").await;
        assert!(!head.contains("200 OK"), "{head}");
        let body = send(port, &cut_short(port)).await;
        assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    };
    let pages = BrowserPages::default();
    let (wait, person) = (pin!(listener.wait(STATE, &pages)), pin!(person));
    let first = futures_util::future::select(wait, person).await;
    assert!(matches!(first, futures_util::future::Either::Right(_)));
}

#[tokio::test]
async fn setup_at_a_ephemeral_port_and_teardown_frees_port_and_connections_at_once() {
    let listener = listener().await;
    let port = listener.port;
    let mut idle = connect(port).await;
    {
        let pages = BrowserPages::default();
        let wait = pin!(listener.wait(STATE, &pages));
        // Answered, so the wait is under way.
        let stray = pin!(send(port, "GET / HTTP/1.1\r\n\r\n"));
        let first = futures_util::future::select(wait, stray).await;
        assert!(matches!(first, futures_util::future::Either::Right(_)));
    }
    assert_eq!(idle.read(&mut [0]).await.unwrap_or(0), 0);
    bind(&format!("http://localhost:{port}")).await.unwrap();
}

#[tokio::test]
async fn the_port_is_closed_once_the_redirect_is_here() {
    let listener = listener().await;
    let port = listener.port;
    let person = async { send(port, &post(port, GOOD)).await };
    let sign_in = async {
        let redirect = listener
            .wait(STATE, &BrowserPages::default())
            .await
            .unwrap();
        bind(&format!("http://localhost:{port}")).await.unwrap();
        redirect.page.close(&PageOutcome::SignedIn).await;
    };
    let ((), page) = tokio::join!(sign_in, person);
    assert!(page.contains("You are signed in"), "{page}");
}

#[tokio::test]
async fn a_page_without_an_outcome_says_that_the_program_stopped() {
    let listener = listener().await;
    let port = listener.port;
    let sign_in = async {
        let redirect = listener.wait(STATE, &BrowserPages::default()).await;
        drop(redirect.unwrap());
    };
    let ((), page) = tokio::join!(sign_in, async { send(port, &post(port, GOOD)).await });
    assert!(page.contains("The program stopped waiting"), "{page}");
}

#[tokio::test]
async fn a_browser_that_left_does_not_hold_up_the_caller() {
    let listener = listener().await;
    let port = listener.port;
    let person = async {
        let mut stream = connect(port).await;
        stream.write_all(post(port, GOOD).as_bytes()).await.unwrap();
    };
    let (response, ()) = while_waiting(listener, &PageOutcome::SignedIn, person).await;
    assert_is_the_code(&response);
}

#[tokio::test]
async fn the_wait_can_be_sent_to_another_thread() {
    let listener = listener().await;
    let port = listener.port;
    let wait = tokio::spawn(async move {
        let redirect = listener
            .wait(STATE, &BrowserPages::default())
            .await
            .unwrap();
        redirect.page.close(&PageOutcome::SignedIn).await;
    });
    send(port, &post(port, GOOD)).await;
    wait.await.unwrap();
}

#[tokio::test]
async fn no_two_concurrent_receivers_can_listen_on_same_port() {
    let (one, two) = (listener().await, listener().await);
    assert_ne!(one.port, two.port);
    assert_eq!(one.redirect_uri(), format!("http://localhost:{}", one.port));
    let error = bind(&format!("http://localhost:{}", one.port))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
}
