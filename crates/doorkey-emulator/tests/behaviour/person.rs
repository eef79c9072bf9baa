//! A person at a browser without scripts: keeps cookies, reads pages, fills in forms.

use bytes::Bytes;
use doorkey_emulator::{Emulator, User};
use http::{HeaderMap, Request, StatusCode};

/// One page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The hidden fields of the page's form.
    pub(crate) fn hidden(&self) -> Vec<(String, String)> {
        self.tags("input")
            .filter(|tag| attribute(tag, "type") == "hidden")
            .map(|tag| (attribute(tag, "name"), attribute(tag, "value")))
            .collect()
    }

    /// Which page of a sign-in this is.
    pub(crate) fn step(&self) -> String {
        crate::client::value(&self.hidden(), "step").to_owned()
    }

    pub(crate) fn form_id(&self) -> String {
        self.tags("form")
            .next()
            .map_or(String::new(), |tag| attribute(tag, "id"))
    }

    pub(crate) fn action(&self) -> String {
        self.tags("form")
            .next()
            .map_or(String::new(), |tag| attribute(tag, "action"))
    }

    /// The values of `name` in all tags of one kind.
    pub(crate) fn attributes(&self, tag: &str, name: &str) -> Vec<String> {
        self.tags(tag)
            .map(|tag| attribute(tag, name))
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The text of the alert, or nothing.
    pub(crate) fn alert(&self) -> &str {
        self.html
            .split_once("role=\"alert\">")
            .and_then(|(_, rest)| rest.split_once("</p>"))
            .map_or("", |(text, _)| text)
    }

    fn tags<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let opening = format!("<{name} ");
        self.html
            .match_indices(&opening)
            .map(|(at, _)| self.html[at..].split_once('>').map_or("", |(tag, _)| tag))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let opening = format!(" {name}=\"");
    let value = tag
        .split_once(&opening)
        .and_then(|(_, rest)| rest.split_once('"'));
    unescaped(value.map_or("", |(value, _)| value))
}

fn unescaped(text: &str) -> String {
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

/// Somebody with a browser of their own.
#[derive(Debug)]
pub(crate) struct Person {
    emulator: Emulator,
    cookies: Vec<(String, String)>,
}

impl Person {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self {
            emulator: emulator.clone(),
            cookies: Vec::new(),
        }
    }

    /// Opens a page of the emulator.
    pub(crate) async fn open(&mut self, path: &str) -> Page {
        let uri = format!("{}{path}", self.emulator.authority());
        self.browse(Request::get(uri), Bytes::new()).await
    }

    /// Posts the form of `page` with what was filled in.
    pub(crate) async fn submit(&mut self, page: &Page, filled_in: &[(&str, &str)]) -> Page {
        let hidden = page.hidden();
        let mut pairs: Vec<_> = hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        pairs.extend(filled_in);
        let uri = format!("{}{}", self.emulator.authority(), page.action());
        let request =
            Request::post(uri).header("content-type", "application/x-www-form-urlencoded");
        self.browse(request, crate::client::form(&pairs).into())
            .await
    }

    /// Opens `path` and goes through all pages as `username`, agreeing to everything.
    pub(crate) async fn sign_in(&mut self, path: &str, username: &str) -> Page {
        let page = self.open(path).await;
        self.go_on(page, username).await
    }

    /// Goes through all pages from `page` on.
    pub(crate) async fn go_on(&mut self, mut page: Page, username: &str) -> Page {
        let user = self.user(username);
        for _ in 0..8 {
            let step = page.step();
            page = match step.as_str() {
                "username" => self.submit(&page, &[("username", username)]).await,
                "password" => self.submit(&page, &[("password", &user.password)]).await,
                "code" => {
                    let code = user.mfa_code.clone().unwrap_or_default();
                    self.submit(&page, &[("code", &code)]).await
                }
                "consent" | "confirm" => self.submit(&page, &[("action", "accept")]).await,
                "account" if page.html.contains(&format!("data-username=\"{username}\"")) => {
                    self.submit(&page, &[("account", username)]).await
                }
                "account" => self.submit(&page, &[("action", "other")]).await,
                _ => return page,
            };
            if page.step() == step && !page.alert().is_empty() {
                return page;
            }
        }
        panic!("the pages never end: {}", page.html);
    }

    pub(crate) fn user(&self, username: &str) -> User {
        let users = self.emulator.users();
        users
            .iter()
            .find(|user| user.username == username)
            .expect(username)
            .clone()
    }

    async fn browse(&mut self, mut request: http::request::Builder, body: Bytes) -> Page {
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            request = request.header("cookie", pairs.join("; "));
        }
        let (parts, body) = self
            .emulator
            .send(request.body(body).unwrap())
            .await
            .into_parts();
        for cookie in parts.headers.get_all("set-cookie") {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let html = String::from_utf8(body.to_vec()).unwrap();
        Page {
            status: parts.status,
            headers: parts.headers,
            html,
        }
    }
}
