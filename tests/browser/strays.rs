//! Requests at the listener that are not the awaited redirect.

use crate::scene::{Page, Scene};
use doorkey_emulator::{Endpoint, Reply};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// More than the listener keeps.
const IDLE: usize = 24;

/// Another site's page, without a policy of its own.
fn other_site() -> Reply {
    let html = "<!doctype html><title>Another site</title><h1>Another site</h1>";
    Reply::new(200)
        .header("content-type", "text/html; charset=utf-8")
        .body(html)
}

/// What a page can send to the listener without a person, even if it knew the state.
const SCRIPT: &str = "
    const [target, state, done] = arguments;
    const body = new URLSearchParams({code: 'forged', state}).toString();
    const form = {'content-type': 'application/x-www-form-urlencoded'};
    const ask = (path, options) => fetch(target + path, options);
    const image = new Promise(end => {
        const image = new Image();
        image.onload = image.onerror = end;
        image.src = target + 'image.png';
    });
    const frame = new Promise(end => {
        const frame = document.createElement('iframe');
        frame.name = 'frame';
        document.body.append(frame);
        frame.onload = end;
        const form = document.createElement('form');
        Object.assign(form, {method: 'post', action: target, target: 'frame'});
        for (const [name, value] of new URLSearchParams(body)) {
            const field = document.createElement('input');
            Object.assign(field, {type: 'hidden', name, value});
            form.append(field);
        }
        document.body.append(form);
        form.submit();
    });
    Promise.allSettled([
        ask('', {method: 'POST', mode: 'no-cors', body, headers: form}),
        ask('', {method: 'POST', mode: 'cors', body, headers: form}),
        ask('', {method: 'PUT', body}),
        ask('favicon.ico', {mode: 'no-cors'}),
        ask('?code=forged&state=' + state, {mode: 'no-cors'}),
        image,
        frame,
    ]).then(outcomes => done(outcomes.filter(outcome => outcome.value instanceof Response
        && outcome.value.type !== 'opaque').length));";

#[tokio::test]
async fn the_wait_outlives_a_storm_of_strays() {
    let scene = Scene::new().await;
    let adele = scene.user("Adele");
    let token = scene
        .ask(&scene.credential(|_| {}), async {
            let page = scene.page().await;
            let idle = connect_and_say_nothing(&page).await;
            ask_for_other_things(&page).await;
            ask_from_another_site(&scene, &page).await;
            scene.browser.goto(page.0.as_str()).await;
            scene.browser.sign_in(&adele).await;
            scene.browser.shows("You are signed in").await;
            drop(idle);
        })
        .await
        .unwrap();
    let me = scene.resource_says(&token).await;
    assert_eq!(me["username"], adele.username);
    assert_eq!(scene.grants(), ["authorization_code"]);
}

/// Idle connections, half a request and half a form, on both families; kept open.
async fn connect_and_say_nothing(page: &Page) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for address in addresses(page) {
        for _ in 0..IDLE {
            open.push(TcpStream::connect(address).await.unwrap());
        }
        for begun in [
            "POST / HT",
            "POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ncode=",
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            open.push(stream);
        }
    }
    open
}

/// Each is answered, or hung up on, at once.
async fn ask_for_other_things(page: &Page) {
    let state = page.parameter("state");
    let port = page.redirect_uri().port().unwrap();
    let good = format!("code=forged&state={state}");
    let large = format!("{good}&filler={}", "x".repeat(100_000));
    let form = "Content-Type: application/x-www-form-urlencoded";
    let local = format!("localhost:{port}");
    let own: &str = &local;
    for address in addresses(page) {
        for (what, line, host, header, body, status) in [
            ("another path", "POST /other", own, form, &*good, "404"),
            ("a favicon", "GET /favicon.ico", own, "", "", "404"),
            ("another host", "POST /", "evil.example", form, &good, "421"),
            ("another method", "PUT /", own, form, &good, "405"),
            (
                "another type",
                "POST /",
                own,
                "Content-Type: text/plain",
                &good,
                "415",
            ),
            ("no state", "POST /", own, form, "code=forged", "400"),
            (
                "another state",
                "POST /",
                own,
                form,
                "code=forged&state=no",
                "400",
            ),
            (
                "an answer by query",
                &format!("GET /?{good}"),
                own,
                "",
                "",
                "400",
            ),
            ("a body too large", "POST /", own, form, &large, "413"),
        ] {
            let request = format!(
                "{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n{header}{}\r\n{body}",
                body.len(),
                if header.is_empty() { "" } else { "\r\n" },
            );
            let answer = exchange(address, request.as_bytes()).await;
            let wanted = format!("HTTP/1.1 {status}");
            assert!(answer.starts_with(&wanted), "{what}: {answer}");
            assert!(!answer.contains("forged"), "{what}: {answer}");
        }
        // A client hello as far as anybody reads it (RFC 8446, section 5.1).
        let hello = [22, 3, 1, 0, 5, 1, 0, 0, 1, 3];
        assert_eq!(exchange(address, &hello).await, "");
        assert!(
            exchange(address, b"\0\0\0\r\n\r\n")
                .await
                .starts_with("HTTP/1.1 400")
        );
    }
}

async fn ask_from_another_site(scene: &Scene, page: &Page) {
    let (browser, emulator) = (&scene.browser, &scene.emulator);
    let (target, state) = (page.redirect_uri(), page.parameter("state"));
    let other = format!("{}/common/discovery/v2.0/keys", emulator.authority());
    emulator.replace_next(Endpoint::Jwks, 1, other_site());
    browser.goto(&other).await;
    let arguments = vec![json!(target), json!(state)];
    let readable = browser.run_async(SCRIPT, arguments).await;
    assert_eq!(readable, 0, "answers that the other site could read");

    // A person who is sent here from the window of an earlier sign-in.
    let submit = "
        const form = document.createElement('form');
        Object.assign(form, {method: 'post', action: arguments[0]});
        form.innerHTML = '<input name=code value=forged><input name=state value=another>';
        document.body.append(form);
        form.submit();";
    browser.run_with(submit, vec![json!(target)]).await;
    browser
        .shows("This answer belongs to another sign-in")
        .await;
    browser.picture("library-other-state").await;

    browser.goto(target.join("/other").unwrap().as_str()).await;
    browser.shows("There is nothing here").await;
    browser.picture("library-nothing-here").await;
}

/// All that is answered to `request`, until the listener hangs up.
async fn exchange(address: (IpAddr, u16), request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Where the listener is, by each family that this machine has.
fn addresses(page: &Page) -> Vec<(IpAddr, u16)> {
    let port = page.redirect_uri().port().unwrap();
    let mut addresses = vec![(Ipv4Addr::LOCALHOST.into(), port)];
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        addresses.push((Ipv6Addr::LOCALHOST.into(), port));
    }
    addresses
}
