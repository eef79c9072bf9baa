//! A built-in person: stands in for somebody with a browser, before the pages of the emulator.
//!
//! They do by plain HTTP what a browser does: follow redirects, keep cookies, find the form on the
//! page, fill it in and post it, back to the program in the end.

mod form;

use form::Form;
use reqwest::{
    Certificate, Client, RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use std::time::Duration;
use url::{Url, form_urlencoded};

/// Somebody with a user name, a password and a browser.
#[derive(Debug)]
pub(crate) struct Person {
    username: String,
    password: String,
    http: Client,
    /// `name=value`, as the authority set them.
    cookies: Vec<String>,
}

/// A page that the person saw.
struct Page {
    url: Url,
    html: String,
}

impl Person {
    /// A person whose browser trusts the certificates of `pem`, and no others.
    pub(crate) fn new(username: &str, password: &str, pem: &str) -> Result<Self, String> {
        let http = Certificate::from_pem_bundle(pem.as_bytes())
            .and_then(|certificates| {
                Client::builder()
                    // Cookies are set on redirects, too.
                    .redirect(Policy::none())
                    .tls_certs_only(certificates)
                    .no_proxy()
                    .timeout(Duration::from_secs(30))
                    .build()
            })
            .map_err(|error| format!("the person has no browser: {error}"))?;
        Ok(Self {
            username: username.to_owned(),
            password: password.to_owned(),
            http,
            cookies: Vec::new(),
        })
    }

    /// Goes to the page at `url` and signs in. The titles of the pages on the way, the last one
    /// being what the program answered.
    pub(crate) async fn sign_in(&mut self, url: &str) -> Result<Vec<String>, String> {
        let page = self.open(&parse(url)?).await?;
        self.go_on(page).await
    }

    /// Types the code of a device on the page at `url`, and signs in there.
    pub(crate) async fn type_code(&mut self, url: &str, code: &str) -> Result<Vec<String>, String> {
        let page = self.open(&parse(url)?).await?;
        let title = page.title();
        let mut form = page.form()?.ok_or("the page for the code has no form")?;
        form.set("user_code", code);
        let page = self.post(&page.url, &form).await?;
        let mut titles = vec![title];
        titles.extend(self.go_on(page).await?);
        Ok(titles)
    }

    /// Fills in one page after the other, until there is nothing left to fill in.
    async fn go_on(&mut self, mut page: Page) -> Result<Vec<String>, String> {
        let mut titles = vec![page.title()];
        while let Some(mut form) = page.form()? {
            if titles.len() > MOST_PAGES {
                return Err(format!(
                    "the person was sent in circles: {}",
                    titles.join(", ")
                ));
            }
            match form.value("step") {
                Some("username") => form.set("username", &self.username),
                Some("account") => form.set("account", &self.username),
                Some("password") => form.set("password", &self.password),
                Some("consent" | "confirm") => form.set("action", "accept"),
                // The last page of a browser's sign-in: everything is in the form already.
                None if form.value("state").is_some() => {}
                _ => return Err(format!("the person cannot fill in {:?}", page.title())),
            }
            page = self.post(&page.url, &form).await?;
            titles.push(page.title());
        }
        Ok(titles)
    }

    async fn open(&mut self, url: &Url) -> Result<Page, String> {
        self.visit(url.clone(), self.http.get(url.clone())).await
    }

    async fn post(&mut self, from: &Url, form: &Form) -> Result<Page, String> {
        let url = from
            .join(&form.action)
            .map_err(|error| format!("the form of {from} leads nowhere: {error}"))?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form.fields)
            .finish();
        let request = self
            .http
            .post(url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        self.visit(url, request).await
    }

    async fn visit(&mut self, mut url: Url, mut request: RequestBuilder) -> Result<Page, String> {
        loop {
            // The authority's cookies are for HTTPS alone (`Secure`), so not for the program.
            if url.scheme() == "https" && !self.cookies.is_empty() {
                request = request.header(COOKIE, self.cookies.join("; "));
            }
            let failed = |error: reqwest::Error| {
                let error = error.without_url();
                format!(
                    "the person could not open a page of {}: {error}",
                    url.authority()
                )
            };
            let response = request.send().await.map_err(failed)?;
            for cookie in response.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap_or_default();
                let pair = cookie.split(';').next().unwrap_or_default();
                self.remember(pair);
            }
            let location = response.headers().get(LOCATION);
            let Some(location) = location.filter(|_| response.status().is_redirection()) else {
                let is_refused = response.status() >= StatusCode::BAD_REQUEST;
                let html = response.text().await.map_err(failed)?;
                let page = Page { url, html };
                if is_refused {
                    return Err(format!("the person was refused: {}", page.title()));
                }
                return Ok(page);
            };
            url = location
                .to_str()
                .ok()
                .and_then(|location| url.join(location).ok())
                .ok_or("the person was sent nowhere")?;
            request = self.http.get(url.clone());
        }
    }

    fn remember(&mut self, pair: &str) {
        let name = pair.split('=').next().unwrap_or_default();
        self.cookies
            .retain(|known| known.split('=').next() != Some(name));
        self.cookies.push(pair.to_owned());
    }
}

impl Page {
    fn title(&self) -> String {
        form::heading(&self.html).unwrap_or_else(|| "a page without a title".to_owned())
    }

    /// The first form on the page.
    fn form(&self) -> Result<Option<Form>, String> {
        if self.html.contains("id=\"error\"") {
            return Err(format!("the person was refused: {}", self.title()));
        }
        Ok(Form::first(&self.html))
    }
}

fn parse(url: &str) -> Result<Url, String> {
    Url::parse(url).map_err(|error| format!("the person was given no address: {error}"))
}

/// More than any sign-in has.
const MOST_PAGES: usize = 12;
