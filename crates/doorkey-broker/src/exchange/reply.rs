//! What is answered.

use super::{
    VERSION, error,
    object::{Malformed, Object, Result, parse},
    request::{account, read_account, versioned},
};
use azure_core::{credentials::Secret, time::OffsetDateTime};
use doorkey::{BrokerAccount, BrokerToken, Error, ErrorKind};
use serde_json::{Value, json};

/// What the broker said, whatever it was asked.
pub(super) enum Answer {
    Accounts(Vec<BrokerAccount>),
    Token(BrokerToken),
    Done,
}

/// The JSON, which may have a token in it.
pub(super) fn written(answer: Result<Answer, Error>) -> Secret {
    let reply = match answer {
        Ok(Answer::Accounts(accounts)) => {
            json!({ "accounts": accounts.iter().map(account).collect::<Vec<_>>() })
        }
        Ok(Answer::Token(answer)) => json!({ "token": token_object(&answer) }),
        Ok(Answer::Done) => json!({ "done": true }),
        Err(error) => json!({ "error": error::written(&error) }),
    };
    Secret::new(versioned(reply).to_string())
}

fn token_object(token: &BrokerToken) -> Value {
    json!({
        "accessToken": token.access_token.secret(),
        "expiresOn": token.expires_on.unix_timestamp(),
        "tokenType": token.token_type,
        "isSignedRequest": token.is_signed_request,
        "scopes": token.scopes,
        "idToken": token.id_token.as_ref().map(Secret::secret),
        "account": token.account.as_ref().map(account),
    })
}

pub(crate) fn accounts(reply: &[u8]) -> Result<Vec<BrokerAccount>, Error> {
    read(reply, |reply| {
        reply
            .objects("accounts")?
            .iter()
            .map(read_account)
            .collect()
    })
}

pub(crate) fn token(reply: &[u8]) -> Result<BrokerToken, Error> {
    read(reply, |reply| {
        let object = reply.object("token")?;
        let access_token = object.text("accessToken")?;
        let expires_on = object.number("expiresOn")?;
        let expires_on = OffsetDateTime::from_unix_timestamp(expires_on)
            .map_err(|_| object.wrong("expiresOn", "a time"))?;
        let mut token = BrokerToken::new(Secret::new(access_token.to_owned()), expires_on);
        if let Some(kind) = object.owned_text("tokenType")? {
            token.token_type = kind;
        }
        token.is_signed_request = object.flag("isSignedRequest")?;
        token.scopes = object.optional_texts("scopes")?.unwrap_or_default();
        token.id_token = object.owned_text("idToken")?.map(Secret::new);
        let account = object.optional_object("account")?;
        token.account = account.as_ref().map(read_account).transpose()?;
        Ok(token)
    })
}

pub(crate) fn done(reply: &[u8]) -> Result<(), Error> {
    read(reply, |reply| match reply.flag("done")? {
        true => Ok(()),
        false => Err(Malformed("has no member `done`".to_owned())),
    })
}

fn read<T>(reply: &[u8], content: impl FnOnce(&Object<'_>) -> Result<T>) -> Result<T, Error> {
    let malformed = |malformed: Malformed| {
        malformed.into_error(
            "the answer of `doorkey.exe`",
            "update `doorkey.exe` on Windows, or sign in by the browser",
        )
    };
    let json = parse(reply).map_err(malformed)?;
    let reply = Object::whole(&json).map_err(malformed)?;
    // An error is written in the same way in each version, or nobody could be told of theirs.
    if let Some(object) = reply.optional_object("error").map_err(malformed)? {
        return Err(error::read(&object).unwrap_or_else(malformed));
    }
    let version = reply.optional_natural("version").map_err(malformed)?;
    match version {
        Some(VERSION) => content(&reply).map_err(malformed),
        Some(version) => Err(of_another_version(version)),
        None => Err(malformed(Malformed("has no member `version`".to_owned()))),
    }
}

fn of_another_version(version: u64) -> Error {
    let old = match version > VERSION {
        true => "this program",
        false => "`doorkey.exe` on Windows",
    };
    Error::new(
        ErrorKind::CredentialUnavailable,
        format!(
            "`doorkey.exe` answered in version {version} of the exchange, and this program knows \
             version {VERSION}; update {old}, or sign in by the browser"
        ),
    )
}
