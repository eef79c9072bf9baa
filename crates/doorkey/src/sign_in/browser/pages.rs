//! What the person sees when the browser comes back. No script, and nothing loaded from elsewhere.

use super::request::Refusal;
use std::{borrow::Cow, fmt::Write};

/// What the person sees when the browser comes back. Whole HTML documents; the default is a plain
/// page of ours.
///
/// Styles, images and scripts in them work: unlike ours, they are sent without a content security
/// policy, but for `frame-ancestors 'none'` (no other page can embed them). They are never stored
/// (`Cache-Control: no-store`), and what they link to does not learn where the person came from
/// (`Referrer-Policy: no-referrer`). Load nothing from this machine's port: it is closed by then.
#[derive(Clone, Debug, Default)]
pub struct BrowserPages {
    /// Shown when the person is signed in.
    pub success: Option<String>,
    /// Shown when not. `{reason}` is replaced with why, escaped for HTML text and quoted
    /// attributes: do not write it into a script or a style.
    pub failure: Option<String>,
}

/// How a sign-in ended, for the person who sits before the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PageOutcome<'a> {
    SignedIn,
    /// The person said no.
    Declined,
    /// Why there is no token. Any text: it is escaped here.
    Failed(&'a str),
}

/// A page, and whose it is: what a page may load differs.
#[derive(Debug)]
pub(super) enum Html {
    Ours(String),
    Callers(String),
}

/// The page that tells how the sign-in ended; `None` where nobody is left to say so.
pub(super) fn of_outcome(outcome: Option<&PageOutcome<'_>>, pages: &BrowserPages) -> Html {
    let custom = match outcome {
        Some(PageOutcome::SignedIn) => pages.success.clone(),
        Some(PageOutcome::Declined) => failure(pages, "The sign-in was declined."),
        Some(PageOutcome::Failed(reason)) => failure(pages, reason),
        None => failure(pages, "The program stopped waiting for the sign-in."),
    };
    if let Some(custom) = custom {
        return Html::Callers(custom);
    }
    Html::Ours(match outcome {
        Some(PageOutcome::SignedIn) => SIGNED_IN.to_html(),
        Some(PageOutcome::Declined) => DECLINED.to_html(),
        Some(PageOutcome::Failed(reason)) => Content {
            reason: Some(reason),
            ..FAILED
        }
        .to_html(),
        None => STOPPED.to_html(),
    })
}

/// The page for a request that is not the one that is waited for.
pub(super) fn of_refusal(refusal: Refusal) -> Html {
    let content = match refusal {
        Refusal::ByQuery => BY_QUERY,
        Refusal::State => OTHER_SIGN_IN,
        Refusal::Path | Refusal::Host => NOTHING_HERE,
        Refusal::Method
        | Refusal::NotNavigation
        | Refusal::ContentType
        | Refusal::Malformed
        | Refusal::TooLarge
        | Refusal::TooSlow
        | Refusal::Cut => NOT_AN_ANSWER,
    };
    Html::Ours(content.to_html())
}

/// The caller's page for a failure. The reason is escaped before it gets near any markup.
fn failure(pages: &BrowserPages, reason: &str) -> Option<String> {
    let page = pages.failure.as_ref()?;
    Some(page.replace("{reason}", &escape(reason)))
}

struct Content<'a> {
    mark: Mark,
    title: &'a str,
    reason: Option<&'a str>,
    paragraphs: &'a [&'a str],
}

enum Mark {
    Done,
    Not,
}

impl Content<'_> {
    fn to_html(&self) -> String {
        let (role, class, label, drawing) = match self.mark {
            Mark::Done => ("status", "done", "Success", "M14 25l7 7 14-16"),
            Mark::Not => ("alert", "not", "Problem", "M16 16l16 16M32 16L16 32"),
        };
        let title = escape(self.title);
        // The icon is empty so that the browser does not ask for one after the port is closed.
        let mut html = format!(
            "<!DOCTYPE html>\n\
             <html lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n\
             <link rel=\"icon\" href=\"data:,\">\n\
             <style>{STYLE}</style>\n\
             </head>\n\
             <body>\n\
             <main class=\"{class}\">\n\
             <div role=\"{role}\">\n\
             <svg viewBox=\"0 0 48 48\" width=\"56\" height=\"56\" role=\"img\" aria-label=\"{label}\">\
             <circle cx=\"24\" cy=\"24\" r=\"22\"/><path d=\"{drawing}\"/></svg>\n\
             <h1>{title}</h1>\n"
        );
        if let Some(reason) = self.reason.filter(|reason| !reason.trim().is_empty()) {
            // Writing to a string cannot fail.
            let _ = writeln!(html, "<p class=\"reason\">{}</p>", escape(reason));
        }
        for paragraph in self.paragraphs {
            let _ = writeln!(html, "<p>{}</p>", escape(paragraph));
        }
        html.push_str("</div>\n</main>\n</body>\n</html>\n");
        html
    }
}

/// For text and for quoted attributes.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

const SIGNED_IN: Content<'_> = Content {
    mark: Mark::Done,
    title: "You are signed in",
    reason: None,
    paragraphs: &[
        "You can close this window and go back to the program that asked you to sign in.",
    ],
};

const DECLINED: Content<'_> = Content {
    mark: Mark::Not,
    title: "You did not sign in",
    reason: None,
    paragraphs: &[
        "The sign-in was declined, so the program got no access.",
        "You can close this window. To sign in after all, begin again in the program.",
    ],
};

const FAILED: Content<'_> = Content {
    mark: Mark::Not,
    title: "Signing in did not work",
    reason: None,
    paragraphs: &[
        "You can close this window and go back to the program that asked you to sign in; it was \
         told the same.",
    ],
};

const STOPPED: Content<'_> = Content {
    mark: Mark::Not,
    title: "The program stopped waiting",
    reason: None,
    paragraphs: &[
        "The program that asked you to sign in gave up or was interrupted before the sign-in was \
         complete.",
        "You can close this window, and begin again in the program.",
    ],
};

const BY_QUERY: Content<'_> = Content {
    mark: Mark::Not,
    title: "This answer cannot be used",
    reason: None,
    paragraphs: &[
        "The sign-in page put its answer into the address of this page, where the browser's \
         history keeps it. It was not used.",
        "The program asked for the answer as a form (response_mode=form_post). Something changed \
         that: the registration of the application, a policy of your organization, or a program \
         between the browser and this page.",
        "The program is still waiting. If this happens again, show this page to your administrator.",
    ],
};

const OTHER_SIGN_IN: Content<'_> = Content {
    mark: Mark::Not,
    title: "This answer belongs to another sign-in",
    reason: None,
    paragraphs: &[
        "It is not for the sign-in that is waiting now: perhaps it comes from a window that was \
         opened earlier. It was not used.",
        "The program is still waiting: go on in the window that was opened last.",
    ],
};

const NOT_AN_ANSWER: Content<'_> = Content {
    mark: Mark::Not,
    title: "This is not the answer of a sign-in page",
    reason: None,
    paragraphs: &[
        "Only the answer of the sign-in page is taken here, and this request was something else. \
         It was not used.",
        "The program is still waiting: go on in the window where you sign in.",
    ],
};

const NOTHING_HERE: Content<'_> = Content {
    mark: Mark::Not,
    title: "There is nothing here",
    reason: None,
    paragraphs: &[
        "A program on this computer waits here for the answer of a sign-in page, and shows \
         nothing else.",
        "If a sign-in page brought you here, it did not answer as it was asked to \
         (response_mode=form_post).",
    ],
};

pub(super) const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f3f5f8;--card:#fff;--text:#1b1f24;--soft:#57606a;--line:#d8dee4;--done:#1a7f37;--not:#b3261e}\
@media(prefers-color-scheme:dark){:root{--back:#0f1318;--card:#1a2027;--text:#e8edf2;--soft:#a5b0bb;--line:#2f3842;--done:#4ac26b;--not:#ff8a80}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--back);color:var(--text);font:1rem/1.55 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\
main{width:100%;max-width:31rem;padding:2.5rem 2rem;background:var(--card);border:1px solid var(--line);border-radius:1rem;text-align:center;box-shadow:0 8px 30px rgb(0 0 0/.08)}\
h1{margin:1.1rem 0 .6rem;font-size:1.5rem;line-height:1.25;font-weight:650;text-wrap:balance}\
p{margin:.7rem 0 0;color:var(--soft);overflow-wrap:anywhere;text-wrap:pretty}\
main:has(p:nth-of-type(3)) p{text-align:start}\
.reason::first-letter{text-transform:uppercase}\
.reason{margin-top:1rem;padding:.8rem 1rem;border:1px solid var(--line);border-radius:.6rem;color:var(--text);text-align:start;white-space:pre-line}\
svg{fill:none;stroke-width:3;stroke-linecap:round;stroke-linejoin:round}\
.done svg{stroke:var(--done)}\
.not svg{stroke:var(--not)}\
@media(max-width:24rem){main{padding:1.75rem 1.1rem}}";

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: Html) -> String {
        match html {
            Html::Ours(text) | Html::Callers(text) => text,
        }
    }

    #[test]
    fn every_page_of_ours_is_whole_and_accessible() {
        let none = BrowserPages::default();
        let mut pages = vec![
            of_outcome(Some(&PageOutcome::SignedIn), &none),
            of_outcome(Some(&PageOutcome::Declined), &none),
            of_outcome(Some(&PageOutcome::Failed("why")), &none),
            of_outcome(None, &none),
        ];
        let refusals = [
            Refusal::ByQuery,
            Refusal::State,
            Refusal::Path,
            Refusal::Malformed,
        ];
        pages.extend(refusals.map(of_refusal));
        for page in pages.into_iter().map(text) {
            for (part, times) in [
                ("<html lang=\"en\">", 1),
                ("<title>", 1),
                ("<h1>", 1),
                ("name=\"viewport\"", 1),
                ("aria-label=", 1),
                ("<script", 0),
                ("http:", 0),
                ("https:", 0),
                (" style=", 0),
            ] {
                assert_eq!(page.matches(part).count(), times, "{part} in {page}");
            }
            let roles =
                page.matches("role=\"status\"").count() + page.matches("role=\"alert\"").count();
            assert_eq!(roles, 1, "{page}");
        }
    }

    #[test]
    fn template_should_escape_input_so_a_reason_is_shown_as_text() {
        let hostile = "<script>alert('&')</script>\" onload=\"x";
        let escaped = "&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;&quot; onload=&quot;x";
        let own = BrowserPages {
            failure: Some("<p title=\"{reason}\">{reason}</p>".into()),
            ..BrowserPages::default()
        };
        let outcome = PageOutcome::Failed(hostile);
        let ours = text(of_outcome(Some(&outcome), &BrowserPages::default()));
        assert!(
            ours.contains(escaped) && !ours.contains("<script"),
            "{ours}"
        );
        let theirs = text(of_outcome(Some(&outcome), &own));
        assert_eq!(theirs, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }

    #[test]
    fn own_pages_replace_ours() {
        let own = BrowserPages {
            success: Some("yes {reason}".into()),
            failure: Some("no: {reason}".into()),
        };
        for (outcome, page) in [
            (Some(PageOutcome::SignedIn), "yes {reason}"),
            (Some(PageOutcome::Declined), "no: The sign-in was declined."),
            (Some(PageOutcome::Failed("why")), "no: why"),
            (None, "no: The program stopped waiting for the sign-in."),
        ] {
            assert_eq!(text(of_outcome(outcome.as_ref(), &own)), page);
        }
    }
}
