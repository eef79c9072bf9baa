//! A person before a browser, played by HTTP alone: the pages are the emulator's, and the redirect
//! goes to the listener through a real socket. Also a part of `tests/secrets`.

use crate::BrowserLauncher;
use azure_core::http::Url;
use doorkey_emulator::Emulator;
use http::Request;
use std::{collections::BTreeMap, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use url::form_urlencoded;

/// What the person does when a page opens.
#[derive(Clone, Debug)]
pub(crate) enum Conduct {
    SignIn(String),
    Cancel,
}

/// A browser in which `conduct` happens. What the person sees at the end goes to `seen`.
pub(crate) fn browser(
    emulator: &Emulator,
    conduct: Conduct,
    seen: Arc<std::sync::Mutex<Vec<String>>>,
) -> BrowserLauncher {
    let emulator = emulator.clone();
    BrowserLauncher::Callback(Arc::new(move |url| {
        let browser = Browser {
            emulator: emulator.clone(),
            cookies: BTreeMap::new(),
        };
        let (url, conduct, seen) = (Url::parse(url).unwrap(), conduct.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            let page = browser.goes_to(url, conduct).await;
            seen.lock().unwrap().push(page);
        });
        Ok(())
    }))
}

struct Browser {
    emulator: Emulator,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn goes_to(mut self, url: Url, conduct: Conduct) -> String {
        let mut page = self
            .fetch(Request::get(url.as_str()).body(Vec::new()).unwrap())
            .await;
        for _ in 0..8 {
            let form = Form::of(&page);
            if form.action.starts_with("http://") {
                return post(&form.action, &form.fields).await;
            }
            let action = url.join(&form.action).unwrap();
            let mut fields = form.fields;
            let step = fields["step"].clone();
            let user = |name: &str| {
                self.emulator
                    .users()
                    .iter()
                    .find(|user| user.username == name)
                    .unwrap()
                    .clone()
            };
            let answer = match (&conduct, step.as_str()) {
                (Conduct::Cancel, _) => ("action", "cancel".to_owned()),
                (Conduct::SignIn(name), "username") => ("username", name.clone()),
                (Conduct::SignIn(_), "account") => ("action", "other".to_owned()),
                // The page was filled with another name.
                (Conduct::SignIn(name), "password") if !page.contains(name) => {
                    ("action", "other".to_owned())
                }
                (Conduct::SignIn(name), "password") => ("password", user(name).password),
                (Conduct::SignIn(name), "code") => {
                    ("code", user(name).mfa_code.unwrap_or_default())
                }
                (Conduct::SignIn(_), _) => ("action", "accept".to_owned()),
            };
            fields.insert(answer.0.into(), answer.1);
            let body = encode(&fields);
            let request = Request::post(action.as_str())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.into_bytes());
            page = self.fetch(request.unwrap()).await;
        }
        panic!("the sign-in does not get on: {page}");
    }

    async fn fetch(&mut self, mut request: Request<Vec<u8>>) -> String {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        request
            .headers_mut()
            .insert("cookie", cookies.join("; ").parse().unwrap());
        let response = self.emulator.send(request.map(Into::into)).await;
        for cookie in response.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.into(), value.into());
        }
        String::from_utf8(response.into_body().to_vec()).unwrap()
    }
}

struct Form {
    action: String,
    fields: BTreeMap<String, String>,
}

impl Form {
    fn of(page: &str) -> Self {
        let form = page
            .split("<form")
            .nth(1)
            .unwrap_or_else(|| panic!("no form in {page}"));
        let form = form.split("</form>").next().unwrap();
        let inputs = form.split("<input").skip(1);
        let hidden = inputs.filter(|input| attribute(input, "type").as_deref() == Some("hidden"));
        let fields = hidden.filter_map(|input| {
            Some((
                attribute(input, "name")?,
                attribute(input, "value").unwrap_or_default(),
            ))
        });
        Self {
            action: attribute(form, "action").unwrap(),
            fields: fields.collect(),
        }
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = tag.split('>').next().unwrap();
    let value = tag
        .split(&format!(" {name}=\""))
        .nth(1)?
        .split('"')
        .next()?;
    let entities = [
        ("&#38;", "&"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
    ];
    let plain = entities
        .iter()
        .fold(value.to_owned(), |text, (from, to)| text.replace(from, to));
    Some(plain.replace("&amp;", "&"))
}

fn encode(fields: &BTreeMap<String, String>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// Posts as Chromium does from Entra ID's page: `Origin: null`.
pub(crate) async fn post(redirect_uri: &str, fields: &BTreeMap<String, String>) -> String {
    let uri = Url::parse(redirect_uri).unwrap();
    let port = uri.port().unwrap();
    let body = encode(fields);
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: null\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        uri.path(),
        body.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
