//! What a broker answers.

use super::{
    Refusal,
    account::{Known, by_client_info, same},
    refusal::failed,
    text,
};
use crate::written::cleaned;
use azure_core::{
    credentials::Secret,
    time::{OffsetDateTime, parse_rfc3339},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::{BrokerAccount, BrokerPop, BrokerToken, Error, ErrorKind, Result};
use serde_json::Value;

pub(in crate::linux) fn accounts(reply: &str) -> Result<Vec<Known>> {
    let reply = answer(reply)?;
    let accounts = reply["accounts"]
        .as_array()
        .ok_or_else(|| nonsense("has no list of accounts"))?;
    // One that cannot be told from others cannot be asked for.
    Ok(accounts.iter().filter_map(Known::read).collect())
}

/// A token. `now` is when the reply came. Where it has to be bound (`pop`) and is not seen to be, it
/// is of the type `Bearer`.
pub(in crate::linux) fn token(
    reply: &str,
    pop: Option<&BrokerPop>,
    now: OffsetDateTime,
) -> Result<BrokerToken> {
    let reply = answer(reply)?;
    let token = match &reply["brokerTokenResponse"] {
        Value::Object(_) => &reply["brokerTokenResponse"],
        _ => &reply,
    };
    let access_token = text(token, "accessToken").ok_or_else(|| nonsense("has no access token"))?;
    let expires_on =
        expiry(token, now).ok_or_else(|| nonsense("does not say until when its token is valid"))?;
    // Where it has to be bound, what is in the token says more.
    if pop.is_none() && !is_bearer(&token["accessTokenType"]) {
        return Err(nonsense("has a token of another type than was asked for"));
    }
    let mut answer = BrokerToken::new(Secret::new(access_token.to_owned()), expires_on);
    if let Some(pop) = pop {
        answer.is_signed_request = is_signed_request(access_token);
        if answer.is_signed_request || pop.is_named_by(access_token) == Some(true) {
            answer.token_type = "pop".to_owned();
        }
    }
    answer.scopes = scopes(&token["grantedScopes"]);
    // himmelblau writes its claims alone, which nobody has signed.
    let id_token = text(token, "idToken").filter(|token| token.split('.').count() == 3);
    answer.id_token = id_token.map(|token| Secret::new(token.to_owned()));
    let account = Known::read(&token["account"]).map(|known| known.account);
    // What the authority wrote is trusted before what the broker made of it.
    answer.account = match (by_client_info(token), account) {
        (Some(home), Some(account)) if same(&home, &account.home_account_id) => Some(account),
        (Some(home), _) => Some(BrokerAccount::new(home)),
        (None, account) => account,
    };
    Ok(answer)
}

/// A reply that says no more than that it is done; `None` is one that does not even say that.
pub(in crate::linux) fn done(reply: &str) -> Result<(), Option<Refusal>> {
    match serde_json::from_str(reply) {
        Ok(reply) => Refusal::find(&reply).map_or(Ok(()), |refusal| Err(Some(refusal))),
        Err(_) if reply.trim().is_empty() => Err(None),
        Err(_) => Ok(()),
    }
}

pub(in crate::linux) fn version(reply: &str) -> Result<String> {
    let reply = answer(reply)?;
    let version = text(&reply, "linuxBrokerVersion").map(cleaned);
    version.ok_or_else(|| nonsense("does not name a version"))
}

/// Names and contents.
pub(in crate::linux) fn sso_cookies(reply: &str) -> Result<Vec<(String, Secret)>> {
    let reply = answer(reply)?;
    let items = match &reply["cookieItems"] {
        Value::Array(items) => items.iter().collect(),
        // Before 2.0.2 there was one.
        _ => vec![&reply],
    };
    let cookies: Option<Vec<_>> = items
        .into_iter()
        .map(|item| {
            let content = text(item, "cookieContent")?;
            let name = text(item, "cookieName")?;
            Some((name.to_owned(), Secret::new(content.to_owned())))
        })
        .collect();
    let cookies = cookies.filter(|cookies| !cookies.is_empty());
    cookies.ok_or_else(|| nonsense("has no cookie"))
}

/// The reply's member has a name that is not known; a signed token is told by its shape.
pub(in crate::linux) fn signed_http_request(reply: &str) -> Result<Secret> {
    let reply = answer(reply)?;
    let members = reply
        .as_object()
        .into_iter()
        .flat_map(|members| members.values());
    let mut signed = members
        .filter_map(Value::as_str)
        .filter(|text| is_jws(text));
    match (signed.next(), signed.next()) {
        (Some(signed), None) => Ok(Secret::new(signed.to_owned())),
        _ => Err(nonsense("has no signed request, or more than one")),
    }
}

/// An object that is no refusal.
fn answer(reply: &str) -> Result<Value> {
    match serde_json::from_str::<Value>(reply) {
        Ok(reply @ Value::Object(_)) => {
            Refusal::find(&reply).map_or(Ok(reply), |refusal| Err(refusal.into_error()))
        }
        // himmelblau's session passes on so what its daemon leaves unanswered.
        Err(_) if reply.trim().is_empty() => Err(failed("its answer is empty")),
        // Not its text, which may hold a token.
        _ => Err(nonsense("is not a JSON object")),
    }
}

fn nonsense(what: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!(
            "the identity broker's answer {what}; update or restart the broker, or sign in by the \
             browser, and tell us of it with the broker's version"
        ),
    )
}

/// The first moment at which the token is no longer to be used.
fn expiry(token: &Value, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let expires_on = Moment::read(&token["expiresOn"])?;
    let extended = Moment::read(&token["extendedExpiresOn"]);
    // himmelblau adds a life in seconds to a time in milliseconds, and writes the other time in
    // seconds: so the token would be at its end within a minute and a half.
    let seconds =
        expires_on.milliseconds - i64::try_from(now.unix_timestamp_nanos() / 1_000_000).ok()?;
    if let Some(extended) = extended
        && !extended.was_milliseconds
        && expires_on.was_milliseconds
        && (0..=86_400).contains(&seconds)
    {
        let life = azure_core::time::Duration::seconds(seconds);
        return Some(now.checked_add(life)?.min(extended.time()?));
    }
    expires_on.time()
}

struct Moment {
    milliseconds: i64,
    was_milliseconds: bool,
}

impl Moment {
    fn read(value: &Value) -> Option<Self> {
        // In seconds, this is the year 5138; in milliseconds, 1973.
        const SECONDS_END: i64 = 100_000_000_000;
        let number = match value {
            // Saturates, and a time at the end of all times is refused below.
            Value::Number(number) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64))?,
            Value::String(text) => {
                let text = text.trim();
                let number = || text.parse::<f64>().ok().map(|number| number as i64);
                let date = || parse_rfc3339(text).ok().map(OffsetDateTime::unix_timestamp);
                text.parse().ok().or_else(number).or_else(date)?
            }
            _ => return None,
        };
        if number <= 0 {
            return None;
        }
        let was_milliseconds = number >= SECONDS_END;
        Some(Self {
            milliseconds: if was_milliseconds {
                number
            } else {
                number * 1000
            },
            was_milliseconds,
        })
    }

    fn time(&self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp(self.milliseconds / 1000).ok()
    }
}

fn is_bearer(kind: &Value) -> bool {
    match kind {
        Value::Null => true,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(name) => name.is_empty() || name.eq_ignore_ascii_case("bearer"),
        _ => false,
    }
}

fn scopes(granted: &Value) -> Vec<String> {
    match granted {
        Value::String(scopes) => scopes.split_whitespace().map(str::to_owned).collect(),
        Value::Array(scopes) => {
            let scopes = scopes.iter().filter_map(Value::as_str);
            scopes.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether it is one around an access token, and not an access token.
fn is_signed_request(text: &str) -> bool {
    let header = text.split('.').next().filter(|_| is_jws(text));
    let header = header.and_then(|header| URL_SAFE_NO_PAD.decode(header).ok());
    let header = header.and_then(|header| serde_json::from_slice::<Value>(&header).ok());
    header.is_some_and(|header| {
        let kind = header["typ"].as_str();
        kind.is_some_and(|kind| kind.eq_ignore_ascii_case("pop"))
    })
}

fn is_jws(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    let is_part = |part: &&str| !part.is_empty() && URL_SAFE_NO_PAD.decode(part).is_ok();
    parts.len() == 3 && parts.iter().all(is_part)
}
